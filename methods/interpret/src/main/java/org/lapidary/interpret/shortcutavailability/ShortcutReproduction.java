package org.lapidary.interpret.shortcutavailability;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.lapidary.data.Images;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.fixtures.ConvEncoder;
import org.lapidary.interpret.fixtures.Dense;
import org.lapidary.interpret.fixtures.Dense.Nonlinearity;
import org.lapidary.interpret.fixtures.DigitCnn;
import org.lapidary.interpret.fixtures.Fit;
import org.lapidary.interpret.probe.LogisticProbe;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Schedule;
import org.lapidary.train.Shuffle;
import org.lapidary.train.Trainer;

/**
 * Networks of one hidden layer learn a label from a core (0.9) and a shortcut (0.85) at several
 * ratios of amplitude; logistic regression, tangent kernels, deeper networks, nested features and
 * digits with squares beside them.
 */
public final class ShortcutReproduction implements Reproduction {
  private static final int DIMENSION = 100;
  private static final int UNITS = 128;
  private static final int BATCH = 64;
  private static final double RATE = 1e-3;

  /** The larger of the two amplitudes: inputs of norm about 1. */
  private static final double LOUD = 0.1;

  /** A little above the background, -0.42, and far below ink, 2.8. */
  private static final double FAINT = -0.2;

  /** The first matrix is drawn this much larger than 1 / sqrt(d), so that tanh units bend. */
  private static final double GAIN = 5;

  private static final double[] RATIOS = {1, 10, 33};

  /** How much is done. */
  private record Work(int samples, int steps, int images, int[] squares) {
    static final Work FULL = new Work(20_000, 1500, 10_000, new int[] {2, 5, 10});
    static final Work SMOKE = new Work(2_000, 150, 500, new int[] {2, 10});
  }

  @Override
  public List<String> data() {
    return List.of("mnist");
  }

  @Override
  public List<Long> defaultSeeds(Size size) {
    return size == Size.FULL ? List.of(0L, 1L, 2L, 3L, 4L) : List.of(0L);
  }

  @Override
  public Outcome run(Setting setting) {
    Work work = setting.full() ? Work.FULL : Work.SMOKE;
    List<Check> checks = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    setting.progress().begin("shortcuts", 4);
    amplitudes(setting, work, checks, figures);
    setting.progress().step(1, "amplitudes");
    kernels(setting, checks, figures);
    setting.progress().step(2, "kernels");
    dials(setting, work, figures);
    setting.progress().step(3, "predictivity, depth and nesting");
    images(setting, work, checks, figures);
    setting.progress().end();
    return new Outcome(checks, figures);
  }

  // ---- amplitudes ----

  private static void amplitudes(
      Setting setting, Work work, List<Check> checks, List<Figure> figures) {
    int seeds = setting.seeds().size();
    Map<Nonlinearity, double[][]> bias = new EnumMap<>(Nonlinearity.class);
    double[][] linear = new double[RATIOS.length][seeds];
    double[] swapped = new double[seeds];
    for (Nonlinearity n : Nonlinearity.values()) {
      bias.put(n, new double[RATIOS.length][seeds]);
    }
    for (int s = 0; s < seeds; s++) {
      long seed = setting.seeds().get(s);
      for (int r = 0; r < RATIOS.length; r++) {
        Setup setup = Setup.of(Latents.defaults(), LOUD / RATIOS[r], LOUD, new int[2], work, seed);
        linear[r][s] = setup.logistic().bias();
        for (Nonlinearity n : Nonlinearity.values()) {
          ShortcutBias found = setup.network(n, 1, work, seed);
          Objects.requireNonNull(bias.get(n))[r][s] = found.bias();
          if (s == 0 && r == 1 && n != Nonlinearity.IDENTITY) {
            figures.add(found.map("Decisions of a network with " + n + ", ratio 10"));
          }
        }
        setup.close();
      }
      try (Setup setup =
          Setup.of(Latents.defaults(), LOUD, LOUD / RATIOS[1], new int[2], work, seed)) {
        swapped[s] = setup.network(Nonlinearity.RELU, 1, work, seed).bias();
      }
    }
    double[][] relu = bias.getOrDefault(Nonlinearity.RELU, new double[0][]);
    double[][] tanh = bias.getOrDefault(Nonlinearity.TANH, new double[0][]);
    double[][] identity = bias.getOrDefault(Nonlinearity.IDENTITY, new double[0][]);
    int higher = 0;
    for (int s = 0; s < seeds; s++) {
      higher += tanh[1][s] > identity[1][s] ? 1 : 0;
    }
    double widest = 0;
    for (double[] ratio : linear) {
      widest = Math.max(widest, Math.abs(mean(ratio)));
    }
    checks.add(
        Check.atMost(
            "logistic regression: bias, most over ratios", widest, setting.full() ? 0.03 : 0.1));
    if (setting.full()) {
      checks.add(Check.atLeast("tanh units, ratio 33: bias", mean(tanh[2]), 0.08));
      checks.add(
          Check.atLeast(
              "ReLU units: bias at ratio 33 minus ratio 1", mean(relu[2]) - mean(relu[0]), 0.05));
      checks.add(
          Check.atLeast(
              "ratio 10: seeds of 5 in which tanh units are more biased than linear ones",
              higher * 5.0 / seeds,
              4));
    }
    checks.add(Check.atMost("ReLU units, the core ten times as available: bias", mean(swapped), 0));
    List<List<Object>> rows = new ArrayList<>();
    rows.add(row("logistic regression, to the end", linear));
    bias.forEach((n, b) -> rows.add(row("one layer of " + n + " units", b)));
    figures.addFirst(
        new Figure.Table(
            "Shortcut bias by the ratio of amplitudes; mean over seeds and 95% interval",
            List.of("model", "ratio 1", "ratio 10", "ratio 33"), rows));
  }

  private static List<Object> row(String name, double[][] bias) {
    List<Object> row = new ArrayList<>();
    row.add(name);
    for (double[] ratio : bias) {
      row.add(Estimate.of(ratio).toString());
    }
    return row;
  }

  private static double mean(double[] values) {
    return Estimate.of(values).mean();
  }

  /** A task and its training data. */
  private record Setup(Latents latents, Embedding embedding, Tensor x, int[] labels, Scope scope)
      implements AutoCloseable {

    static Setup of(
        Latents latents, double core, double shortcut, int[] nesting, Work work, long seed) {
      Scope scope = Scope.open();
      Rng rng = new Rng(seed).fork(3);
      Embedding embedding =
          Embedding.draw(DIMENSION, new double[] {core, shortcut}, nesting, rng.fork(0));
      Latents.Sample sample = latents.draw(work.samples, rng.fork(1));
      return new Setup(latents, embedding, embedding.embed(sample.z()), sample.labels(), scope);
    }

    ShortcutBias bias(UnaryOperator<Tensor> scores) {
      return ShortcutBias.of(z -> scores.apply(embedding.embed(z)), latents);
    }

    ShortcutBias logistic() {
      boolean[] positive = new boolean[labels.length];
      for (int i = 0; i < positive.length; i++) {
        positive[i] = labels[i] > 0;
      }
      LogisticProbe probe = LogisticProbe.fit(x, positive, 1e-7);
      return bias(inputs -> Tensor.of(probe.scores(inputs)));
    }

    ShortcutBias network(Nonlinearity nonlinearity, int hidden, Work work, long seed) {
      List<Integer> widths = new ArrayList<>();
      widths.add(DIMENSION);
      for (int i = 0; i < hidden; i++) {
        widths.add(UNITS);
      }
      widths.add(1);
      Dense network = new Dense(nonlinearity, widths.toArray(Integer[]::new));
      network.initialise(new Rng(seed));
      var first = network.parameterAt("layer0.weight");
      first.set(first.tensor().mul(GAIN));
      float[] signs = new float[labels.length];
      for (int i = 0; i < signs.length; i++) {
        signs[i] = labels[i];
      }
      Tensor y = Tensor.of(signs, signs.length, 1);
      Shuffle shuffle = new Shuffle(labels.length, BATCH, seed);
      try (AdamW adam = new AdamW(Trainer.parameters(network), AdamW.Settings.adam())) {
        new Trainer(
                network,
                adam,
                (step, rng) -> {
                  Tensor rows = Tensor.of(shuffle.at(step));
                  return network
                      .forward(x.indexSelect(0, rows))
                      .mul(y.indexSelect(0, rows))
                      .neg()
                      .softplus()
                      .mean();
                },
                Trainer.Settings.of(work.steps, Schedule.cosine(RATE, 0, work.steps, 0), seed))
            .run(Progress.silent());
      }
      return bias(network::forward);
    }

    @Override
    public void close() {
      scope.close();
    }
  }

  // ---- kernels ----

  private static void kernels(Setting setting, List<Check> checks, List<Figure> figures) {
    int n = setting.full() ? 600 : 100;
    int seeds = setting.seeds().size();
    TangentKernel[] kernels = TangentKernel.values();
    double[][][] bias = new double[kernels.length][RATIOS.length][seeds];
    Work work = new Work(n, 0, 0, new int[0]);
    for (int s = 0; s < seeds; s++) {
      for (int r = 0; r < RATIOS.length; r++) {
        try (Setup setup =
            Setup.of(
                Latents.defaults(),
                LOUD / RATIOS[r],
                LOUD,
                new int[2],
                work,
                setting.seeds().get(s))) {
          double[] targets = Arrays.stream(setup.labels).asDoubleStream().toArray();
          for (TangentKernel kernel : kernels) {
            TangentKernel.Regression fit = kernel.fit(setup.x, targets, 1);
            bias[kernel.ordinal()][r][s] = setup.bias(fit::predict).bias();
          }
        }
      }
    }
    double[][] relu = bias[TangentKernel.RELU.ordinal()];
    double[][] linear = bias[TangentKernel.LINEAR.ordinal()];
    checks.add(
        Check.atLeast(
            "tangent kernel of ReLU units: bias at ratio 10 minus ratio 1",
            mean(relu[1]) - mean(relu[0]),
            setting.full() ? 0.1 : 0));
    checks.add(
        Check.greater(
            "ratio 10: bias of the tangent kernel minus the linear kernel",
            mean(relu[1]) - mean(linear[1]),
            0));
    figures.add(
        new Figure.Table(
            "Shortcut bias of kernel regression on %d samples; mean over seeds and 95%% interval"
                .formatted(n),
            List.of("kernel", "ratio 1", "ratio 10", "ratio 33"),
            List.of(row("ReLU units, infinitely many", relu), row("linear", linear))));
  }

  // ---- other dials ----

  private static void dials(Setting setting, Work work, List<Figure> figures) {
    double[] rhos = setting.full() ? new double[] {0.7, 0.8, 0.85, 0.89} : new double[] {0.85};
    long seed = setting.seeds().getFirst();
    double[][] map = new double[rhos.length][RATIOS.length];
    for (int i = 0; i < rhos.length; i++) {
      for (int r = 0; r < RATIOS.length; r++) {
        Latents latents = new Latents(0.9, rhos[i], 0);
        try (Setup setup = Setup.of(latents, LOUD / RATIOS[r], LOUD, new int[2], work, seed)) {
          map[i][r] = setup.network(Nonlinearity.RELU, 1, work, seed).bias();
        }
      }
    }
    figures.add(
        new Figure.Heatmap(
            "Shortcut bias of ReLU units",
            "ratio of amplitudes",
            "predictivity of the shortcut",
            Arrays.stream(RATIOS).mapToObj(Double::toString).toList(),
            Arrays.stream(rhos).mapToObj(Double::toString).toList(),
            map));
    List<List<Object>> rows = new ArrayList<>();
    for (int hidden : setting.full() ? new int[] {1, 2, 4} : new int[] {1}) {
      for (int nested : new int[] {0, 2}) {
        List<Object> row = new ArrayList<>(List.of(hidden, nested));
        for (Nonlinearity n : Nonlinearity.values()) {
          try (Setup setup =
              Setup.of(Latents.defaults(), LOUD, LOUD, new int[] {nested, 0}, work, seed)) {
            ShortcutBias found = setup.network(n, hidden, work, seed);
            row.add(found.bias());
            if (n == Nonlinearity.RELU) {
              row.add(found.sensitivity());
            }
          }
        }
        rows.add(row);
      }
    }
    figures.add(
        new Figure.Table(
            "Shortcut bias by depth, the core nested in random layers, ratio 1",
            List.of(
                "hidden layers",
                "core nested",
                "ReLU",
                "ReLU, relative sensitivity",
                "tanh",
                "linear units"),
            rows));
  }

  // ---- images ----

  private static void images(Setting setting, Work work, List<Check> checks, List<Figure> figures) {
    List<Long> seeds = setting.seeds().subList(0, Math.min(3, setting.seeds().size()));
    double[][] bias = new double[work.squares.length][seeds.size()];
    List<List<Object>> rows = new ArrayList<>();
    try (Scope scope = Scope.open()) {
      var train = DigitCnn.standardised(Images.Part.TRAIN, work.images);
      var test = DigitCnn.standardised(Images.Part.TEST, 1000);
      for (int i = 0; i < work.squares.length; i++) {
        Patches patches = new Patches(0.9, 0.85, work.squares[i], FAINT);
        for (int s = 0; s < seeds.size(); s++) {
          ConvEncoder network = new ConvEncoder(1, 2, 8, 16);
          var data = patches.draw(train, new Rng(seeds.get(s)).fork(8));
          new Fit(2, 64, 1e-3).classify(network, network::forward, data, "squares", seeds.get(s));
          bias[i][s] = patches.bias(network::forward, test);
        }
        rows.add(List.of(work.squares[i], Estimate.of(bias[i]).toString()));
      }
    }
    checks.add(
        Check.atLeast(
            "digits: bias with the largest square minus the smallest",
            mean(bias[bias.length - 1]) - mean(bias[0]),
            setting.full() ? 0.05 : -0.2));
    figures.add(
        new Figure.Table(
            "Odd or even digits with a square in a corner: shortcut bias, 95% interval",
            List.of("side of the square, pixels", "bias"), rows));
  }
}
