package org.lapidary.interpret.obsprop;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.evidence.Roc;
import org.lapidary.interpret.circuit.CircuitSearch;
import org.lapidary.interpret.tasks.NameAttributes;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.SideBySide;
import org.lapidary.tensor.Tensor;

/**
 * The turn by a norm and the coupling of two features against their formulas; and, in models that
 * answer whether a name has an attribute, the feature carried back from the answers beside probes
 * fitted to few labelled activations and a random direction.
 */
public final class ObsPropReproduction implements Reproduction {
  private static final int[] LABELLED = {2, 4, 8, 16};
  private static final int RANKED = 16;
  private static final int RANDOM = 20;

  @Override
  public Outcome run(Setting setting) {
    List<Check> checks = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    setting.progress().begin("observable propagation", 2L + setting.seeds().size());
    angles(setting, checks, figures);
    setting.progress().step(1, "norms");
    coupling(setting, checks, figures);
    setting.progress().step(2, "coupling");
    names(setting, checks, figures);
    setting.progress().end();
    return new Outcome(checks, figures);
  }

  // ---- norms ----

  private static void angles(Setting setting, List<Check> checks, List<Figure> figures) {
    int draws = setting.full() ? 100_000 : 2_000;
    List<List<Object>> rows = new ArrayList<>();
    double largest = 0;
    for (int d : new int[] {8, 16, 64, 256}) {
      double mean = NormAngle.mean(d, draws, new Rng(setting.seeds().getFirst()).fork(d));
      largest = Math.max(largest, mean / NormAngle.bound(d));
      rows.add(List.of(d, mean, NormAngle.bound(d)));
    }
    checks.add(Check.less("mean angle by which a norm turns, share of the bound", largest, 1));
    figures.add(
        new Figure.Table(
            "Angle between a direction and its gradient through a norm, radians",
            List.of("d", "mean", "bound"),
            rows));
  }

  // ---- coupling ----

  private static void coupling(Setting setting, List<Check> checks, List<Figure> figures) {
    int d = 24;
    int draws = setting.full() ? 500_000 : 100_000;
    double length = Math.sqrt(d);
    List<List<Object>> rows = new ArrayList<>();
    double off = 0;
    double outside = 0;
    for (long seed : setting.seeds()) {
      Rng rng = new Rng(seed).fork(0xC0);
      try (Scope scope = Scope.open()) {
        FeatureVector y1 = feature(rng.normal(1, d));
        FeatureVector y2 = feature(rng.normal(1, d));
        Coupling coupling = Coupling.of(y1, y2);
        for (double at : new double[] {-1, 0.5, 1.5}) {
          double k = at * y1.norm();
          Slab slab = Slab.draw(y1, y2, k, 0.02 * y1.norm(), length, draws, rng);
          double errors =
              Math.abs(slab.mean2() - coupling.expected(slab.mean1())) / slab.standardError();
          off = Math.max(off, errors);
          outside = Math.max(outside, slab.outside(coupling, length));
          rows.add(
              List.of(
                  seed, k, slab.count(), slab.mean2(), coupling.expected(slab.mean1()), errors));
        }
      }
    }
    checks.add(
        Check.atMost("mean of x.y2 where x.y1 = k against k C, in standard errors, most", off, 3));
    checks.add(Check.atMost("by how much any x.y2 is outside the bounds", outside, 1e-9));
    figures.add(
        new Figure.Table(
            "Coupling of two random features, d = %d, x on a sphere".formatted(d),
            List.of("seed", "k", "samples", "mean of x.y2", "k C", "standard errors"),
            rows));
  }

  private static FeatureVector feature(Tensor direction) {
    return new FeatureVector("random", direction.to(DType.FLOAT64), 0, false);
  }

  // ---- names ----

  private static void names(Setting setting, List<Check> checks, List<Figure> figures) {
    long steps = setting.full() ? 1500 : 400;
    int tested = setting.full() ? 1000 : 200;
    int draws = setting.full() ? 20 : 4;
    List<List<Object>> rows = new ArrayList<>();
    double random = 0;
    double unseen = 0;
    double kept = 0;
    double keptRandom = 0;
    double cosine = 0;
    double[] probes = new double[LABELLED.length];
    double[] means = new double[LABELLED.length];
    double area = 0;
    int seeds = setting.seeds().size();
    List<NameQuestions> trained =
        SideBySide.map(setting.seeds(), seed -> NameQuestions.train(seed, steps));
    for (int s = 0; s < seeds; s++) {
      long seed = setting.seeds().get(s);
      NameQuestions questions = trained.get(s);
      Rng rng = new Rng(seed).fork(0xA5);
      NameAttributes.Prompts test = questions.prompts(tested, rng);
      ObservablePropagation propagation = new ObservablePropagation(questions.model());
      Observable answer = questions.observable();
      ObservablePropagation.Strength head =
          propagation.heads(answer, Arrays.copyOf(test.tokens(), RANKED)).getFirst();
      FeatureVector feature =
          propagation.throughHead(propagation.output(answer), head.layer(), head.head());
      List<FeatureVector> noise = noise(feature, rng);
      try (Scope scope = Scope.open()) {
        double own = Roc.area(feature.scores(questions.atNames(test, feature.site())), test.yes());
        double other = 0;
        for (FeatureVector direction : noise) {
          double one =
              Roc.area(direction.scores(questions.atNames(test, feature.site())), test.yes());
          other += Math.max(one, 1 - one) / noise.size(); // either way it could be used
        }
        NameAttributes.Prompts strangers = questions.unseen(tested, rng);
        unseen +=
            Roc.area(feature.scores(questions.atNames(strangers, feature.site())), strangers.yes())
                / seeds;
        area += own / seeds;
        random += other / seeds;
        List<Object> row =
            new ArrayList<>(
                List.of(
                    seed,
                    "L%dH%d".formatted(head.layer(), head.head()),
                    questions.accuracy(test),
                    own));
        for (int i = 0; i < LABELLED.length; i++) {
          NameQuestions.Probed probed =
              questions.probed(feature.site(), LABELLED[i], draws, test, rng);
          probes[i] += probed.logistic() / seeds;
          means[i] += probed.means() / seeds;
          row.add(probed.logistic());
        }
        row.add(other);
        double left = questions.kept(test, feature);
        double leftRandom = questions.kept(test, noise.getFirst());
        kept += left / seeds;
        keptRandom += leftRandom / seeds;
        double turned = turn(questions, propagation, head, feature, test);
        cosine += turned / seeds;
        row.addAll(List.of(left, leftRandom, turned));
        rows.add(row);
      }
      if (seed == setting.seeds().getFirst()) {
        List<String> shown =
            Arrays.stream(test.tokens()[0]).mapToObj(id -> word(questions.language(), id)).toList();
        figures.add(
            propagation
                .circuit(answer, test.tokens()[0], CircuitSearch.defaults())
                .strongest(12)
                .diagram("What brings yes − no after one prompt", shown));
      }
      setting.progress().step(2 + rows.size(), "names, seed " + seed);
    }
    boolean full = setting.full();
    checks.add(Check.atLeast("area of the propagated feature", area, full ? 0.95 : 0.5));
    for (int i = 0; i < LABELLED.length; i++) {
      String of = "a probe fitted to %d activations".formatted(LABELLED[i]);
      double best = Math.max(probes[i], means[i]);
      String name = "area of the propagated feature less that of " + of;
      checks.add(
          full && LABELLED[i] <= 4
              ? Check.atLeast(name, area - best, 0)
              : Check.reported(name, area - best));
    }
    checks.add(Check.atMost("area of random directions", random, full ? 0.65 : 1));
    checks.add(Check.reported("area for names that were not in the training", unseen));
    checks.add(
        Check.atMost(
            "share of |logit difference| left without the feature", kept, full ? 0.5 : 1.5));
    checks.add(
        Check.atLeast(
            "share of |logit difference| left without a random direction",
            keptRandom,
            full ? 0.9 : 0));
    checks.add(
        Check.atLeast(
            "cosine with the feature by the norms' own Jacobians", cosine, full ? 0.95 : 0));
    figures.add(
        new Figure.Table(
            "Has the name the attribute? Areas under the curve",
            List.of(
                "seed",
                "strongest head",
                "model's accuracy",
                "feature",
                "probe of 2",
                "of 4",
                "of 8",
                "of 16",
                "random",
                "left without feature",
                "without random",
                "cosine, norms exact"),
            rows));
  }

  private static List<FeatureVector> noise(FeatureVector like, Rng rng) {
    List<FeatureVector> directions = new ArrayList<>();
    for (int i = 0; i < RANDOM; i++) {
      directions.add(
          new FeatureVector(
              "random", rng.normal(1, 64).to(DType.FLOAT64), like.block(), like.beforeMlp()));
    }
    return directions;
  }

  private static String word(NameAttributes language, int id) {
    if (id < language.names()) {
      return (language.has()[0][id] ? "with " : "without ") + id;
    }
    return id == language.question(0) ? "?" : "·";
  }

  /** The mean cosine with the feature whose norms are linearised at each prompt. */
  private static double turn(
      NameQuestions questions,
      ObservablePropagation propagation,
      ObservablePropagation.Strength head,
      FeatureVector feature,
      NameAttributes.Prompts test) {
    int last = questions.language().length() - 1;
    int[] ends = new int[test.at().length];
    Arrays.fill(ends, last);
    Tensor final_ = questions.at(test, propagation.output(questions.observable()).site(), ends);
    Tensor source = questions.atNames(test, feature.site());
    double sum = 0;
    for (int i = 0; i < RANKED; i++) {
      FeatureVector exact =
          propagation.throughHeadAt(
              propagation.outputAt(questions.observable(), final_.select(0, i)),
              head.layer(),
              head.head(),
              source.select(0, i));
      sum += Coupling.of(feature, exact).cosine() / RANKED;
    }
    return sum;
  }
}
