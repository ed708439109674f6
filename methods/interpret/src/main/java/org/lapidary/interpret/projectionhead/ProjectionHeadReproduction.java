package org.lapidary.interpret.projectionhead;

import java.util.ArrayList;
import java.util.List;
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
  private static final double[] PHI = {1.5, 1.2, 1, 0.8, 0.6, 0.5, 0.4, 0.3};

  /** How much is done. */
  private record Work(
      int images, int probed, int tested, Fit supervised, int unlabelled, Fit contrastive) {
    static final Work FULL =
        new Work(40_000, 2_000, 2_000, new Fit(3, 64, 2e-3), 4_000, new Fit(8, 64, 2e-3));
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
  public List<String> data() {
    return List.of("mnist");
  }

  @Override
  public Outcome run(Setting setting) {
    Work work = setting.full() ? Work.FULL : Work.SMOKE;
    List<Check> checks = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    setting.progress().begin("projection heads", 3);
    linear(setting, checks, figures);
    setting.progress().step(1, "linear theory");
    supervised(setting, work, checks, figures);
    setting.progress().step(2, "odd or even");
    contrastive(setting, work, checks, figures);
    setting.progress().end();
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

  private static void supervised(
      Setting setting, Work work, List<Check> checks, List<Figure> figures) {
    List<List<Object>> rows = new ArrayList<>();
    double[] before = new double[setting.seeds().size()];
    double[] after = new double[before.length];
    double[] without = new double[before.length];
    for (int s = 0; s < before.length; s++) {
      long seed = setting.seeds().get(s);
      try (Scope scope = Scope.open();
          Digits digits = Digits.of(work, seed)) {
        Classification odd =
            new Classification(digits.train.inputs(), digits.train.labels().remainder(2));
        Headed headed = new Headed(encoder(1), new Dense(Nonlinearity.RELU, WIDTH, WIDTH, 2));
        Headed plain = new Headed(encoder(1), new Dense(Nonlinearity.RELU, WIDTH, 2));
        work.supervised.classify(headed, headed::forward, odd, "odd, head", seed);
        work.supervised.classify(plain, plain::forward, odd, "odd, no head", seed);
        before[s] = digits.probe(headed::features);
        after[s] = digits.probe(headed::forward);
        without[s] = digits.probe(plain::features);
        rows.add(
            List.of(
                seed,
                before[s],
                after[s],
                without[s],
                digits.rank(headed::features),
                digits.rank(headed::forward)));
      }
    }
    checks.add(
        Check.atLeast(
            "learned odd or even, read the digit: accuracy before minus after the head",
            mean(before) - mean(after),
            0.05));
    if (setting.full()) {
      checks.add(
          Check.atMost(
              "learned odd or even, read the digit: accuracy without a head minus before one",
              mean(without) - mean(before),
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

  /** Digits to train on, and to fit and test a probe. */
  private record Digits(Classification train, Classification probed, Classification test, Rng rng)
      implements AutoCloseable {
    static Digits of(Work work, long seed) {
      Classification all = DigitCnn.standardised(Images.Part.TRAIN, work.images + work.probed);
      Tensor rest = all.inputs().slice(0, work.images, work.images + work.probed).copy();
      Tensor labels = all.labels().slice(0, work.images, work.images + work.probed).copy();
      return new Digits(
          all.first(work.images),
          new Classification(rest, labels),
          DigitCnn.standardised(Images.Part.TEST, work.tested),
          new Rng(seed).fork(2));
    }

    double probe(UnaryOperator<Tensor> features) {
      return ProjectionHeadReproduction.probe(features, probed, test, rng);
    }

    double rank(UnaryOperator<Tensor> features) {
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        return FeatureReport.of(features.apply(test.inputs())).effectiveRank();
      }
    }

    @Override
    public void close() {
      train.inputs().close();
    }
  }

  private static double probe(
      UnaryOperator<Tensor> features, Classification fitted, Classification test, Rng rng) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      return SoftmaxProbe.selected(features.apply(fitted.inputs()), fitted.labels(), 10, rng)
          .accuracy(features.apply(test.inputs()), test.labels());
    }
  }

  private static Rectified encoder(int channels) {
    return new Rectified(new ConvEncoder(channels, WIDTH, 16, 32));
  }

  // ---- coloured digits ----

  private static void contrastive(
      Setting setting, Work work, List<Check> checks, List<Figure> figures) {
    List<Seen> before = new ArrayList<>();
    List<Seen> after = new ArrayList<>();
    List<Seen> without = new ArrayList<>();
    List<Seen> fixed = new ArrayList<>();
    for (long seed : setting.seeds()) {
      try (Scope scope = Scope.open()) {
        Rng rng = new Rng(seed).fork(3);
        Classification grey = DigitCnn.mnist(Images.Part.TRAIN, work.unlabelled + work.probed);
        ColouredDigits all = ColouredDigits.of(grey, rng.fork(0));
        ColouredDigits test =
            ColouredDigits.of(DigitCnn.mnist(Images.Part.TEST, work.tested), rng.fork(1));
        Tensor images = all.images();
        Classification seen = all.examples().first(work.unlabelled);
        long last = images.size(0);
        Classification probed =
            new Classification(
                images.slice(0, work.unlabelled, last).copy(),
                grey.labels().slice(0, work.unlabelled, last).copy());
        Headed mlp =
            simClr(work, seen, new Dense(Nonlinearity.RELU, WIDTH, WIDTH, WIDTH), "MLP", seed);
        Headed none = simClr(work, seen, new Reweighting(WIDTH, 1), "none", seed);
        Headed weighted = simClr(work, seen, new Reweighting(WIDTH, KAPPA), "kappa " + KAPPA, seed);
        before.add(see(mlp::features, probed, test, rng.fork(2)));
        after.add(see(mlp::forward, probed, test, rng.fork(2)));
        without.add(see(none::features, probed, test, rng.fork(2)));
        fixed.add(see(weighted::features, probed, test, rng.fork(2)));
      }
    }
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
      UnaryOperator<Tensor> features, Classification probed, ColouredDigits test, Rng rng) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor x = features.apply(test.images());
      return new Seen(
          probe(features, probed, test.examples(), rng),
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

  private static double mean(List<Seen> seen, ToDoubleFunction<Seen> what) {
    return mean(seen.stream().mapToDouble(what).toArray());
  }

  private static double mean(double[] values) {
    return Estimate.of(values).mean();
  }
}
