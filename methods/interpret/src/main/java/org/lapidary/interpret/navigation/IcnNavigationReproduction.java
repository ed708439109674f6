package org.lapidary.interpret.navigation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.navigation.AnswerLists.Training;
import org.lapidary.interpret.tasks.ListedAnswers;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.SideBySide;

/**
 * Small language models that answer questions with several right answers: whether wrong answers of
 * middle ranks have keys like the likeliest one, beside models whose keys are random and fixed; and
 * whether asking for others than what was found finds more right answers than one distribution,
 * samples from it, and lists that name other entities.
 */
public final class IcnNavigationReproduction implements Reproduction {
  private static final int MIDDLE = 20;
  private static final int SAMPLES = 20;

  private record Job(long seed, boolean fixedKeys) {}

  /** Means over the questions of which no list was shown. */
  private record Inside(
      double share, double base, double precisionInside, double precisionOutside, double cosine) {
    double factor() {
      return share / base;
    }
  }

  private record Row(
      long seed,
      Inside trained,
      Inside fixed,
      double oneShot,
      double sampled,
      double navigated,
      double misled,
      double[] drops,
      long repeated) {}

  @Override
  public Outcome run(Setting setting) {
    boolean full = setting.full();
    Training training =
        full
            ? new Training(1500, 16, 0.25, 24, 0.1, 16, 0.6, 0.1, 6e-3)
            : new Training(40, 16, 0.25, 16, 0.1, 16, 0.6, 0.1, 6e-3);
    List<Job> jobs = new ArrayList<>();
    setting
        .seeds()
        .forEach(seed -> {
          jobs.add(new Job(seed, false));
          jobs.add(new Job(seed, true));
        });
    List<AnswerLists> models =
        SideBySide.map(
            "models",
            jobs,
            (job, stoppable) -> AnswerLists.train(job.seed, training, job.fixedKeys),
            setting.progress());
    List<Row> rows = new ArrayList<>();
    for (int s = 0; s < setting.seeds().size(); s++) {
      rows.add(row(setting.seeds().get(s), models.get(2 * s), models.get(2 * s + 1)));
    }
    return new Outcome(checks(rows, full), figures(rows));
  }

  private static Row row(long seed, AnswerLists lists, AnswerLists fixedKeys) {
    ListedAnswers language = lists.language();
    KeySpace space = KeySpace.of(lists.model());
    Navigation navigation = Navigation.defaults();
    List<Integer> entities = lists.entities();
    List<Integer> test = lists.test();
    Rng rng = new Rng(seed).fork(0x1C);
    double oneShot = 0;
    double sampled = 0;
    double navigated = 0;
    double misled = 0;
    double[] drops = new double[navigation.rounds() - 1];
    long repeated = 0;
    for (int q : test) {
      int[] plain = language.prompt(q);
      oneShot += precision(language, q, navigation.oneShot(space, plain, entities));
      for (int i = 0; i < SAMPLES; i++) {
        sampled +=
            precision(language, q, navigation.sampled(space, plain, entities, rng)) / SAMPLES;
      }
      Function<List<Integer>, int[]> others =
          found -> language.prompt(q, found.stream().mapToInt(i -> i).toArray());
      Navigation.Path path = navigation.navigate(space, others, entities);
      navigated += precision(language, q, path.answers());
      repeated += path.answers().size() - path.answers().stream().distinct().count();
      for (int r = 0; r < drops.length; r++) {
        double[] products = path.products(space, r + 1, navigation.perRound());
        drops[r] += (products[1] - products[0]) / test.size();
      }
      Function<List<Integer>, int[]> random =
          found ->
              language.prompt(q, Arrays.copyOf(rng.permutation(entities.size()), found.size()));
      misled += precision(language, q, navigation.navigate(space, random, entities).answers());
    }
    int n = test.size();
    return new Row(
        seed,
        inside(lists, rng),
        inside(fixedKeys, rng),
        oneShot / n,
        sampled / n,
        navigated / n,
        misled / n,
        drops,
        repeated);
  }

  private static double precision(ListedAnswers language, int question, List<Integer> answers) {
    return (double) answers.stream().filter(a -> language.right(question, a)).count()
        / answers.size();
  }

  private static Inside inside(AnswerLists lists, Rng rng) {
    ListedAnswers language = lists.language();
    KeySpace space = KeySpace.of(lists.model());
    List<Integer> entities = lists.entities();
    int[] clusters = space.clusters(entities, language.categories(), rng);
    List<KeyCorrelation> all = new ArrayList<>();
    for (int q : lists.test()) {
      double[] logits = space.next(language.prompt(q)).logits();
      boolean[] right = new boolean[entities.size()];
      for (int e = 0; e < right.length; e++) {
        right[e] = language.right(q, e);
      }
      all.add(
          KeyCorrelation.of(Arrays.copyOf(logits, entities.size()), clusters, right, 1, MIDDLE));
    }
    return new Inside(
        mean(all, KeyCorrelation::wrongShare),
        mean(all, KeyCorrelation::wrongBase),
        mean(all, KeyCorrelation::precisionInside),
        mean(all, KeyCorrelation::precisionOutside),
        cosines(space, language));
  }

  /** Mean cosine of two keys of one category less that of two of different ones. */
  private static double cosines(KeySpace space, ListedAnswers language) {
    double[] sums = new double[2];
    int[] counts = new int[2];
    for (int a = 0; a < language.entities(); a++) {
      for (int b = 0; b < a; b++) {
        int i = language.category(a) == language.category(b) ? 0 : 1;
        sums[i] += space.cosine(a, b);
        counts[i]++;
      }
    }
    return sums[0] / counts[0] - sums[1] / counts[1];
  }

  private static <T> double mean(List<T> rows, ToDoubleFunction<T> of) {
    return rows.stream()
        .mapToDouble(of)
        .filter(v -> !Double.isNaN(v)) // questions without such tokens
        .average()
        .orElse(Double.NaN);
  }

  private static List<Check> checks(List<Row> rows, boolean full) {
    List<Check> checks = new ArrayList<>();
    double factor = mean(rows, r -> r.trained.factor());
    double fixed = mean(rows, r -> r.fixed.factor());
    double navigated = mean(rows, Row::navigated);
    double oneShot = mean(rows, Row::oneShot);
    double drop =
        IntStream.range(0, rows.getFirst().drops.length)
            .mapToDouble(r -> mean(rows, row -> row.drops[r]))
            .min()
            .orElseThrow();
    checks.add(
        bounded(
            full,
            "share of wrong answers of ranks 2 to 20 in the first's cluster, over the base rate",
            factor,
            2));
    checks.add(
        bounded(
            full,
            "mean cosine of keys of one category less that of others",
            mean(rows, r -> r.trained.cosine),
            0.3));
    checks.add(
        bounded(
            full,
            "share of that excess which random fixed keys take away",
            1 - (fixed - 1) / (factor - 1),
            0.5));
    checks.add(
        bounded(
            full,
            "precision of 8 answers in 4 rounds less that of one distribution",
            navigated - oneShot,
            0.05));
    checks.add(
        bounded(
            full,
            "precision of 8 answers in 4 rounds less that of samples",
            navigated - mean(rows, Row::sampled),
            0));
    checks.add(bounded(full, "least drop of q.k over explored answers in a round", drop, 0));
    double misled = mean(rows, Row::misled) - oneShot;
    checks.add(
        Check.equal(
            "answers that were found twice", rows.stream().mapToLong(Row::repeated).sum(), 0));
    String gain = "precision gained by lists of random entities";
    checks.add(full ? Check.atMost(gain, misled, 0.02) : Check.reported(gain, misled));
    return checks;
  }

  private static Check bounded(boolean full, String name, double measured, double bound) {
    return full ? Check.atLeast(name, measured, bound) : Check.reported(name, measured);
  }

  private static List<Figure> figures(List<Row> rows) {
    List<List<Object>> keys = new ArrayList<>();
    List<List<Object>> answers = new ArrayList<>();
    for (Row r : rows) {
      for (Inside i : List.of(r.trained, r.fixed)) {
        keys.add(
            List.of(
                r.seed,
                i == r.trained ? "trained" : "random",
                i.share,
                i.base,
                i.precisionInside,
                i.precisionOutside,
                i.cosine));
      }
      answers.add(
          List.of(
              r.seed,
              r.oneShot,
              r.sampled,
              r.navigated,
              r.misled,
              r.drops[0],
              r.drops[1],
              r.drops[2]));
    }
    return List.of(
        new Figure.Table(
            "Answers of ranks 2 to 20, by whether their keys are in the first's cluster",
            List.of(
                "seed",
                "keys",
                "share of the wrong in the cluster",
                "base rate",
                "precision in the cluster",
                "precision outside",
                "cosine within a category less between"),
            keys),
        new Figure.Table(
            "Precision of 8 answers, and how far q.k of found ones drops",
            List.of(
                "seed",
                "one distribution",
                "samples",
                "4 rounds",
                "lists of random entities",
                "drop in round 2",
                "round 3",
                "round 4"),
            answers));
  }
}
