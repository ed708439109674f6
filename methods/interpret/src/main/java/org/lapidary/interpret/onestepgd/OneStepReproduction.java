package org.lapidary.interpret.onestepgd;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.tasks.RegressionPrompts;
import org.lapidary.interpret.tasks.RegressionPrompts.Functions;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;

/**
 * Trains the layer on isotropic, skewed and non-linear prompts, d = 5, n = 10, and compares what it
 * became with the closed forms and with ridge regression, which one such layer cannot be.
 */
public final class OneStepReproduction implements Reproduction {
  private static final int D = 5;
  private static final int N = 10;
  private static final double NOISE = 0.25;
  private static final double[] SKEWED = {2, Math.sqrt(2), 1, Math.sqrt(0.5), 0.5};

  private record Trained(String name, long seed, Identified found) {}

  @Override
  public Outcome run(Setting setting) {
    List<Check> checks = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    setting.progress().begin("one step of gradient descent", 4);
    closedForm(setting, checks, figures);
    setting.progress().step(1, "trained layers");
    trained(setting, checks, figures);
    setting.progress().step(3, "gradients at the optimum");
    stationary(setting, checks);
    setting.progress().end();
    return new Outcome(checks, figures);
  }

  private static void closedForm(Setting setting, List<Check> checks, List<Figure> figures) {
    int draws = setting.full() ? 2_000_000 : 50_000;
    List<List<Object>> rows = new ArrayList<>();
    double worst = 0;
    for (RegressionPrompts prompts :
        List.of(
            RegressionPrompts.isotropic(5, 10, 0),
            RegressionPrompts.isotropic(5, 10, 1),
            RegressionPrompts.isotropic(8, 20, 0.5))) {
      double formula = OneStep.ofLinear(prompts).eta();
      var drawn = OneStep.estimate(prompts, draws, new Rng(setting.seeds().getFirst()).fork(1));
      worst = Math.max(worst, Math.abs(drawn.mean() / formula - 1));
      rows.add(
          List.of(
              prompts.dimensions(), prompts.examples(), prompts.noise(), formula, drawn.mean()));
    }
    checks.add(
        Check.atMost(
            "step size from draws against 1 / (n + d + 1 + s2), relative error, most",
            worst,
            setting.full() ? 0.005 : 0.05));
    figures.add(
        new Figure.Table(
            "The best step size",
            List.of("d", "n", "noise", "formula", "from %,d draws".formatted(draws)),
            rows));
  }

  private static void trained(Setting setting, List<Check> checks, List<Figure> figures) {
    long steps = setting.full() ? 6000 : 600;
    RegressionPrompts plain = RegressionPrompts.isotropic(D, N, NOISE);
    RegressionPrompts skewed = new RegressionPrompts(N, SKEWED, new Functions.Linear(), NOISE);
    RegressionPrompts curved = plain.with(new Functions.ReluNetwork(20));
    OneStep step = OneStep.ofLinear(plain);
    double curvedEta =
        OneStep.estimate(
                curved, setting.full() ? 1_000_000 : 50_000, new Rng(setting.seeds().getFirst()))
            .mean();
    List<Trained> isotropic = train("isotropic", plain, step, steps, setting);
    List<Trained> preconditioned = train("skewed", skewed, step, steps, setting);
    List<Trained> nonlinear =
        train("ReLU network", curved, new OneStep(curvedEta, Double.NaN), steps, setting);
    if (setting.full()) {
      isotropic(isotropic, step, checks);
      checks.add(
          Check.atMost(
              "skewed: distance of A from eta* S^-1, relative, most",
              most(preconditioned, Identified::distance),
              0.07));
      checks.add(
          Check.atLeast(
              "skewed: distance of A from every c I, relative, least",
              least(preconditioned, Identified::scalarDistance),
              0.3));
      checks.add(
          Check.atMost(
              "ReLU network: distance of A from eta I, relative, most",
              most(nonlinear, Identified::distance),
              0.07));
    } else {
      checks.add(
          Check.less(
              "isotropic: distance of A from eta* I, relative",
              most(isotropic, Identified::distance),
              0.5));
    }
    List<List<Object>> rows = new ArrayList<>();
    for (List<Trained> group : List.of(isotropic, preconditioned, nonlinear)) {
      for (Trained t : group) {
        Identified f = t.found;
        rows.add(
            List.of(
                t.name,
                t.seed,
                f.eta(),
                f.distance(),
                f.scalarDistance(),
                f.loss(),
                f.stepLoss(),
                f.ridgeLoss(),
                f.fromStep(),
                f.fromRidge()));
      }
    }
    figures.add(
        new Figure.Table(
            "Layers after %d steps of training".formatted(steps),
            List.of(
                "prompts",
                "seed",
                "eta",
                "from eta* S^-1",
                "from c I",
                "loss",
                "loss of one step",
                "loss of ridge",
                "squared distance to one step",
                "to ridge"),
            rows));
  }

  private static void isotropic(List<Trained> trained, OneStep step, List<Check> checks) {
    checks.add(
        Check.atMost(
            "isotropic: distance of A from eta* I, relative, most",
            most(trained, Identified::distance),
            0.05));
    checks.add(
        Check.atMost(
            "isotropic: loss against L*, relative difference, most",
            most(trained, f -> Math.abs(f.loss() / step.loss() - 1)),
            0.01));
    checks.add(
        Check.atMost(
            "isotropic: loss against that of one step on the same prompts, relative, most",
            most(trained, f -> Math.abs(f.loss() / f.stepLoss() - 1)),
            0.01));
    checks.add(
        Check.atMost(
            "isotropic: squared distance to one step, in L*, most",
            most(trained, f -> f.fromStep() / step.loss()),
            0.01));
    checks.add(
        Check.greater(
            "isotropic: squared distance to ridge regression, in L*, least",
            least(trained, f -> f.fromRidge() / step.loss()),
            0.05));
    checks.add(
        Check.greater(
            "isotropic: loss of one step minus that of ridge regression, least",
            least(trained, f -> f.stepLoss() - f.ridgeLoss()),
            0));
  }

  private static List<Trained> train(
      String name, RegressionPrompts prompts, OneStep step, long steps, Setting setting) {
    List<Trained> all = new ArrayList<>();
    for (long seed : setting.seeds()) {
      try (Scope scope = Scope.open()) {
        LinearSelfAttention layer =
            LinearSelfAttention.trained(prompts, steps, seed, Progress.silent());
        Identified found =
            Identified.of(layer, prompts, step, setting.full() ? 60 : 2, new Rng(seed).fork(7));
        all.add(new Trained(name, seed, found));
      }
    }
    return all;
  }

  private static void stationary(Setting setting, List<Check> checks) {
    RegressionPrompts prompts = RegressionPrompts.isotropic(D, N, NOISE);
    OneStep step = OneStep.ofLinear(prompts);
    OneStep longer = new OneStep(1.2 * step.eta(), Double.NaN);
    int batches = setting.full() ? 200 : 50;
    Rng rng = new Rng(setting.seeds().getFirst()).fork(3);
    try (Scope scope = Scope.open()) {
      double at = errors(prompts, step, batches, rng);
      double beyond = errors(prompts, longer, batches, rng);
      checks.add(Check.atMost("gradient at the best step, in standard errors", at, 3));
      checks.add(Check.greater("gradient at 1.2 times that step, in standard errors", beyond, 3));
    }
  }

  private static double errors(RegressionPrompts prompts, OneStep step, int batches, Rng rng) {
    LinearSelfAttention layer = LinearSelfAttention.gradientStep(step.matrix(prompts));
    return Stationarity.of(layer, prompts, batches, 2000, rng).errors();
  }

  private static double most(List<Trained> trained, ToDoubleFunction<Identified> what) {
    return trained.stream().mapToDouble(t -> what.applyAsDouble(t.found)).max().orElseThrow();
  }

  private static double least(List<Trained> trained, ToDoubleFunction<Identified> what) {
    return trained.stream().mapToDouble(t -> what.applyAsDouble(t.found)).min().orElseThrow();
  }
}
