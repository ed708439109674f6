package org.lapidary.compress.hawqv2;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.lapidary.compress.Hutchinson;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Correlation;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.SideBySide;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/**
 * A ResNet-20 of width 8-16-32 on CIFAR-10, its weights at the size of 3 bits each: widths by the
 * average trace, all alike, in the reversed order and by the largest eigenvalue, rounded and then
 * trained for two epochs more; how well Omega orders random configurations; and activations chosen
 * with the weights under a budget of bit operations.
 */
public final class HawqV2Reproduction implements Reproduction {
  private static final List<Integer> BITS = List.of(2, 3, 4, 8);
  private static final int UNIFORM = 3;
  private static final int ACTIVATIONS = 4;

  private static final int LANCZOS_STEPS = 6;
  private static final double TUNING_RATE = 1e-4;

  private static final String TRACE = "average trace";
  private static final String SAME = "3 bits everywhere";
  private static final String REVERSED = "reversed order";
  private static final String EIGENVALUE = "largest eigenvalue (HAWQ)";
  private static final String JOINT = "activations chosen too";
  private static final String WEIGHTS_ONLY = "activations at 4 bits";

  /**
   * How much work.
   *
   * @param side of the images, in pixels
   * @param curvature examples for Hessians
   * @param configurations drawn at random
   */
  private record Work(
      int images, int side, int epochs, int curvature, int probes, int configurations, int tuning) {
    static final Work FULL = new Work(4000, 16, 30, 256, 50, 60, 2);
    static final Work SMOKE = new Work(1000, 8, 20, 64, 10, 24, 1);
  }

  @Override
  public List<String> data() {
    return List.of("cifar10");
  }

  /**
   * What became of one plan.
   *
   * @param rounded accuracy without further training
   * @param tuned accuracy after it
   */
  private record Fate(double rounded, double tuned, double omega, long cost) {}

  private record Found(
      double dense,
      Map<String, Fate> fates,
      double omegaRank,
      double errorRank,
      Sensitivities sensitivities,
      Map<String, Double> top,
      List<Sensitivities.Choice> front,
      BitPlan plan) {

    Fate fate(String name) {
      return requireNonNull(fates.get(name));
    }
  }

  @Override
  public Outcome run(Setting setting) {
    Work work = setting.full() ? Work.FULL : Work.SMOKE;
    List<Found> found =
        SideBySide.map(
            "curvature and widths",
            setting.seeds(),
            (seed, quiet) -> study(work, seed, quiet),
            setting.progress());
    return new Outcome(checks(found, setting.full()), figures(found));
  }

  private static Found study(Work work, long seed, Progress progress) {
    CifarNet net = CifarNet.of(work.images(), work.epochs(), seed, work.side(), progress);
    Model model = net.model();
    Classification calibration = net.train().first(work.curvature());
    Function<Model, Tensor> loss = m -> calibration.loss(m::forward);
    Rng rng = new Rng(seed);
    progress.begin("curvature and widths, seed " + seed, 8);
    Sensitivities sensitivities =
        HawqV2.defaults()
            .withHutchinson(Hutchinson.probes(work.probes()))
            .sensitivities(model, loss, true, rng.fork(1));
    progress.step(1, "traces");
    Map<String, Double> top = TopEigenvalues.of(model, loss, LANCZOS_STEPS, rng.fork(2));
    progress.step(2, "eigenvalues");

    BitPlan same = BitPlan.uniform(sensitivities.layers(), UNIFORM, ACTIVATIONS);
    long budget = sensitivities.size(same);
    ToDoubleFunction<LayerSensitivity> trace = l -> l.trace().average();
    ToDoubleFunction<LayerSensitivity> eigenvalue = l -> requireNonNull(top.get(l.path()));
    List<Sensitivities.Choice> front = sensitivities.sizeFront(budget, true, ACTIVATIONS, trace);
    Map<String, BitPlan> plans = new LinkedHashMap<>();
    plans.put(TRACE, front.getLast().plan());
    plans.put(SAME, same);
    plans.put(REVERSED, reversed(sensitivities, budget));
    // HAWQ orders layers by eigenvalue over weights, and leaves the widths to the user; here they
    // are those of the least sum of eigenvalue times squared error in that order.
    plans.put(
        EIGENVALUE,
        sensitivities
            .sizeFront(
                budget,
                true,
                ACTIVATIONS,
                l -> eigenvalue.applyAsDouble(l) / l.weights(),
                eigenvalue)
            .getLast()
            .plan());
    long operations = sensitivities.bitOperations(same);
    plans.put(JOINT, sensitivities.underBitOperations(operations, BITS).plan());
    plans.put(
        WEIGHTS_ONLY, sensitivities.underBitOperations(operations, List.of(ACTIVATIONS)).plan());

    Map<String, Fate> fates = new LinkedHashMap<>();
    plans.forEach((name, plan) -> {
      fates.put(name, fate(net, sensitivities, name, plan, work, seed));
      progress.step(2L + fates.size(), name);
    });
    double[] ranks = ranks(net, sensitivities, work, rng.fork(3));
    progress.end();
    return new Found(
        net.accuracy(model::forward),
        fates,
        ranks[0],
        ranks[1],
        sensitivities,
        top,
        front,
        front.getLast().plan());
  }

  /**
   * The layers of the smallest traces get the most bits: of all such plans that fill the budget the
   * one of least Omega, but for 3 bits everywhere, which is in any order and has a row of its own.
   */
  private static BitPlan reversed(Sensitivities sensitivities, long budget) {
    return sensitivities.filling(budget, ACTIVATIONS, l -> -l.trace().average()).stream()
        .filter(plan -> new HashSet<>(plan.widths().values()).size() > 1)
        .min(Comparator.comparingDouble(sensitivities::omega))
        .orElseThrow(() ->
            new IllegalStateException(
                "no plan of unequal widths in the reversed order fits %d bits".formatted(budget)));
  }

  private static Fate fate(
      CifarNet net, Sensitivities sensitivities, String name, BitPlan plan, Work work, long seed) {
    QuantizedModel rounded = QuantizedModel.of(net.model(), plan, sensitivities);
    long steps = (long) work.tuning() * (net.train().count() / CifarNet.BATCH);
    QuantizedModel tuned =
        rounded.finetune(
            network -> CifarNet.task(net.train(), network, seed + 100),
            Trainer.Settings.of(steps, Schedule.cosine(TUNING_RATE, 0, steps, 0), seed),
            Progress.silent());
    boolean operations = name.equals(JOINT) || name.equals(WEIGHTS_ONLY);
    return new Fate(
        net.accuracy(rounded),
        net.accuracy(tuned),
        sensitivities.omega(plan),
        operations ? sensitivities.bitOperations(plan) : sensitivities.size(plan));
  }

  /** How Omega, and the squared rounding error alone, order the loss of random configurations. */
  private static double[] ranks(CifarNet net, Sensitivities sensitivities, Work work, Rng rng) {
    Classification data = net.train().first(work.curvature());
    double dense = data.measure(net.model()::forward).loss();
    double[] omega = new double[work.configurations()];
    double[] error = new double[omega.length];
    double[] rise = new double[omega.length];
    for (int i = 0; i < omega.length; i++) {
      Map<String, BitPlan.Widths> widths = new LinkedHashMap<>();
      for (LayerSensitivity l : sensitivities.layers()) {
        widths.put(l.path(), new BitPlan.Widths(BITS.get(rng.nextInt(BITS.size())), BitPlan.FLOAT));
      }
      BitPlan plan = new BitPlan(widths);
      omega[i] = sensitivities.omega(plan);
      error[i] = sensitivities.weightError(plan);
      rise[i] = data.measure(QuantizedModel.of(net.model(), plan, sensitivities)).loss() - dense;
    }
    return new double[] {Correlation.spearman(omega, rise), Correlation.spearman(error, rise)};
  }

  private static List<Check> checks(List<Found> found, boolean full) {
    double omega = mean(found, Found::omegaRank);
    double error = mean(found, Found::errorRank);
    List<Check> checks = new ArrayList<>();
    if (!full) {
      checks.add(
          Check.greater("rank correlation of Omega and loss over random configurations", omega, 0));
      return checks;
    }
    checks.add(
        Check.greater(
            "points of accuracy, average trace less 3 bits everywhere, tuned",
            points(found, TRACE, SAME),
            0));
    checks.add(
        Check.atLeast(
            "points of accuracy, average trace less reversed order, tuned",
            points(found, TRACE, REVERSED),
            2));
    checks.add(
        Check.atLeast(
            "points of accuracy, average trace less largest eigenvalue, tuned",
            points(found, TRACE, EIGENVALUE),
            0));
    checks.add(
        Check.atLeast("rank correlation of Omega and loss over random configurations", omega, 0.6));
    checks.add(
        Check.greater(
            "rank correlation with Omega less that with the squared error alone",
            omega - error,
            0));
    checks.add(
        Check.greater(
            "points of accuracy, activations chosen too less weights only, equal bit operations, tuned",
            points(found, JOINT, WEIGHTS_ONLY),
            0));
    return checks;
  }

  private static double points(List<Found> found, String a, String b) {
    return 100 * mean(found, f -> f.fate(a).tuned() - f.fate(b).tuned());
  }

  private static double mean(List<Found> found, ToDoubleFunction<Found> value) {
    return found.stream().mapToDouble(value).average().orElse(Double.NaN);
  }

  private static String spread(List<Found> found, ToDoubleFunction<Found> value) {
    return Estimate.of(found.stream().mapToDouble(value).toArray()).toString();
  }

  private static List<Figure> figures(List<Found> found) {
    Found first = found.getFirst();
    List<List<Object>> fates = new ArrayList<>();
    fates.add(List.of("unrounded", spread(found, f -> 100 * f.dense()), "", "", ""));
    for (String name : first.fates().keySet()) {
      fates.add(
          List.of(
              name,
              spread(found, f -> 100 * f.fate(name).rounded()),
              spread(found, f -> 100 * f.fate(name).tuned()),
              mean(found, f -> f.fate(name).omega()),
              mean(found, f -> f.fate(name).cost())));
    }
    fates.add(
        List.of("rank correlation of Omega and loss", spread(found, Found::omegaRank), "", "", ""));
    fates.add(
        List.of(
            "rank correlation of squared error and loss",
            spread(found, Found::errorRank),
            "",
            "",
            ""));
    List<List<Object>> layers = new ArrayList<>();
    for (LayerSensitivity l : first.sensitivities().layers()) {
      layers.add(
          List.of(
              l.path(),
              l.weights(),
              l.trace().average(),
              l.trace().standardError() / l.weights(),
              requireNonNull(first.top().get(l.path())),
              l.activations().trace().average(),
              first.plan().of(l.path()).weights()));
    }
    return List.of(
        new Figure.Table(
            "Test accuracy in percent; cost in bits of weights, for activations in bit operations",
            List.of("widths", "rounded", "tuned", "Omega", "cost"),
            fates),
        new Figure.Table(
            "Layers, first seed",
            List.of(
                "layer",
                "weights",
                "average trace",
                "its standard error",
                "largest eigenvalue",
                "average trace, activations",
                "bits chosen"),
            layers),
        new Figure.Lines(
            "Pareto front, first seed",
            "bits of all weights",
            "Omega",
            List.of(
                new Figure.Series(
                    "front",
                    first.front().stream().mapToDouble(Sensitivities.Choice::cost).toArray(),
                    first.front().stream().mapToDouble(Sensitivities.Choice::omega).toArray()))));
  }
}
