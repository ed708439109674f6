package org.lapidary.interpret.basis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.data.Images;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.fixtures.Dense;
import org.lapidary.interpret.fixtures.DigitCnn;
import org.lapidary.interpret.fixtures.Fit;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.SideBySide;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;

/**
 * Two networks side by side whose linear layer is whitened and turned: which coordinates show the
 * two again. And a network for digits: how many directions and how many interactions it needs in
 * the interaction basis, in principal components and in its units.
 */
public final class InteractionBasisReproduction implements Reproduction {
  private static final double EPSILON = 1e-5;
  private static final double TIES = 1e-9;
  private static final int[] KEPT = {16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
  private static final List<String> NAMES =
      List.of("interaction basis", "principal components", "units");

  /** How much is done. */
  private record Work(int images, int epochs, int fitted, int tested, int judged) {
    static final Work FULL = new Work(30_000, 4, 1000, 3000, 1000);
    static final Work SMOKE = new Work(4_000, 1, 200, 500, 100);
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
    setting.progress().begin("interaction basis", 2);
    planted(setting, checks, figures);
    setting.progress().step(1, "planted modules");
    digits(setting, work, checks, figures);
    setting.progress().end();
    return new Outcome(checks, figures);
  }

  // ---- planted modules ----

  /** By basis: the share inside two blocks, and modules found. */
  private record Planted(
      double accuracy, double[] white, double[] turned, int[] modules, double changed) {}

  private static void planted(Setting setting, List<Check> checks, List<Figure> figures) {
    List<Planted> all = SideBySide.map(setting.seeds(), InteractionBasisReproduction::planted);
    double[] worst = {1, 0, 0};
    double learnt = 1;
    int off = 0;
    List<List<Object>> rows = new ArrayList<>();
    for (int s = 0; s < all.size(); s++) {
      Planted p = all.get(s);
      learnt = Math.min(learnt, p.accuracy);
      off += p.modules[0] == 2 ? 0 : 1;
      for (int b = 0; b < NAMES.size(); b++) {
        worst[b] = b == 0 ? Math.min(worst[b], p.white[b]) : Math.max(worst[b], p.white[b]);
        rows.add(
            List.of(setting.seeds().get(s), NAMES.get(b), p.white[b], p.modules[b], p.turned[b]));
      }
    }
    checks.add(Check.equal("planted functions learnt, least share of inputs", learnt, 1));
    checks.add(
        Check.atLeast(
            "share of interactions inside two blocks, interaction basis", worst[0], 0.95));
    checks.add(Check.atMost("the same, principal components, most", worst[1], 0.8));
    checks.add(Check.atMost("the same, turned units, most", worst[2], 0.8));
    checks.add(
        Check.atMost(
            "strengths of directions after whitening and turning, largest change",
            all.stream().mapToDouble(Planted::changed).max().orElseThrow(),
            1e-6));
    checks.add(
        Check.reported(
            "without whitening: principal components, mean",
            all.stream().mapToDouble(p -> p.turned[1]).average().orElse(0)));
    checks.add(
        Check.equal("seeds where the interaction basis has not exactly two modules", off, 0));
    figures.add(
        new Figure.Table(
            "Two networks side by side",
            List.of("seed", "basis", "inside two blocks", "modules", "inside without whitening"),
            rows));
  }

  private static Planted planted(long seed) {
    Rng rng = new Rng(seed).fork(0x1B);
    try (Scope scope = Scope.open()) {
      PlantedModules network = PlantedModules.train(rng.fork(0));
      Chain white = network.turned(network.whitened(rng.fork(1)));
      int width = (int) network.weights().get(1).size(0);
      Chain turned = network.turned(PlantedModules.uneven(width, rng.fork(2)));
      double[][] inside = new double[2][];
      int[] modules = new int[NAMES.size()];
      for (int c = 0; c < 2; c++) {
        Chain chain = c == 0 ? white : turned;
        List<List<Basis>> bases = bases(chain, rng.fork(3));
        inside[c] = new double[bases.size()];
        for (int b = 0; b < bases.size(); b++) {
          Interactions found = Interactions.of(chain, bases.get(b), 0);
          inside[c][b] = PlantedModules.inside(found, bases.get(b));
          if (c == 0) {
            modules[b] = Modules.of(found, EPSILON).count();
          }
        }
      }
      double changed = 0;
      List<Basis> straight = InteractionBasis.defaults().bases(network.straight());
      for (Chain chain : List.of(white, turned)) {
        List<Basis> other = InteractionBasis.defaults().bases(chain);
        for (int l = 0; l < other.size(); l++) {
          changed = Math.max(changed, apart(other.get(l).strengths(), straight.get(l).strengths()));
        }
      }
      return new Planted(network.accuracy(), inside[0], inside[1], modules, changed);
    }
  }

  private static double apart(Tensor a, Tensor b) {
    return a.shape().equals(b.shape()) ? a.sub(b).abs().max().item() : Double.POSITIVE_INFINITY;
  }

  /**
   * The interaction basis, principal components and units of every layer. Principal components are
   * those of activations with a little noise: equal variances are otherwise told apart by how
   * whitening was rounded.
   */
  private static List<List<Basis>> bases(Chain chain, Rng rng) {
    InteractionBasis method = InteractionBasis.defaults();
    List<Tensor> activations = chain.activations();
    return List.of(
        method.bases(chain),
        activations.stream()
            .map(f ->
                Basis.principal(
                    f.add(rng.normal(TIES, f.shape().toArray()).to(DType.FLOAT64)),
                    method.relative()))
            .toList(),
        activations.stream().map(Basis::units).toList());
  }

  // ---- digits ----

  /**
   * @param needed directions by basis and layer
   * @param curves accuracy by basis and number of interactions
   */
  private record Digits(
      double accuracy,
      int[][] needed,
      double[][] curves,
      double definition,
      Degeneracy degeneracy) {
    double area(int basis) {
      return Arrays.stream(curves[basis]).average().orElse(0);
    }
  }

  private static void digits(Setting setting, Work work, List<Check> checks, List<Figure> figures) {
    Classification train;
    Classification test;
    try (Scope scope = Scope.open()) {
      train = DigitCnn.standardised(Images.Part.TRAIN, work.images);
      test = DigitCnn.standardised(Images.Part.TEST, work.tested);
      List<Digits> all = SideBySide.map(setting.seeds(), seed -> digits(work, train, test, seed));
      int layers = all.getFirst().needed[0].length;
      double[][] mean = new double[2][layers];
      List<List<Object>> rows = new ArrayList<>();
      for (int s = 0; s < all.size(); s++) {
        Digits d = all.get(s);
        for (int b = 0; b < NAMES.size(); b++) {
          List<Object> row = new ArrayList<>(List.of(setting.seeds().get(s), NAMES.get(b)));
          for (int l = 0; l < layers; l++) {
            row.add(b < 2 ? d.needed[b][l] : "");
            if (b < 2) {
              mean[b][l] += d.needed[b][l] / (double) all.size();
            }
          }
          row.add(d.area(b));
          row.add(d.accuracy);
          rows.add(row);
        }
      }
      int more = 0;
      int fewer = 0;
      for (int l = 0; l < layers; l++) {
        more += mean[0][l] > mean[1][l] ? 1 : 0;
        fewer += mean[0][l] < mean[1][l] ? 1 : 0;
      }
      double[] gains = all.stream().mapToDouble(d -> d.area(0) - d.area(1)).toArray();
      if (setting.full()) {
        checks.add(
            Check.equal(
                "digits: layers that need more directions in the interaction basis than in principal components",
                more,
                0));
        checks.add(Check.atLeast("the same: layers that need fewer", fewer, 2));
        checks.add(
            Check.greater(
                "area under accuracy over kept interactions less that of principal components, least",
                Arrays.stream(gains).min().orElseThrow(),
                0));
      }
      checks.add(
          Check.atMost(
              "digits: E[g g^T] less Lambda and Jacobians' Gram matrix less 1, largest",
              all.stream().mapToDouble(Digits::definition).max().orElseThrow(),
              1e-8));
      checks.add(
          Check.less(
              "digits: parameters that may matter on the examples, largest share",
              all.stream()
                  .mapToDouble(d -> (double) d.degeneracy.effective() / d.degeneracy.parameters())
                  .max()
                  .orElseThrow(),
              1));
      figures.add(counts(setting, all));
      Estimate gain = Estimate.of(gains);
      checks.add(Check.reported("the same area, mean over seeds", gain.mean()));
      figures.add(
          new Figure.Table(
              "Directions that keep the accuracy within a point; area under accuracy over the logarithm of kept interactions",
              List.of("seed", "basis", "input", "hidden 0", "hidden 1", "area", "accuracy"),
              rows));
      figures.add(curves(all));
    }
  }

  private static Figure counts(Setting setting, List<Digits> all) {
    List<List<Object>> rows = new ArrayList<>();
    for (int s = 0; s < all.size(); s++) {
      Degeneracy d = all.get(s).degeneracy;
      for (int l = 0; l < d.layers().size(); l++) {
        Degeneracy.Layer layer = d.layers().get(l);
        rows.add(
            List.of(
                setting.seeds().get(s),
                l,
                layer.in() * layer.out(),
                layer.byActivations(),
                layer.byGradients(),
                layer.mixing(),
                layer.in() * layer.out() - layer.free() - layer.mixing()));
      }
    }
    return new Figure.Table(
        "Free directions of the network for digits, by reason; biases are a column",
        List.of("seed", "matrix", "parameters", "activations", "gradients", "ReLUs", "may matter"),
        rows);
  }

  private static Figure curves(List<Digits> all) {
    double[] x = Arrays.stream(KEPT).asDoubleStream().toArray();
    List<Figure.Series> series = new ArrayList<>();
    for (int b = 0; b < NAMES.size(); b++) {
      double[] y = new double[x.length];
      for (Digits d : all) {
        for (int i = 0; i < y.length; i++) {
          y[i] += d.curves[b][i] / all.size();
        }
      }
      series.add(new Figure.Series(NAMES.get(b), x, y));
    }
    return new Figure.Lines(
        "Accuracy with the strongest interactions only, mean over seeds",
        "interactions kept",
        "accuracy",
        true,
        false,
        series);
  }

  private static Digits digits(Work work, Classification train, Classification test, long seed) {
    Dense network = new Dense(Dense.Nonlinearity.RELU, 784, 64, 64, 10);
    new Fit(work.epochs, 128, 2e-3)
        .classify(network, network::forward, train, "Dense ReLU 784-64-64-10", seed);
    try (Scope scope = Scope.open()) {
      Perceptron perceptron = Perceptron.of(network, Tensor::relu);
      Chain fitted = perceptron.chain(pixels(train, work.fitted));
      Ablation tested = judged(perceptron, test, work.tested);
      Ablation judged = judged(perceptron, test, work.judged);
      double whole = tested.whole();
      List<List<Basis>> bases = bases(fitted, new Rng(seed).fork(7));
      int[][] needed = new int[bases.size()][fitted.layers() - 1];
      double[][] curves = new double[bases.size()][];
      for (int b = 0; b < bases.size(); b++) {
        List<Basis> in = bases.get(b);
        for (int l = 0; l < needed[b].length; l++) {
          needed[b][l] = b < 2 ? tested.fewest(l, in.get(l), whole - 0.01) : in.get(l).size();
        }
        Chain hidden = new Chain(fitted.activations().get(1), fitted.steps().subList(1, 3));
        List<Basis> later = in.subList(1, in.size());
        Ablation fromHidden =
            new Ablation(
                new Chain(judged.chain().activations().get(1), hidden.steps()), judged.score());
        curves[b] = fromHidden.interactions(0, later, Interactions.of(hidden, later, 0), KEPT);
      }
      return new Digits(
          whole,
          needed,
          curves,
          definition(fitted),
          Degeneracy.of(perceptron, pixels(train, work.fitted), true));
    }
  }

  /** How far C^T G C is from Lambda and C+ M' C+^T from 1, over all layers. */
  private static double definition(Chain chain) {
    double worst = 0;
    for (InteractionBasis.Fitted f : InteractionBasis.defaults().fit(chain)) {
      Basis basis = f.basis();
      Tensor eye = Tensor.eye(DType.FLOAT64, basis.size());
      Tensor second = basis.c().t().matmul(f.gram()).matmul(basis.c());
      Tensor slopes = basis.inverse().matmul(f.jacobianGram()).matmul(basis.inverse().t());
      worst = Math.max(worst, apart(second, eye.mul(basis.strengths())));
      worst = Math.max(worst, apart(slopes, eye));
    }
    return worst;
  }

  private static Tensor pixels(Classification images, int count) {
    return images.inputs().slice(0, 0, count).flatten(1, -1).to(DType.FLOAT64);
  }

  private static Ablation judged(Perceptron perceptron, Classification test, int count) {
    Tensor labels = test.labels().slice(0, 0, count);
    return new Ablation(
        perceptron.chain(pixels(test, count)),
        logits -> logits.argmax(1).eq(labels).to(DType.FLOAT64).mean().item());
  }
}
