package org.lapidary.interpret.iclnewton;

import java.util.ArrayList;
import java.util.Arrays;
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
 * Transformers and LSTMs that regress in context, layer by layer beside Newton's iteration and
 * gradient descent, on isotropic inputs and on inputs of condition number 30.
 */
public final class IclNewtonReproduction implements Reproduction {
  static final int D = 4;
  static final int EXAMPLES = 8;
  private static final double KAPPA = 30;
  private static final int BUDGET = 20;
  private static final int NEWTON = 20;
  private static final int[] GD_STEPS = gradientSteps();

  private static int[] gradientSteps() {
    List<Integer> steps = new ArrayList<>();
    for (int k = 0; k <= BUDGET; k++) {
      steps.add(k);
    }
    for (double k = BUDGET * 1.15; k < 2000; k *= 1.15) {
      steps.add((int) k);
    }
    return steps.stream().mapToInt(i -> i).toArray();
  }

  @Override
  public List<Long> defaultSeeds(Size size) {
    return size == Size.FULL ? List.of(0L, 1L) : List.of(0L);
  }

  /**
   * What one trained transformer showed.
   *
   * @param ols similarity of its last layer with least squares
   * @param error of the model at the last point
   * @param gd of gradient descent after 20 steps at the last point
   */
  private record Layered(
      AlgorithmMatch newton, AlgorithmMatch gradient, double ols, double error, double gd) {

    int last() {
      return newton.similarity().length - 1;
    }
  }

  @Override
  public Outcome run(Setting setting) {
    List<Check> checks = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    Convergence convergence =
        Convergence.measure(D, 1e-6, new Rng(setting.seeds().getFirst()), 8, 32, 128);
    checks.add(
        Check.atMost(
            "Newton's steps against log2 of the condition number: slope's distance from 2, relative",
            Math.abs(convergence.newtonSlope() / 2 - 1),
            0.3));
    checks.add(
        Check.atMost(
            "gradient descent's steps against the condition number: exponent's distance from 1",
            Math.abs(convergence.gradientSlope() - 1),
            0.3));
    if (!setting.full()) {
      small(setting, checks);
      return new Outcome(checks, figures);
    }
    List<Layered> plain = new ArrayList<>();
    List<Layered> skewed = new ArrayList<>();
    List<double[]> remembers = new ArrayList<>();
    List<double[]> forgets = new ArrayList<>();
    List<Double> online = new ArrayList<>();
    List<Double> offline = new ArrayList<>();
    RegressionPrompts isotropic = RegressionPrompts.isotropic(D, EXAMPLES, 0);
    RegressionPrompts conditioned = RegressionPrompts.conditioned(D, EXAMPLES, KAPPA);
    List<Models> trained =
        SideBySide.map(
            "transformers and LSTMs",
            setting.seeds(),
            (seed, quiet) -> Models.train(isotropic, conditioned, seed),
            setting.progress());
    for (int s = 0; s < trained.size(); s++) {
      long seed = setting.seeds().get(s);
      InContextModel model = trained.get(s).transformer;
      plain.add(layered(model, isotropic, seed));
      skewed.add(layered(trained.get(s).onward, conditioned, seed));
      InContextModel lstm = trained.get(s).recurrent;
      LabelledPoints seen = isotropic.draw(1000, new Rng(seed).fork(21)).points().first(EXAMPLES);
      remembers.add(Forgetting.errors(model::forward, seen));
      forgets.add(Forgetting.errors(lstm::forward, seen));
      recurrent(lstm, isotropic, seed, online, offline);
    }
    checks(plain, skewed, checks);
    checks.add(
        Check.greater(
            "LSTM: similarity of errors with online gradient descent minus with least squares, least",
            least(online, offline),
            0));
    checks.add(
        Check.greater(
            "error at the oldest point asked for again minus at the newest: LSTM minus transformer",
            mean(forgets, f -> f[EXAMPLES - 1] - f[0])
                - mean(remembers, f -> f[EXAMPLES - 1] - f[0]),
            0));
    figures.addAll(figures(plain, skewed, remembers, forgets));
    return new Outcome(checks, figures);
  }

  /**
   * What one seed trains.
   *
   * @param onward the transformer, trained on with skewed inputs
   */
  private record Models(
      InContextModel transformer, InContextModel onward, InContextModel recurrent) {
    static Models train(RegressionPrompts isotropic, RegressionPrompts conditioned, long seed) {
      Progress quiet = Progress.silent();
      RegressionFixture fixture = RegressionFixture.standard(isotropic, seed);
      InContextTraining more =
          new InContextTraining(1500, 64, 4e-3, InContextTraining.Loss.SQUARED);
      return new Models(
          fixture.model(quiet),
          fixture.then(conditioned, more).model(quiet),
          fixture.with(new InContextModel.Body.Recurrent(1, 64)).model(quiet));
    }
  }

  private static void small(Setting setting, List<Check> checks) {
    RegressionPrompts prompts = RegressionPrompts.isotropic(2, 5, 0);
    long seed = setting.seeds().getFirst();
    RegressionFixture fixture =
        RegressionFixture.standard(prompts, seed)
            .with(new InContextModel.Body.Transformer(2, 16, 2))
            .with(new InContextTraining(400, 64, 1e-2, InContextTraining.Loss.SQUARED));
    Layered found = layered(fixture.model(Progress.silent()), prompts, seed);
    checks.add(
        Check.atLeast("similarity of errors with least squares, last layer", found.ols, 0.5));
  }

  private static void checks(List<Layered> plain, List<Layered> skewed, List<Check> checks) {
    checks.add(
        Check.atLeast(
            "similarity of errors with least squares, last layer, least",
            plain.stream().mapToDouble(Layered::ols).min().orElseThrow(),
            0.9));
    checks.add(
        Check.atLeast(
            "similarity of errors, layers 3 to 6, at most 20 steps: Newton minus gradient descent",
            mean(
                plain,
                p -> {
                  double sum = 0;
                  for (int l = 2; l <= p.last(); l++) {
                    sum += p.newton.bestWithin(l, BUDGET) - p.gradient.bestWithin(l, BUDGET);
                  }
                  return sum / (p.last() - 1);
                }),
            0));
    checks.add(
        Check.atLeast(
            "steps that match the last layer: gradient descent over Newton",
            mean(
                plain, p -> (double) p.gradient.bestSteps(p.last()) / p.newton.bestSteps(p.last())),
            4));
    checks.add(
        Check.equal(
            "Newton's steps fall from one layer to the next, times",
            plain.stream().mapToInt(IclNewtonReproduction::falls).sum(),
            0));
    checks.add(
        Check.atLeast(
            "condition number 30: error of 20 steps of gradient descent over the model's, last point",
            mean(skewed, p -> p.gd / p.error),
            2));
  }

  private static int falls(Layered p) {
    int falls = 0;
    for (int l = 1; l <= p.last(); l++) {
      falls += p.newton.bestSteps(l) < p.newton.bestSteps(l - 1) ? 1 : 0;
    }
    return falls;
  }

  private static Layered layered(InContextModel model, RegressionPrompts prompts, long seed) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Rng rng = new Rng(seed).fork(20);
      LayerReadouts readouts = LayerReadouts.fit(model, prompts.draw(2000, rng.fork(0)).points());
      LabelledPoints test = prompts.draw(500, rng.fork(1)).points();
      List<Tensor> layers = readouts.predict(test);
      Tensor y = test.y().to(DType.FLOAT64);
      Tensor ols = new InContextAlgorithm.LeastSquares().predict(test);
      int most = GD_STEPS[GD_STEPS.length - 1];
      long end = test.count() - 1;
      LabelledPoints many = prompts.draw(4000, rng.fork(2)).points();
      Tensor says = model.forward(many).to(DType.FLOAT64);
      Tensor descent = new InContextAlgorithm.GradientDescent(BUDGET, 1).predict(many);
      return new Layered(
          AlgorithmMatch.of(
              layers,
              new InContextAlgorithm.IterativeNewton(NEWTON),
              test,
              java.util.stream.IntStream.rangeClosed(0, NEWTON).toArray()),
          AlgorithmMatch.of(
              layers, new InContextAlgorithm.GradientDescent(most, 1), test, GD_STEPS),
          Agreement.similarityOfErrors(layers.getLast(), ols, y),
          Agreement.squaredDifference(says, many.y())[(int) end],
          Agreement.squaredDifference(descent, many.y())[(int) end]);
    }
  }

  private static void recurrent(
      InContextModel lstm,
      RegressionPrompts prompts,
      long seed,
      List<Double> online,
      List<Double> offline) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      LabelledPoints test = prompts.draw(500, new Rng(seed).fork(22)).points();
      Tensor says = lstm.forward(test);
      double best = 0;
      for (double rate : new double[] {0.05, 0.1, 0.15, 0.2, 0.25, 0.3}) {
        Tensor sgd = new InContextAlgorithm.OnlineGradient(rate).predict(test);
        best = Math.max(best, Agreement.similarityOfErrors(says, sgd, test.y()));
      }
      online.add(best);
      Tensor ols = new InContextAlgorithm.LeastSquares().predict(test);
      offline.add(Agreement.similarityOfErrors(says, ols, test.y()));
    }
  }

  private static List<Figure> figures(
      List<Layered> plain, List<Layered> skewed, List<double[]> remembers, List<double[]> forgets) {
    List<Figure> figures = new ArrayList<>();
    List<List<Object>> rows = new ArrayList<>();
    for (List<Layered> group : List.of(plain, skewed)) {
      for (int s = 0; s < group.size(); s++) {
        Layered p = group.get(s);
        for (int l = 0; l <= p.last(); l++) {
          rows.add(
              List.of(
                  group == plain ? 1 : KAPPA,
                  s,
                  l + 1,
                  p.newton.bestSteps(l),
                  p.newton.best(l),
                  p.gradient.bestSteps(l),
                  p.gradient.best(l),
                  p.gradient.bestWithin(l, BUDGET)));
        }
      }
    }
    figures.add(
        new Figure.Table(
            "Steps that match every layer",
            List.of(
                "condition number",
                "model",
                "layer",
                "Newton's steps",
                "similarity",
                "steps of gradient descent",
                "similarity",
                "with at most 20"),
            rows));
    figures.add(
        new Figure.Table(
            "Error at the last point",
            List.of("condition number", "model", "transformer", "20 steps of gradient descent"),
            java.util.stream.Stream.concat(
                    plain.stream().map(p -> List.<Object>of(1, plain.indexOf(p), p.error, p.gd)),
                    skewed.stream()
                        .map(p -> List.<Object>of(KAPPA, skewed.indexOf(p), p.error, p.gd)))
                .toList()));
    figures.add(plain.getFirst().newton.heatmap("Similarity of errors with Newton's iteration"));
    figures.add(plain.getFirst().gradient.heatmap("Similarity of errors with gradient descent"));
    figures.add(
        new Figure.Lines(
            "A point asked for again",
            "points since",
            "squared error",
            List.of(gaps("transformer", remembers), gaps("LSTM", forgets))));
    return figures;
  }

  private static Figure.Series gaps(String name, List<double[]> errors) {
    double[] x = new double[EXAMPLES];
    double[] y = new double[EXAMPLES];
    Arrays.setAll(x, i -> i);
    for (double[] e : errors) {
      for (int i = 0; i < EXAMPLES; i++) {
        y[i] += e[i] / errors.size();
      }
    }
    return new Figure.Series(name, x, y);
  }

  private static double least(List<Double> a, List<Double> b) {
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < a.size(); i++) {
      least = Math.min(least, a.get(i) - b.get(i));
    }
    return least;
  }

  private static <T> double mean(List<T> all, ToDoubleFunction<T> what) {
    return all.stream().mapToDouble(what).average().orElseThrow();
  }
}
