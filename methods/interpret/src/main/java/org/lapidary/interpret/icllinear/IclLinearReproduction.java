package org.lapidary.interpret.icllinear;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.incontext.Agreement;
import org.lapidary.interpret.incontext.InContextAlgorithm;
import org.lapidary.interpret.incontext.InContextModel;
import org.lapidary.interpret.incontext.InContextTraining;
import org.lapidary.interpret.incontext.RegressionFixture;
import org.lapidary.interpret.tasks.LabelledPoints;
import org.lapidary.interpret.tasks.RegressionPrompts;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.SideBySide;
import org.lapidary.tensor.Tensor;

/**
 * Transformers that regress in context, without noise, with noise and with one layer, beside
 * textbook estimators; constructions beside their formulas; and probes for the weight vector.
 */
public final class IclLinearReproduction implements Reproduction {
  private static final int D = 4;
  private static final int EXAMPLES = 8;
  private static final int SEEN = 8;
  private static final double NOISE = 0.25;
  private static final double GELU_SCALE = 0.004;
  private static final double[] LAMBDAS = {0, 0.05, 0.25, 1, 4};

  @Override
  public List<Long> defaultSeeds(Size size) {
    return size == Size.FULL ? List.of(0L, 1L) : List.of(0L);
  }

  /** Squared prediction differences of a model and an estimator at every point. */
  private record Beside(String model, long seed, String estimator, double[] difference) {}

  /** Errors of probes by layer, the embedding first, in units of the target's variance. */
  private record Probed(String model, long seed, String target, String probe, double[] errors) {
    double best() {
      return java.util.Arrays.stream(errors).min().orElseThrow();
    }
  }

  @Override
  public Outcome run(Setting setting) {
    List<Check> checks = new ArrayList<>();
    constructed(new Rng(setting.seeds().getFirst()).fork(30), checks);
    List<Beside> beside = new ArrayList<>();
    List<Probed> probed = new ArrayList<>();
    if (!setting.full()) {
      small(setting.seeds().getFirst(), beside, checks);
      return new Outcome(checks, List.of(table(beside)));
    }
    List<Double> linearity = new ArrayList<>();
    List<Double> induced = new ArrayList<>();
    RegressionPrompts prompts = RegressionPrompts.isotropic(D, EXAMPLES, 0);
    RegressionPrompts noisy = RegressionPrompts.isotropic(D, EXAMPLES, NOISE);
    List<Models> trained =
        SideBySide.map(
            "transformers",
            setting.seeds(),
            (seed, quiet) -> Models.train(prompts, noisy, seed),
            setting.progress());
    for (int s = 0; s < trained.size(); s++) {
      long seed = setting.seeds().get(s);
      InContextModel model = trained.get(s).deep;
      beside.addAll(compare("6 layers", model, prompts, seed, estimators(0)));
      linearity(model, prompts, seed, linearity, induced);
      beside.addAll(
          compare("4 layers, noise", trained.get(s).noisy, noisy, seed, estimators(NOISE)));
      beside.addAll(compare("1 layer", trained.get(s).shallow, prompts, seed, estimators(0)));
      InContextModel control = trained.get(s).control;
      probed.addAll(probe("trained", model, prompts, seed));
      probed.addAll(probe("one w for all prompts", control, prompts, seed));
    }
    compared(beside, linearity, checks);
    probes(probed, checks);
    return new Outcome(
        checks,
        List.of(
            table(beside),
            probeTable(probed),
            new Figure.Table(
                "The 6-layer model after 8 examples",
                List.of(
                    "model", "share of its predictions that is linear", "squared distance to w"),
                java.util.stream.IntStream.range(0, linearity.size())
                    .mapToObj(i -> List.<Object>of(i, linearity.get(i), induced.get(i)))
                    .toList())));
  }

  /**
   * What one seed trains.
   *
   * @param control has only ever seen one w
   */
  private record Models(
      InContextModel deep, InContextModel noisy, InContextModel shallow, InContextModel control) {
    static Models train(RegressionPrompts prompts, RegressionPrompts noise, long seed) {
      Progress quiet = Progress.silent();
      RegressionFixture deep = RegressionFixture.standard(prompts, seed);
      InContextTraining shorter =
          new InContextTraining(1500, 64, 4e-3, InContextTraining.Loss.SQUARED);
      return new Models(
          deep.model(quiet),
          RegressionFixture.standard(noise, seed)
              .with(new InContextModel.Body.Transformer(4, 32, 4))
              .with(shorter)
              .model(quiet),
          deep.with(new InContextModel.Body.Transformer(1, 32, 4)).with(shorter).model(quiet),
          RegressionFixture.standard(prompts.with(new RegressionPrompts.Functions.Fixed(7)), seed)
              .with(new InContextTraining(300, 64, 4e-3, InContextTraining.Loss.SQUARED))
              .model(quiet));
    }
  }

  private static void constructed(Rng rng, List<Check> checks) {
    double gelu = 0;
    double bilinear = 0;
    double ridge = 0;
    for (int i = 0; i < 20; i++) {
      try (Scope scope = Scope.open()) {
        Rng own = rng.fork(i);
        LabelledPoints p =
            RegressionPrompts.isotropic(D, 1, 0.1).draw(1, own).points().to(DType.FLOAT64);
        Tensor w = own.normal(1, D).to(DType.FLOAT64);
        Tensor x = p.x().select(1, 0).squeeze(0);
        Tensor wrong = w.mul(x).sum().sub(p.y().select(1, 0).squeeze(0));
        Tensor expected = w.sub(x.mul(wrong).add(w.mul(0.1)).mul(2 * 0.05));
        gelu = Math.max(gelu, relative(step(w, GELU_SCALE).weights(p).squeeze(0), expected));
        bilinear = Math.max(bilinear, relative(step(w, 0).weights(p).squeeze(0), expected));
        LabelledPoints more =
            RegressionPrompts.isotropic(D, 6, 0.1).draw(1, own).points().to(DType.FLOAT64);
        Tensor solved = new InContextAlgorithm.Ridge(0.3).weights(more).select(1, 6).squeeze(0);
        ridge =
            Math.max(
                ridge, relative(Construction.ridge(D, 7, 0.3, 0).weights(more).squeeze(0), solved));
      }
    }
    checks.add(
        Check.atMost(
            "constructed gradient step with GeLU products: relative error, most of 20",
            gelu,
            1e-3));
    checks.add(
        Check.atMost(
            "constructed gradient step with bilinear products: relative error, most of 20",
            bilinear,
            1e-5));
    checks.add(
        Check.atMost("constructed ridge regression: relative error, most of 20", ridge, 1e-6));
  }

  private static Construction step(Tensor w, double gelu) {
    return Construction.gradientSteps(w.toDoubles(), 2, 0.05, 0.1, gelu);
  }

  private static double relative(Tensor a, Tensor b) {
    return a.sub(b).abs().max().item() / b.abs().max().item();
  }

  private static void small(long seed, List<Beside> beside, List<Check> checks) {
    RegressionPrompts prompts = RegressionPrompts.isotropic(2, 5, 0);
    InContextModel model =
        RegressionFixture.standard(prompts, seed)
            .with(new InContextModel.Body.Transformer(2, 16, 2))
            .with(new InContextTraining(400, 64, 1e-2, InContextTraining.Loss.SQUARED))
            .model(Progress.silent());
    beside.addAll(compare("2 layers", model, prompts, seed, estimators(0)));
    checks.add(
        Check.less(
            "squared difference to least squares after 5 examples, in the labels' variance",
            least(beside, "2 layers", "least squares", 5) / 2,
            0.9));
  }

  private static List<InContextAlgorithm> estimators(double noise) {
    List<InContextAlgorithm> all = new ArrayList<>();
    for (double lambda : LAMBDAS) {
      all.add(
          lambda == 0
              ? new InContextAlgorithm.LeastSquares()
              : new InContextAlgorithm.Ridge(lambda));
    }
    all.add(new InContextAlgorithm.OneGradientStep(noise));
    all.add(new InContextAlgorithm.OnlineGradient(0.1));
    all.add(new InContextAlgorithm.Nearest(3));
    return all;
  }

  private static List<Beside> compare(
      String name,
      InContextModel model,
      RegressionPrompts prompts,
      long seed,
      List<InContextAlgorithm> estimators) {
    List<Beside> all = new ArrayList<>();
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      LabelledPoints test = prompts.draw(2000, new Rng(seed).fork(31)).points();
      Tensor says = model.forward(test);
      for (InContextAlgorithm estimator : estimators) {
        all.add(
            new Beside(
                name,
                seed,
                estimator.name(),
                Agreement.squaredDifference(says, estimator.predict(test))));
      }
    }
    return all;
  }

  private static void linearity(
      InContextModel model,
      RegressionPrompts prompts,
      long seed,
      List<Double> linearity,
      List<Double> induced) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Rng rng = new Rng(seed).fork(32);
      RegressionPrompts.Prompts drawn = prompts.draw(200, rng.fork(0));
      Agreement.Induced found =
          Agreement.induced(
              model::forward, drawn.points().first(SEEN), prompts.deviations(), 40, rng.fork(1));
      linearity.add(found.linearity());
      Tensor apart = found.weights().sub(drawn.slope().to(DType.FLOAT64));
      induced.add(apart.square().sum(false, 1).mean().item());
    }
  }

  private static List<Probed> probe(
      String name, InContextModel model, RegressionPrompts prompts, long seed) {
    List<Probed> all = new ArrayList<>();
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(seed).fork(33);
      LabelledPoints train = prompts.draw(20_000, rng.fork(0)).points().first(EXAMPLES);
      LabelledPoints test = prompts.draw(2000, rng.fork(1)).points().first(EXAMPLES);
      List<Tensor> trainStreams = streams(model, train);
      List<Tensor> testStreams = streams(model, test);
      for (String target : List.of("weights", "moments")) {
        Tensor trainTarget = target(target, train);
        Tensor testTarget = target(target, test);
        for (int hidden : new int[] {0, 128}) {
          StateProbe.Settings settings =
              hidden == 0
                  ? StateProbe.Settings.defaults().linear()
                  : StateProbe.Settings.defaults();
          double[] errors = new double[trainStreams.size()];
          for (int l = 0; l < errors.length; l++) {
            StateProbe probe = StateProbe.fit(trainStreams.get(l), trainTarget, settings, seed);
            errors[l] = probe.error(testStreams.get(l), testTarget);
          }
          all.add(new Probed(name, seed, target, hidden == 0 ? "linear" : "MLP", errors));
        }
      }
    }
    return all;
  }

  /** Before the first layer and after the last three, every token normalised. */
  private static List<Tensor> streams(InContextModel model, LabelledPoints points) {
    try (var ignored = Autograd.noGrad()) {
      List<Tensor> all = new ArrayList<>();
      all.add(model.embed(points).layerNorm(null, null, 1e-5));
      List<Tensor> layers = model.tokenStreams(points);
      for (int l = layers.size() - 3; l < layers.size(); l++) {
        all.add(layers.get(l).layerNorm(null, null, 1e-5));
      }
      return all;
    }
  }

  private static Tensor target(String what, LabelledPoints points) {
    LabelledPoints next = points.then(points.first(1)); // so that the last weights have seen all
    return what.equals("weights")
        ? new InContextAlgorithm.LeastSquares()
            .weights(next)
            .select(1, EXAMPLES)
            .to(DType.FLOAT32)
            .contiguous()
        : points.y().unsqueeze(1).matmul(points.x()).squeeze(1).contiguous();
  }

  private static void compared(List<Beside> beside, List<Double> linearity, List<Check> checks) {
    checks.add(
        Check.atMost(
            "6 layers, 8 examples: squared difference to least squares, over d, most",
            most(beside, "6 layers", "least squares", SEEN) / D,
            0.1));
    double nearest = Double.POSITIVE_INFINITY;
    for (String other : List.of("3 nearest", "one gradient step", "online gradient descent")) {
      nearest = Math.min(nearest, least(beside, "6 layers", other, SEEN));
    }
    checks.add(
        Check.less(
            "6 layers, 8 examples: squared difference to least squares over that to the nearest of 3 neighbours, one step and online descent",
            most(beside, "6 layers", "least squares", SEEN) / nearest,
            1));
    checks.add(
        Check.atLeast(
            "6 layers, 8 examples: share of the predictions that is linear, least",
            linearity.stream().mapToDouble(v -> v).min().orElseThrow(),
            0.9));
    int off = 0;
    for (long seed : beside.stream().mapToLong(Beside::seed).distinct().toArray()) {
      off = Math.max(off, Math.abs(bestLambda(beside, seed) - 2));
    }
    checks.add(
        Check.atMost(
            "noise of variance 0.25: places in the grid between the nearest lambda and 0.25, most",
            off,
            1));
    checks.add(
        Check.greater(
            "noise of variance 0.25, 4 examples: squared difference to least squares over that to ridge 0.25, least",
            beside.stream()
                .filter(b -> b.model.equals("4 layers, noise") && b.estimator.equals("ridge 0.25"))
                .mapToDouble(
                    b -> find(beside, b.model, b.seed, "least squares", D) / b.difference[D])
                .min()
                .orElseThrow(),
            1));
    checks.add(
        Check.greater(
            "1 layer, 8 examples: squared difference to least squares over that to one gradient step, least",
            beside.stream()
                .filter(b -> b.model.equals("1 layer") && b.estimator.equals("one gradient step"))
                .mapToDouble(
                    b -> find(beside, b.model, b.seed, "least squares", SEEN) / b.difference[SEEN])
                .min()
                .orElseThrow(),
            1));
  }

  /** The place in the grid of the lambda whose predictions are nearest, over all points. */
  private static int bestLambda(List<Beside> beside, long seed) {
    int best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < LAMBDAS.length; i++) {
      String name = LAMBDAS[i] == 0 ? "least squares" : "ridge " + LAMBDAS[i];
      double sum = 0;
      for (int n = 1; n <= EXAMPLES; n++) {
        sum += find(beside, "4 layers, noise", seed, name, n);
      }
      if (sum < least) {
        least = sum;
        best = i;
      }
    }
    return best;
  }

  private static void probes(List<Probed> probed, List<Check> checks) {
    double best = mean(probed, "trained", Probed::best);
    double embedding = mean(probed, "trained", p -> p.errors[0]);
    double control = mean(probed, "one w for all prompts", Probed::best);
    checks.add(
        Check.atMost(
            "MLP probe for the least-squares weights, best layer: error in the target's variance",
            best,
            0.3));
    checks.add(
        Check.atLeast(
            "MLP probe for the least-squares weights: error of the embedding over the best layer's",
            embedding / best,
            2));
    checks.add(
        Check.atLeast(
            "MLP probe for the least-squares weights: error of the model of one w over the trained model's",
            control / best,
            1.5));
  }

  private static double mean(List<Probed> probed, String model, ToDoubleFunction<Probed> what) {
    return probed.stream()
        .filter(p -> p.model.equals(model) && p.target.equals("weights") && p.probe.equals("MLP"))
        .mapToDouble(what)
        .average()
        .orElseThrow();
  }

  private static double find(
      List<Beside> beside, String model, long seed, String estimator, int seen) {
    return beside.stream()
        .filter(b -> b.model.equals(model) && b.seed == seed && b.estimator.equals(estimator))
        .mapToDouble(b -> b.difference[seen])
        .findFirst()
        .orElseThrow();
  }

  private static double most(List<Beside> beside, String model, String estimator, int seen) {
    return beside.stream()
        .filter(b -> b.model.equals(model) && b.estimator.equals(estimator))
        .mapToDouble(b -> b.difference[seen])
        .max()
        .orElseThrow();
  }

  private static double least(List<Beside> beside, String model, String estimator, int seen) {
    return beside.stream()
        .filter(b -> b.model.equals(model) && b.estimator.equals(estimator))
        .mapToDouble(b -> b.difference[seen])
        .min()
        .orElseThrow();
  }

  private static Figure.Table table(List<Beside> beside) {
    return new Figure.Table(
        "Squared prediction differences",
        List.of("model", "seed", "estimator", "2 examples", "4", "last"),
        beside.stream()
            .map(b ->
                List.<Object>of(
                    b.model,
                    b.seed,
                    b.estimator,
                    b.difference[2],
                    b.difference[4],
                    b.difference[b.difference.length - 1]))
            .toList());
  }

  private static Figure.Table probeTable(List<Probed> probed) {
    return new Figure.Table(
        "Errors of probes, in the target's variance",
        List.of("model", "seed", "target", "probe", "embedding", "layer 4", "layer 5", "layer 6"),
        probed.stream()
            .map(p ->
                List.<Object>of(
                    p.model,
                    p.seed,
                    p.target,
                    p.probe,
                    p.errors[0],
                    p.errors[1],
                    p.errors[2],
                    p.errors[3]))
            .toList());
  }
}
