package org.lapidary.interpret.lnremoval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lapidary.data.CharCorpus;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.fixtures.TinyText;
import org.lapidary.interpret.lnremoval.LayerNormRemoval.Removed;
import org.lapidary.interpret.lnremoval.LayerNormRemoval.Staging;
import org.lapidary.interpret.lnremoval.LayerNormRemoval.Training;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Op;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.SideBySide;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.DivergedException;
import org.lapidary.train.LanguageModeling;

/**
 * Norms removed from a language model of characters in a staged finetuning, beside as much
 * finetuning with norms, norms frozen at once, and norms frozen without finetuning; then what
 * attribution is worth in the models with and without norms. The seeds are those of the finetuning;
 * the model they start from is one.
 */
public final class LnRemovalReproduction implements Reproduction {
  private static final long FIXTURE = 0;
  private static final int NEURONS = 5;
  private static final int PROMPT = 24;
  private static final int REACH = 8;

  @Override
  public List<String> data() {
    return List.of("tinyshakespeare");
  }

  private enum Way {
    STAGED,
    WITH_NORMS,
    AT_ONCE
  }

  private record Job(long seed, Way way) {}

  /** What came of a finetuning: a model, or null where it diverged. */
  private record Tuned(@Nullable Model model, double[] losses, @Nullable Removed removed) {}

  /** Nats per held-out character, and what the folded network differs by. */
  private record Row(
      long seed,
      double staged,
      double withNorms,
      double atOnce,
      double untuned,
      double folding,
      long norms,
      Inside without,
      Inside with) {}

  /** What attribution is worth in a model. */
  private record Inside(
      DirectLogits direct,
      List<ConfidenceNeurons.Effect> neurons,
      double patching,
      FirstPosition first) {

    static Inside of(Model model, CharCorpus corpus, boolean full, long seed) {
      int[][] windows = TinyText.heldOut(corpus, full ? 8 : 2);
      int[][] prompts =
          Arrays.stream(TinyText.heldOut(corpus, full ? 24 : 2))
              .map(w -> Arrays.copyOf(w, PROMPT))
              .toArray(int[][]::new);
      return new Inside(
          DirectLogits.of(model, windows),
          ConfidenceNeurons.of(model, NEURONS).effects(model, windows),
          PatchingAgreement.of(model, prompts, REACH, new Rng(seed)).correlation(),
          FirstPosition.of(model, windows));
    }

    double mediated() {
      return neurons.stream().mapToDouble(ConfidenceNeurons.Effect::mediated).max().orElseThrow();
    }
  }

  @Override
  public Outcome run(Setting setting) {
    boolean full = setting.full();
    CharCorpus corpus = TinyText.corpus();
    TinyText fixture = TinyText.of(FIXTURE);
    Model start =
        (full ? fixture : fixture.withTraining(new TinyText.Training(60, 8, 1e-3, 10)))
            .model(corpus);
    LayerNormRemoval removal =
        full
            ? LayerNormRemoval.defaults()
            : new LayerNormRemoval(
                new Training(40, 4, 32, 6e-4, 5), new Staging(4, 2, 2, 3, 2), 0.1);
    List<Job> jobs = new ArrayList<>();
    setting
        .seeds()
        .forEach(seed -> {
          for (Way way : Way.values()) {
            jobs.add(new Job(seed, way));
          }
        });
    List<Tuned> tuned =
        SideBySide.map(
            "finetuning",
            jobs,
            (job, stoppable) -> tune(removal, start, corpus.train(), job, stoppable),
            setting.progress());
    int ways = Way.values().length;
    List<Integer> places = IntStream.range(0, setting.seeds().size()).boxed().toList();
    List<Row> rows =
        SideBySide.map(
            "attribution",
            places,
            (s, stoppable) -> {
              List<Tuned> own = tuned.subList(ways * s, ways * (s + 1));
              long seed = setting.seeds().get(s);
              Model bare = removal.untrained(start, corpus.train(), seed).folded();
              return row(own, nats(bare, corpus, full), corpus, full, seed);
            },
            setting.progress());
    return new Outcome(
        checks(rows, full), figures(rows, nats(start, corpus, full), tuned.subList(0, ways)));
  }

  private static Row row(
      List<Tuned> tuned, double untuned, CharCorpus corpus, boolean full, long seed) {
    Tuned staged = tuned.get(Way.STAGED.ordinal());
    Model folded = Objects.requireNonNull(staged.model);
    Model withNorms = Objects.requireNonNull(tuned.get(Way.WITH_NORMS.ordinal()).model);
    return new Row(
        seed,
        nats(folded, corpus, full),
        nats(withNorms, corpus, full),
        nats(tuned.get(Way.AT_ONCE.ordinal()).model, corpus, full),
        untuned,
        folding(Objects.requireNonNull(staged.removed), corpus),
        normsIn(folded, corpus),
        Inside.of(folded, corpus, full, seed),
        Inside.of(withNorms, corpus, full, seed));
  }

  private static Tuned tune(
      LayerNormRemoval removal, Model start, int[] text, Job job, Progress stoppable) {
    try {
      return switch (job.way) {
        case STAGED -> {
          Removed removed = removal.remove(start, text, job.seed, stoppable);
          yield new Tuned(removed.folded(), removed.losses(), removed);
        }
        case WITH_NORMS -> {
          LayerNormRemoval.Kept kept = removal.withNorms(start, text, job.seed, stoppable);
          yield new Tuned(kept.model(), kept.losses(), null);
        }
        case AT_ONCE -> {
          Removed removed = removal.atOnce(start, text, job.seed, stoppable);
          yield new Tuned(removed.folded(), removed.losses(), null);
        }
      };
    } catch (DivergedException e) {
      if (job.way != Way.AT_ONCE) {
        throw e;
      }
      return new Tuned(null, new double[0], null);
    }
  }

  private static double nats(@Nullable Model model, CharCorpus corpus, boolean full) {
    return model == null
        ? Double.POSITIVE_INFINITY
        : LanguageModeling.evaluate(model, TinyText.heldOut(corpus, full ? 200 : 8)).mean();
  }

  /** The largest difference of logits between a folded network and that with fake norms. */
  private static double folding(Removed removed, CharCorpus corpus) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor tokens = LanguageModeling.tensor(TinyText.heldOut(corpus, 4));
      return removed
          .folded()
          .forward(tokens)
          .sub(removed.norms().forward(tokens))
          .abs()
          .max()
          .item();
    }
  }

  /** Operations of a forward pass that divide by what they measure. */
  private static long normsIn(Model model, CharCorpus corpus) {
    return model.graph(LanguageModeling.tensor(TinyText.heldOut(corpus, 1))).nodes().stream()
        .filter(node ->
            switch (node.op()) {
              case Op.LayerNorm ignored -> true;
              case Op.RmsNorm ignored -> true;
              case Op.GroupNorm ignored -> true;
              case Op.BatchNorm ignored -> true;
              case Op.Reduce ignored -> true; // a norm in parts takes means
              default -> false;
            })
        .count();
  }

  private static List<Check> checks(List<Row> rows, boolean full) {
    List<Check> checks = new ArrayList<>();
    double more = mean(rows, r -> r.staged - r.withNorms);
    double untuned = mean(rows, r -> r.untuned - r.withNorms);
    double atOnce = mean(rows, r -> r.atOnce - r.staged);
    String cost = "nats by which no norms are worse than as much finetuning with them";
    String frozen = "nats by which freezing without finetuning is worse than finetuning with norms";
    String sudden = "nats by which freezing all at once is worse than in stages";
    checks.add(full ? Check.atMost(cost, more, 0.05) : Check.reported(cost, more));
    checks.add(full ? Check.atLeast(frozen, untuned, 0.2) : Check.reported(frozen, untuned));
    checks.add(full ? Check.atLeast(sudden, atOnce, -0.005) : Check.reported(sudden, atOnce));
    checks.add(
        Check.atMost(
            "largest difference of logits, folded against frozen norms",
            most(rows, r -> r.folding),
            1e-4));
    checks.add(Check.equal("norm operations in the folded network", most(rows, r -> r.norms), 0));
    checks.add(
        Check.atMost(
            "without norms: largest difference of a logit and its attributions' sum",
            most(rows, r -> r.without.direct.unexplained()),
            1e-4));
    checks.add(
        Check.atMost(
            "without norms: largest difference of an attribution and its direct effect",
            most(rows, r -> r.without.direct.largestError()),
            1e-5));
    checks.add(
        Check.atLeast(
            "with norms: error of direct logit attribution, relative",
            mean(rows, r -> r.with.direct.error()),
            0.05));
    checks.add(
        Check.equal(
            "without norms: largest effect of 5 neurons by the final scale, nats",
            most(rows, r -> r.without.mediated()),
            0));
    checks.add(
        Check.reported(
            "with norms: largest effect of 5 neurons by the final scale, nats",
            mean(rows, r -> r.with.mediated())));
    String agreement = "attribution patching with patching, correlation";
    double without = mean(rows, r -> r.without.patching);
    double with = mean(rows, r -> r.with.patching);
    checks.add(Check.greater("without norms: " + agreement, without, full ? 0.3 : -1.01));
    checks.add(Check.greater("with norms: " + agreement, with, full ? 0.3 : -1.01));
    return checks;
  }

  private static double mean(List<Row> rows, ToDoubleFunction<Row> of) {
    return rows.stream().mapToDouble(of).average().orElseThrow();
  }

  private static double most(List<Row> rows, ToDoubleFunction<Row> of) {
    return rows.stream().mapToDouble(of).max().orElseThrow();
  }

  private static List<Figure> figures(List<Row> rows, double start, List<Tuned> first) {
    List<List<Object>> losses = new ArrayList<>();
    List<List<Object>> inside = new ArrayList<>();
    for (Row r : rows) {
      losses.add(List.of(r.seed, start, r.withNorms, r.staged, r.atOnce, r.untuned));
      for (Inside i : List.of(r.with, r.without)) {
        inside.add(
            List.of(
                r.seed,
                i == r.with ? "with" : "without",
                i.direct.error(),
                i.patching,
                i.mediated(),
                i.first.norm(),
                i.first.sink()));
      }
    }
    return List.of(
        new Figure.Table(
            "Nats per held-out character",
            List.of(
                "seed",
                "start",
                "finetuned with norms",
                "in stages",
                "all at once",
                "not finetuned"),
            losses),
        new Figure.Table(
            "What attribution is worth with and without norms",
            List.of(
                "seed",
                "norms",
                "error of direct attribution",
                "patching correlation",
                "neurons' effect by the scale, nats",
                "first token's norm over others'",
                "attention to the first token"),
            inside),
        curves(first));
  }

  private static Figure curves(List<Tuned> tuned) {
    List<Figure.Series> series = new ArrayList<>();
    for (Way way : Way.values()) {
      double[] y = tuned.get(way.ordinal()).losses;
      double[] x = IntStream.range(0, y.length).mapToDouble(i -> i).toArray();
      series.add(
          new Figure.Series(
              switch (way) {
                case STAGED -> "in stages";
                case WITH_NORMS -> "with norms";
                case AT_ONCE -> "all at once";
              },
              x,
              y));
    }
    return new Figure.Lines("Finetuning, first seed", "step", "nats per character", series);
  }
}
