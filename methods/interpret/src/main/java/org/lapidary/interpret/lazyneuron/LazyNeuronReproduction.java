package org.lapidary.interpret.lazyneuron;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.lapidary.data.CharCorpus;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.fixtures.TinyText;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.SideBySide;

/**
 * Five experiments: how few units of tiny-text fire before and after training, and in wider MLPs;
 * the same where labels mean nothing; the sign of the first gradient; what keeping the k largest
 * units does under label noise; and how much time skipped rows save.
 */
public final class LazyNeuronReproduction implements Reproduction {
  /** Hidden units of 256 that top-k keeps. */
  private static final int KEPT = 16;

  @Override
  public List<String> data() {
    return List.of("tinyshakespeare", "mnist");
  }

  @Override
  public Outcome run(Setting setting) {
    List<Check> checks = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    Progress progress = setting.progress();
    progress.begin("lazy neurons", 5);
    gradient(setting, checks, figures);
    progress.step(1, "first gradient");
    kernel(setting, checks, figures);
    progress.step(2, "kernel");
    randomLabels(setting, checks, figures);
    progress.step(3, "random labels");
    text(setting, checks, figures);
    progress.step(4, "text");
    labelNoise(setting, checks, figures);
    progress.step(5, "label noise");
    progress.end();
    return new Outcome(checks, figures);
  }

  // ---- text ----

  /** Means over the layers of one model. */
  private record Fired(double start, double end, double heldOut, double dead) {}

  private static void text(Setting setting, List<Check> checks, List<Figure> figures) {
    TinyText.Training training =
        new TinyText.Training(setting.full() ? 600 : 20, 4, 1e-2, setting.full() ? 100 : 5);
    int[] widths = setting.full() ? new int[] {384, 1536} : new int[] {48, 192};
    CharCorpus corpus = TinyText.corpus();
    int[][] seen = TinyText.windows(corpus.train(), setting.full() ? 128 : 8);
    int[][] heldOut = TinyText.heldOut(corpus, setting.full() ? 128 : 8);
    List<List<Object>> rows = new ArrayList<>();
    List<List<Fired>> fired = List.of(new ArrayList<>(), new ArrayList<>());
    List<Double> pushed = new ArrayList<>();
    List<TinyText> fixtures = new ArrayList<>();
    for (long seed : setting.seeds()) {
      for (int width : widths) {
        fixtures.add(TinyText.of(seed).withMlp(width).withTraining(training).drawnByFanIn());
      }
    }
    List<Model> models = SideBySide.map(fixtures, fixture -> fixture.model(corpus));
    for (long seed : setting.seeds()) {
      for (int w = 0; w < widths.length; w++) {
        TinyText fixture = fixtures.get(rows.size());
        Model untrained = fixture.untrained(corpus);
        Model model = models.get(rows.size());
        List<ActivationSparsity.Layer> after = ActivationSparsity.defaults().audit(model, seen);
        Fired f =
            new Fired(
                mean(audit(untrained, seen), ActivationSparsity.Layer::nonzero),
                mean(after, ActivationSparsity.Layer::nonzero),
                mean(audit(model, heldOut), ActivationSparsity.Layer::nonzero),
                mean(after, ActivationSparsity.Layer::dead));
        fired.get(w).add(f);
        rows.add(List.of(seed, widths[w], f.start, f.end, f.heldOut, f.dead));
        Map<String, Double> first =
            FirstGradient.ofModel(untrained, Arrays.copyOf(seen, Math.min(16, seen.length)));
        first.values().forEach(pushed::add);
        if (seed == setting.seeds().getFirst()) {
          figures.add(rates(after.getLast()));
        }
      }
    }
    List<Fired> all = new ArrayList<>(fired.getFirst());
    all.addAll(fired.getLast());
    checks.add(
        Check.atLeast(
            "share of units that fire before training, least", least(all, Fired::start), 0.45));
    checks.add(
        Check.atMost(
            "share of units that fire before training, most", most(all, Fired::start), 0.55));
    checks.add(
        Check.atMost(
            "share of units that fire after training, most",
            most(all, Fired::end),
            setting.full() ? 0.38 : 0.55));
    double narrow = average(fired.getFirst(), Fired::end);
    double wide = average(fired.getLast(), Fired::end);
    if (setting.full()) {
      checks.add(Check.less("share that fires, 1536 units, against 384 units", wide, narrow));
    }
    checks.add(
        Check.atMost(
            "difference of the share on held-out text, most",
            most(all, f -> Math.abs(f.end - f.heldOut)),
            0.03));
    checks.add(
        Check.less("share of dead units, most", most(all, Fired::dead), setting.full() ? 0.2 : 1));
    checks.add(
        Check.reported(
            "sum of dL/dp over active units before training, mean over layers",
            pushed.stream().mapToDouble(p -> p).average().orElse(Double.NaN)));
    figures.add(
        new Figure.Table(
            "tiny-text after %d steps: share of hidden units that fire".formatted(training.steps()),
            List.of("seed", "units", "before", "after", "after, held out", "dead"),
            rows));
  }

  private static List<ActivationSparsity.Layer> audit(Model model, int[][] texts) {
    return ActivationSparsity.defaults().audit(model, texts);
  }

  private static Figure rates(ActivationSparsity.Layer layer) {
    double[] edges = new double[21];
    double[] counts = new double[20];
    for (int i = 0; i < edges.length; i++) {
      edges[i] = i / 20.0;
    }
    for (double rate : layer.rates()) {
      counts[Math.min(19, (int) (rate * 20))]++;
    }
    return new Figure.Histogram(
        "Firing rates, %d units at %s".formatted(layer.width(), layer.site()),
        "share of tokens",
        edges,
        counts);
  }

  // ---- random labels ----

  private static void randomLabels(Setting setting, List<Check> checks, List<Figure> figures) {
    long steps = setting.full() ? 2000 : 100;
    List<List<Object>> rows = new ArrayList<>();
    List<RandomLabels.Fired> all = new ArrayList<>();
    double widerGain = Double.MAX_VALUE;
    List<Long> seeds = setting.seeds();
    List<Pair> pairs =
        SideBySide.map(seeds, s -> Pair.train(RandomLabels.Draw.HE_BACKWARD, false, steps, s));
    for (int i = 0; i < pairs.size(); i++) {
      Pair pair = pairs.get(i);
      all.addAll(List.of(pair.narrow, pair.wide));
      widerGain = Math.min(widerGain, pair.narrow.end() - pair.wide.end());
      rows.add(pair.row(seeds.get(i), RandomLabels.Draw.HE_BACKWARD.toString()));
    }
    checks.add(
        Check.atLeast(
            "random labels: least drop of the share that fires",
            least(all, RandomLabels.Fired::drop),
            setting.full() ? 0.05 : 0));
    checks.add(Check.greater("random labels: 256 units minus 1024 units, least", widerGain, 0));
    if (setting.full()) {
      long seed = seeds.getFirst();
      List<RandomLabels.Draw> others =
          Arrays.stream(RandomLabels.Draw.values())
              .filter(draw -> draw != RandomLabels.Draw.HE_BACKWARD)
              .toList();
      List<Pair> drawn = SideBySide.map(others, draw -> Pair.train(draw, false, steps, seed));
      for (int i = 0; i < others.size(); i++) {
        rows.add(drawn.get(i).row(seed, others.get(i).toString()));
      }
      Pair control = Pair.train(RandomLabels.Draw.HE_BACKWARD, true, steps, seed);
      rows.add(control.row(seed, RandomLabels.Draw.HE_BACKWARD + ", Adam, inputs of mean 0"));
      checks.add(
          Check.reported(
              "the same drop with Adam and inputs of mean 0, 256 units", control.narrow.drop()));
    }
    figures.add(
        new Figure.Table(
            "Random labels: share of hidden units that fire",
            List.of("seed", "drawn", "256, before", "256, after", "1024, before", "1024, after"),
            rows));
  }

  /** Networks of 256 and of 1024 units trained alike. */
  private record Pair(RandomLabels.Fired narrow, RandomLabels.Fired wide) {
    static Pair train(RandomLabels.Draw draw, boolean control, long steps, long seed) {
      List<RandomLabels.Fired> fired =
          SideBySide.map(
              List.of(256, 1024),
              units -> new RandomLabels(units, draw, !control, control).train(steps, seed));
      return new Pair(fired.getFirst(), fired.getLast());
    }

    List<Object> row(long seed, String training) {
      return List.of(seed, training, narrow.start(), narrow.end(), wide.start(), wide.end());
    }
  }

  // ---- the first gradient ----

  private static void gradient(Setting setting, List<Check> checks, List<Figure> figures) {
    List<List<Object>> rows = new ArrayList<>();
    double least = Double.MAX_VALUE;
    for (long seed : setting.seeds()) {
      for (FirstGradient.Loss loss : FirstGradient.Loss.values()) {
        FirstGradient.Pushed pushed = FirstGradient.defaults().estimate(loss, new Rng(seed));
        Estimate mean = pushed.mean();
        double errors = mean.mean() / (mean.halfWidth() / 1.96);
        least = Math.min(least, errors);
        rows.add(List.of(seed, loss.toString(), mean.mean(), errors, pushed.formula()));
      }
    }
    checks.add(Check.atLeast("mean dL/dp of active units, in standard errors, least", least, 5));
    figures.add(
        new Figure.Table(
            "First gradient of active units over random second matrices",
            List.of("seed", "loss", "mean dL/dp", "standard errors", "by formula"),
            rows));
  }

  // ---- label noise ----

  private static void labelNoise(Setting setting, List<Check> checks, List<Figure> figures) {
    LabelNoise study = LabelNoise.mnist(setting.full() ? 8000 : 256, setting.full() ? 10000 : 250);
    int epochs = setting.full() ? 10 : 1;
    List<Gain> wrongLabels = new ArrayList<>();
    List<Gain> rightLabels = new ArrayList<>();
    List<List<Object>> rows = new ArrayList<>();
    record Run(long seed, double flipped, int k) {}
    List<Run> runs = new ArrayList<>();
    for (long seed : setting.seeds()) {
      for (double flipped : new double[] {0.4, 0}) {
        runs.add(new Run(seed, flipped, 0));
        runs.add(new Run(seed, flipped, KEPT));
      }
    }
    List<LabelNoise.Measured> measured =
        SideBySide.map(runs, r -> study.measure(r.k, r.flipped, epochs, r.seed));
    for (int i = 0; i < runs.size(); i += 2) {
      Run run = runs.get(i);
      LabelNoise.Measured relu = measured.get(i);
      LabelNoise.Measured top = measured.get(i + 1);
      (run.flipped > 0 ? wrongLabels : rightLabels).add(Gain.of(relu, top));
      rows.add(row(run.seed, "ReLU", run.flipped, relu));
      rows.add(row(run.seed, "top " + KEPT, run.flipped, top));
    }
    List<Estimate> gains =
        List.of(
            over(wrongLabels, Gain::clean),
            over(wrongLabels, Gain::noisy),
            over(wrongLabels, Gain::calibration));
    List<String> names =
        List.of(
            "accuracy, top-k minus ReLU",
            "accuracy on noisy images, top-k minus ReLU",
            "calibration error, ReLU minus top-k");
    for (int i = 0; i < names.size(); i++) {
      checks.add(Check.reported("flipped labels: " + names.get(i), gains.get(i).mean()));
    }
    long better = gains.stream().filter(g -> g.mean() > 0).count();
    checks.add(
        Check.atLeast(
            "of these three, how many are better with top-k", better, setting.full() ? 2 : 0));
    Estimate kept = over(rightLabels, Gain::clean);
    checks.add(
        Check.atMost(
            "right labels: accuracy points between top-k and ReLU",
            100 * Math.abs(kept.mean()),
            setting.full() ? 1 : 100));
    figures.add(
        new Figure.Table(
            "Patch transformer on MNIST",
            List.of("seed", "MLP", "labels flipped", "accuracy", "with noise", "calibration error"),
            rows));
    List<List<Object>> means = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      means.add(List.of(0.4, names.get(i), gains.get(i).mean(), gains.get(i).halfWidth()));
    }
    means.add(List.of(0.0, names.getFirst(), kept.mean(), kept.halfWidth()));
    figures.add(
        new Figure.Table(
            "What top-k changes, mean over seeds",
            List.of("labels flipped", "of", "mean", "half of its 95% interval"),
            means));
  }

  /** What top-k is better by; of two networks that start alike and see the same batches. */
  private record Gain(double clean, double noisy, double calibration) {
    static Gain of(LabelNoise.Measured relu, LabelNoise.Measured top) {
      return new Gain(
          top.clean() - relu.clean(),
          top.noisy() - relu.noisy(),
          relu.calibration() - top.calibration());
    }
  }

  private static Estimate over(List<Gain> gains, ToDoubleFunction<Gain> what) {
    return Estimate.of(gains.stream().mapToDouble(what).toArray());
  }

  private static List<Object> row(long seed, String mlp, double flipped, LabelNoise.Measured m) {
    return List.of(seed, mlp, flipped, m.clean(), m.noisy(), m.calibration());
  }

  // ---- kernel ----

  private static void kernel(Setting setting, List<Check> checks, List<Figure> figures) {
    int repetitions = setting.full() ? 400 : 20;
    List<List<Object>> rows = new ArrayList<>();
    double error = 0;
    double ratio = Double.NaN;
    for (double density : new double[] {0.05, 0.2, 1}) {
      KernelSpeed.Timed timed =
          new KernelSpeed(1024, 4096, density, repetitions).measure(setting.seeds().getFirst());
      error = Math.max(error, timed.error());
      ratio = density == 0.05 ? timed.ratio() : ratio;
      rows.add(
          List.of(
              density,
              spread(timed.dense()),
              spread(timed.sparse()),
              timed.ratio(),
              timed.error()));
    }
    checks.add(Check.atMost("skipped rows: error over the largest output", error, 1e-5));
    checks.add(
        Check.atLeast(
            "skipped rows: times faster than the dense product, 5% of 4096 units active",
            ratio, setting.full() ? 3 : 0));
    figures.add(
        new Figure.Table(
            "Second product of an MLP, 4096 to 1024, batch 1, one thread: median microseconds (5% to 95%)",
            List.of("active", "dense", "rows skipped", "ratio", "error"), rows));
  }

  private static String spread(double[] sorted) {
    return "%.1f (%.1f to %.1f)"
        .formatted(
            KernelSpeed.Timed.at(sorted, 0.5),
            KernelSpeed.Timed.at(sorted, 0.05),
            KernelSpeed.Timed.at(sorted, 0.95));
  }

  // ---- means ----

  private static double mean(
      List<ActivationSparsity.Layer> layers, ToDoubleFunction<ActivationSparsity.Layer> what) {
    return average(layers, what);
  }

  private static <T> double average(List<T> values, ToDoubleFunction<T> what) {
    return values.stream().mapToDouble(what).average().orElse(Double.NaN);
  }

  private static <T> double most(List<T> values, ToDoubleFunction<T> what) {
    return values.stream().mapToDouble(what).max().orElse(Double.NaN);
  }

  private static <T> double least(List<T> values, ToDoubleFunction<T> what) {
    return values.stream().mapToDouble(what).min().orElse(Double.NaN);
  }
}
