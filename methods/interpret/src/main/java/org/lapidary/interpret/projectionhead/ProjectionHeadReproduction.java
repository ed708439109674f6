package org.lapidary.interpret.projectionhead;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.lapidary.data.Images;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.fixtures.ConvEncoder;
import org.lapidary.interpret.fixtures.Dense;
import org.lapidary.interpret.fixtures.Dense.Nonlinearity;
import org.lapidary.interpret.fixtures.DigitCnn;
import org.lapidary.interpret.fixtures.Fit;
import org.lapidary.interpret.fixtures.Headed;
import org.lapidary.interpret.fixtures.Rectified;
import org.lapidary.interpret.probe.LinearReadout;
import org.lapidary.interpret.probe.SoftmaxProbe;
import org.lapidary.nn.Layer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.SideBySide;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;

/**
 * The linear theory by gradient descent; networks that learn whether a digit is odd, with and
 * without a head; and SimCLR on coloured digits with a trained head, without one, and with a fixed
 * reweighting.
 */
public final class ProjectionHeadReproduction implements Reproduction {
  private static final int WIDTH = 64;
  private static final double TEMPERATURE = 0.5;
  private static final double KAPPA = 1.05;
  private static final double PRICE = 1e-6;
  private static final double[] PHI = {1.5, 1.2, 1, 0.8, 0.6, 0.5, 0.4, 0.3};

  /** How much is done. */
  private record Work(
      int images, int probed, int tested, Fit supervised, int unlabelled, Fit contrastive) {
    static final Work FULL =
        new Work(20_000, 2_000, 5_000, new Fit(3, 64, 2e-3), 4_000, new Fit(8, 32, 4e-3));
    static final Work SMOKE =
        new Work(1_024, 300, 300, new Fit(2, 32, 2e-3), 256, new Fit(2, 64, 2e-3));
  }

  /** A representation. */
  private record Seen(double digit, double colour, double digitWeight, double rank) {
    double ratio() {
      return colour / digitWeight;
    }
  }

  @Override
  public List<Long> defaultSeeds(Size size) {
    // What a reweighting gains differs by 0.02 from seed to seed.
    return size == Size.FULL ? List.of(0L, 1L, 2L, 3L, 4L, 5L) : List.of(0L);
  }

  @Override
  public List<String> data() {
    return List.of("mnist");
  }

  @Override
  public Outcome run(Setting setting) {
    Work work = setting.full() ? Work.FULL : Work.SMOKE;
    List<Check> checks = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    linear(setting, checks, figures);
    supervised(setting, work, checks, figures);
    contrastive(setting, work, checks, figures);
    return new Outcome(checks, figures);
  }

  // ---- theory ----

  private static void linear(Setting setting, List<Check> checks, List<Figure> figures) {
    LinearTheory theory = new LinearTheory(PHI, 0.5);
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(setting.seeds().getFirst()).fork(1);
      double[] start =
          IntStream.range(0, PHI.length).mapToDouble(i -> 0.1 + 0.2 * rng.nextDouble()).toArray();
      Tensor w = Tensor.eye(DType.FLOAT64, PHI.length).mul(Tensor.of(start));
      List<double[]> found = theory.train(List.of(w, w), 4000, 0.02);
      double[] post = theory.post();
      double[] pre = theory.after(1, 2);
      double worst = 0;
      List<List<Object>> rows = new ArrayList<>();
      for (int k = 0; k < PHI.length; k++) {
        worst = Math.max(worst, Math.abs(found.get(0)[k] - pre[k]));
        worst = Math.max(worst, Math.abs(found.get(1)[k] - post[k]));
        double[] errors = new double[2];
        for (int side = 0; side < 2; side++) {
          errors[side] = LinearTheory.downstream(found.get(side), k, 20, 0.1, 400, rng.fork(k));
        }
        rows.add(
            List.of(
                PHI[k], pre[k], found.get(0)[k], post[k], found.get(1)[k], errors[0], errors[1]));
      }
      checks.add(
          Check.atMost("two linear layers: weights apart from the closed form, most", worst, 1e-3));
      double weak = lost(rows, extreme(post, -1));
      double strong = lost(rows, extreme(post, 1));
      checks.add(
          Check.greater(
              "20 labels of the weakest feature: error after minus before the head", weak, 0));
      checks.add(
          Check.atMost(
              "20 labels of the strongest feature: error after minus before the head",
              strong,
              0.02));
      figures.add(
          new Figure.Table(
              "Weights of features of a linear encoder, and the error of reading one from 20 labels",
              List.of(
                  "strength",
                  "before the head, theory",
                  "trained",
                  "after the head, theory",
                  "trained",
                  "error before",
                  "error after"),
              rows));
    }
  }

  /** What reading a feature after the head costs. */
  private static double lost(List<List<Object>> rows, int k) {
    List<Object> row = rows.get(k);
    return ((Number) row.get(6)).doubleValue() - ((Number) row.get(5)).doubleValue();
  }

  /** Where the largest value is, or with a sign of -1 the smallest. */
  private static int extreme(double[] values, int sign) {
    int found = 0;
    for (int k = 1; k < values.length; k++) {
      found = sign * values[k] > sign * values[found] ? k : found;
    }
    return found;
  }

  // ---- odd or even ----

  /** One network that learns whether a digit is odd. */
  private record Parity(long seed, boolean head) {}

  /** Accuracies of a probe of the digit, and effective ranks. */
  private record Read(double before, double after, double rankBefore, double rankAfter) {}

  private static void supervised(
      Setting setting, Work work, List<Check> checks, List<Figure> figures) {
    List<Parity> jobs = new ArrayList<>();
    setting.seeds().forEach(seed -> jobs.add(new Parity(seed, true)));
    setting.seeds().forEach(seed -> jobs.add(new Parity(seed, false)));
    List<Read> all =
        SideBySide.map("odd or even", jobs, (job, quiet) -> parity(job, work), setting.progress());
    int seeds = setting.seeds().size();
    List<Read> headed = all.subList(0, seeds);
    List<Read> plain = all.subList(seeds, 2 * seeds);
    double before = mean(headed, Read::before);
    List<List<Object>> rows = new ArrayList<>();
    for (int s = 0; s < seeds; s++) {
      Read read = headed.get(s);
      rows.add(
          List.of(
              setting.seeds().get(s),
              read.before,
              read.after,
              plain.get(s).before,
              read.rankBefore,
              read.rankAfter));
    }
    checks.add(
        Check.atLeast(
            "learned odd or even, read the digit: accuracy before minus after the head",
            before - mean(headed, Read::after),
            0.05));
    if (setting.full()) {
      checks.add(
          Check.atMost(
              "learned odd or even, read the digit: accuracy without a head minus before one",
              mean(plain, Read::before) - before,
              0.02));
    }
    figures.add(
        new Figure.Table(
            "Networks that learned odd or even: accuracy of a linear probe of the digit",
            List.of(
                "seed",
                "before the head",
                "after the head",
                "without a head",
                "effective rank before",
                "after"),
            rows));
  }

  private static Read parity(Parity job, Work work) {
    try (Scope scope = Scope.open()) {
      Classification all = DigitCnn.standardised(Images.Part.TRAIN, work.images + work.probed);
      Classification train = all.first(work.images);
      Classification probed = after(all, work.images);
      Classification test = DigitCnn.standardised(Images.Part.TEST, work.tested);
      Dense head =
          job.head
              ? new Dense(Nonlinearity.RELU, WIDTH, WIDTH, 2)
              : new Dense(Nonlinearity.RELU, WIDTH, 2);
      Headed network = new Headed(encoder(1), head);
      work.supervised.classify(
          network,
          network::forward,
          new Classification(train.inputs(), train.labels().remainder(2)),
          job.head ? "odd, head" : "odd, no head",
          job.seed);
      return new Read(
          probe(network::features, probed, test),
          probe(network::forward, probed, test),
          rank(network::features, test),
          rank(network::forward, test));
    }
  }

  /** The examples from one on. */
  private static Classification after(Classification all, int from) {
    long count = all.count();
    return new Classification(
        all.inputs().slice(0, from, count).copy(), all.labels().slice(0, from, count).copy());
  }

  private static double rank(UnaryOperator<Tensor> features, Classification test) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      return FeatureReport.of(features.apply(test.inputs())).effectiveRank();
    }
  }

  private static double probe(
      UnaryOperator<Tensor> features, Classification fitted, Classification test) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor x = features.apply(fitted.inputs());
      return SoftmaxProbe.fit(x, fitted.labels(), 10, PRICE * x.size(1))
          .accuracy(features.apply(test.inputs()), test.labels());
    }
  }

  private static Rectified encoder(int channels) {
    return new Rectified(new ConvEncoder(channels, WIDTH, 16, 32));
  }

  // ---- coloured digits ----

  /** What the loss reads the features through. */
  private enum Head {
    NONE,
    FIXED,
    TRAINED;

    Layer fresh() {
      return switch (this) {
        case NONE -> new Reweighting(WIDTH, 1);
        case FIXED -> new Reweighting(WIDTH, KAPPA);
        case TRAINED -> new Dense(Nonlinearity.RELU, WIDTH, WIDTH, WIDTH);
      };
    }

    String words() {
      return switch (this) {
        case NONE -> "none";
        case FIXED -> "kappa " + KAPPA;
        case TRAINED -> "MLP";
      };
    }
  }

  /** One SimCLR training. */
  private record Views(long seed, Head head) {}

  /** Before and after a head. */
  private record Sides(Head head, Seen before, Seen after) {}

  private static void contrastive(
      Setting setting, Work work, List<Check> checks, List<Figure> figures) {
    List<Views> jobs = new ArrayList<>();
    for (long seed : setting.seeds()) {
      for (Head head : Head.values()) {
        jobs.add(new Views(seed, head));
      }
    }
    List<Sides> all =
        SideBySide.map(
            "coloured digits", jobs, (job, quiet) -> coloured(job, work), setting.progress());
    List<Seen> before = of(Head.TRAINED, all, Sides::before);
    List<Seen> after = of(Head.TRAINED, all, Sides::after);
    List<Seen> without = of(Head.NONE, all, Sides::before);
    List<Seen> fixed = of(Head.FIXED, all, Sides::before);
    double gained = mean(before, Seen::digit) - mean(after, Seen::digit);
    checks.add(
        Check.atLeast(
            "coloured digits: accuracy before minus after the head",
            gained,
            setting.full() ? 0.02 : -0.1));
    if (setting.full()) {
      checks.add(
          Check.greater(
              "coloured digits: R2 of colour over digit, after minus before the head",
              mean(after, Seen::ratio) - mean(before, Seen::ratio),
              0));
      checks.add(
          Check.atLeast(
              "coloured digits: accuracy, reweighting minus no head",
              mean(fixed, Seen::digit) - mean(without, Seen::digit),
              0.01));
      checks.add(
          Check.atLeast(
              "coloured digits: accuracy, reweighting minus before the trained head",
              mean(fixed, Seen::digit) - mean(before, Seen::digit),
              -0.03));
    }
    figures.add(
        new Figure.Table(
            "SimCLR on coloured digits; mean over seeds and 95% interval",
            List.of(
                "representation",
                "accuracy, digit",
                "R2 of colour",
                "R2 of digit",
                "colour over digit",
                "effective rank"),
            List.of(
                row("before a trained head", before),
                row("after it", after),
                row("without a head", without),
                row("before a reweighting of " + KAPPA, fixed))));
  }

  private static List<Seen> of(Head head, List<Sides> all, Function<Sides, Seen> side) {
    return all.stream().filter(one -> one.head == head).map(side).toList();
  }

  private static Sides coloured(Views job, Work work) {
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(job.seed).fork(3);
      ColouredDigits all =
          ColouredDigits.of(
              DigitCnn.mnist(Images.Part.TRAIN, work.unlabelled + work.probed), rng.fork(0));
      ColouredDigits test =
          ColouredDigits.of(DigitCnn.mnist(Images.Part.TEST, work.tested), rng.fork(1));
      Classification probed = after(all.examples(), work.unlabelled);
      Headed network =
          simClr(
              work,
              all.examples().first(work.unlabelled),
              job.head.fresh(),
              job.head.words(),
              job.seed);
      return new Sides(
          job.head, see(network::features, probed, test), see(network::forward, probed, test));
    }
  }

  private static Headed simClr(
      Work work, Classification images, Layer head, String name, long seed) {
    Headed network = new Headed(new ConvEncoder(3, WIDTH, 16, 32), head);
    return work.contrastive.fit(
        network,
        images,
        "SimCLR, signed features, head " + name,
        seed,
        (rows, rng) -> {
          Tensor chosen = images.inputs().indexSelect(0, rows);
          Tensor first = network.forward(ColouredDigits.view(chosen, rng.fork(1)));
          Tensor second = network.forward(ColouredDigits.view(chosen, rng.fork(2)));
          return ContrastiveLoss.infoNce(first, second, TEMPERATURE);
        });
  }

  private static Seen see(
      UnaryOperator<Tensor> features, Classification probed, ColouredDigits test) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor x = features.apply(test.images());
      return new Seen(
          probe(features, probed, test.examples()),
          LinearReadout.explained(x, test.colours()),
          LinearReadout.explained(x, test.digits()),
          FeatureReport.of(x).effectiveRank());
    }
  }

  private static List<Object> row(String name, List<Seen> seen) {
    return List.of(
        name,
        estimate(seen, Seen::digit),
        estimate(seen, Seen::colour),
        estimate(seen, Seen::digitWeight),
        estimate(seen, Seen::ratio),
        estimate(seen, Seen::rank));
  }

  private static String estimate(List<Seen> seen, ToDoubleFunction<Seen> what) {
    return Estimate.of(seen.stream().mapToDouble(what).toArray()).toString();
  }

  private static <T> double mean(List<T> seen, ToDoubleFunction<T> what) {
    return Estimate.of(seen.stream().mapToDouble(what).toArray()).mean();
  }
}
