package org.lapidary.interpret.taskgeometry;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.taskgeometry.GeometryNet.Nonlinearity;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Networks of 100 units learn XOR and a linear task of two bits at several input geometries, and
 * two outputs on orthogonal inputs; tanh against ReLU, with networks before training, hard tanh,
 * leaky ReLU and linear units as controls.
 */
public final class TaskGeometryReproduction implements Reproduction {
  private static final int D = 50;
  private static final int UNITS = 100;
  private static final int COPIES = 25;
  private static final double NOISE = 0.1;
  private static final double RATE = 0.5;

  /**
   * A network's representation of the four conditions.
   *
   * @param target alignment with the labels
   * @param input alignment with the inputs
   * @param parallelism mean over a and b
   * @param generalisation mean over a and b, across the other
   * @param xor share of the variance
   */
  private record Measured(
      double accuracy,
      double target,
      double input,
      double parallelism,
      double generalisation,
      double shattering,
      double participation,
      double xor) {}

  /** What a network learns. */
  private enum Task {
    XOR,
    LINEAR,
    BOTH_BITS
  }

  @Override
  public Outcome run(Setting setting) {
    int steps = setting.full() ? 3000 : 400;
    List<Check> checks = new ArrayList<>();
    List<List<Object>> rows = new ArrayList<>();
    setting.progress().begin("task geometry", 4);
    Map<Nonlinearity, List<Measured>> half = all(Task.XOR, 0.5, steps, setting, rows);
    setting.progress().step(1, "XOR");
    all(Task.XOR, 1, steps, setting, rows);
    all(Task.LINEAR, 0.5, steps, setting, rows);
    setting.progress().step(2, "the linear task");
    Map<Nonlinearity, List<Measured>> bits = all(Task.BOTH_BITS, 1, steps, setting, rows);
    setting.progress().step(3, "two outputs");
    Map<Nonlinearity, List<Measured>> untrained = all(Task.XOR, 0.5, 0, setting, rows);
    setting.progress().end();
    xor(half, setting.full(), checks);
    bits(bits, setting.full(), checks);
    checks.add(
        Check.atMost(
            "before training: target alignment, tanh minus ReLU",
            gap(untrained, Measured::target),
            0.1));
    return new Outcome(
        checks,
        List.of(
            new Figure.Table(
                "Representations of four conditions, mean over seeds",
                List.of(
                    "task",
                    "delta",
                    "steps",
                    "units",
                    "accuracy",
                    "target alignment",
                    "input alignment",
                    "parallelism",
                    "generalisation",
                    "shattering",
                    "dimension",
                    "XOR share"),
                rows)));
  }

  private static void xor(
      Map<Nonlinearity, List<Measured>> half, boolean full, List<Check> checks) {
    checks.add(
        Check.atLeast(
            "XOR at delta 0.5: target alignment, tanh minus ReLU",
            gap(half, Measured::target),
            full ? 0.2 : 0));
    if (!full) {
      return;
    }
    checks.add(
        Check.atLeast(
            "XOR at delta 0.5: input alignment, ReLU minus tanh",
            -gap(half, Measured::input),
            0.3));
    for (Nonlinearity n : List.of(Nonlinearity.TANH, Nonlinearity.RELU)) {
      checks.add(
          Check.equal("XOR at delta 0.5: accuracy, " + n, mean(half, n, Measured::accuracy), 1));
    }
    double relu = mean(half, Nonlinearity.RELU, Measured::target);
    double hard = mean(half, Nonlinearity.HARD_TANH, Measured::target);
    double leaky = mean(half, Nonlinearity.LEAKY_RELU, Measured::target);
    double linear = mean(half, Nonlinearity.IDENTITY, Measured::target);
    checks.add(
        Check.atLeast(
            "XOR at delta 0.5: target alignment, hard tanh minus ReLU", hard - relu, 0.2));
    checks.add(
        Check.atMost(
            "XOR at delta 0.5: target alignment, leaky ReLU's distance from linear units over ReLU's",
            Math.abs(leaky - linear) / Math.abs(relu - linear),
            1));
  }

  private static void bits(
      Map<Nonlinearity, List<Measured>> bits, boolean full, List<Check> checks) {
    checks.add(
        Check.atLeast(
            "two outputs: parallelism, tanh minus ReLU",
            gap(bits, Measured::parallelism),
            full ? 0.25 : 0));
    if (full) {
      checks.add(
          Check.atLeast(
              "two outputs: share of XOR in the variance, ReLU",
              mean(bits, Nonlinearity.RELU, Measured::xor),
              0.05));
      checks.add(
          Check.atMost(
              "two outputs: share of XOR in the variance, tanh",
              mean(bits, Nonlinearity.TANH, Measured::xor),
              0.02));
    }
  }

  private static Map<Nonlinearity, List<Measured>> all(
      Task task, double delta, int steps, Setting setting, List<List<Object>> rows) {
    Map<Nonlinearity, List<Measured>> found = new EnumMap<>(Nonlinearity.class);
    for (Nonlinearity phi : Nonlinearity.values()) {
      List<Measured> seeds = new ArrayList<>();
      for (long seed : setting.seeds()) {
        seeds.add(measure(task, phi, delta, steps, seed));
      }
      found.put(phi, seeds);
      rows.add(
          List.of(
              task,
              task == Task.BOTH_BITS ? "orthogonal" : (Object) delta,
              steps,
              phi,
              mean(seeds, Measured::accuracy),
              mean(seeds, Measured::target),
              mean(seeds, Measured::input),
              mean(seeds, Measured::parallelism),
              mean(seeds, Measured::generalisation),
              mean(seeds, Measured::shattering),
              mean(seeds, Measured::participation),
              mean(seeds, Measured::xor)));
    }
    return found;
  }

  private static Measured measure(Task task, Nonlinearity phi, double delta, int steps, long seed) {
    Rng rng = new Rng(seed).fork(task.ordinal());
    try (Scope scope = Scope.open()) {
      Conditions conditions =
          task == Task.BOTH_BITS
              ? Conditions.orthogonal(D, rng.fork(0))
              : Conditions.twoBits(delta, D, rng.fork(0));
      boolean[] a = conditions.variable("a");
      boolean[] b = conditions.variable("b");
      boolean[][] labels =
          switch (task) {
            case XOR -> new boolean[][] {conditions.product("a", "b")};
            case LINEAR -> new boolean[][] {a};
            case BOTH_BITS -> new boolean[][] {a, b};
          };
      GeometryNet net = new GeometryNet(D, UNITS, labels.length, phi);
      net.initialise(rng.fork(1));
      Tensor x = conditions.noisy(COPIES, NOISE, rng.fork(2));
      Tensor targets = targets(labels);
      net.train(x, targets, steps, RATE);
      try (var ignored = Autograd.noGrad()) {
        Tensor z = net.hidden(x).reshape(4, COPIES, UNITS).mean(false, 1);
        Geometry geometry = new Geometry(z);
        return new Measured(
            net.forward(x).mul(targets).gt(0).to(DType.FLOAT64).mean().item(),
            geometry.alignment(labels),
            geometry.alignment(conditions.inputs()),
            (geometry.parallelism(a) + geometry.parallelism(b)) / 2,
            (geometry.generalisation(a, b) + geometry.generalisation(b, a)) / 2,
            geometry.shattering(),
            geometry.participation(),
            geometry.interaction(a, b));
      }
    }
  }

  /** -1 and 1, [4 COPIES, outputs]. */
  private static Tensor targets(boolean[][] labels) {
    float[] values = new float[4 * COPIES * labels.length];
    for (int i = 0; i < 4 * COPIES; i++) {
      for (int o = 0; o < labels.length; o++) {
        values[i * labels.length + o] = labels[o][i / COPIES] ? 1 : -1;
      }
    }
    return Tensor.of(values, 4L * COPIES, labels.length);
  }

  private static double gap(
      Map<Nonlinearity, List<Measured>> found, ToDoubleFunction<Measured> what) {
    return mean(found, Nonlinearity.TANH, what) - mean(found, Nonlinearity.RELU, what);
  }

  private static double mean(
      Map<Nonlinearity, List<Measured>> found, Nonlinearity phi, ToDoubleFunction<Measured> what) {
    return mean(found.getOrDefault(phi, List.of()), what);
  }

  private static double mean(List<Measured> measured, ToDoubleFunction<Measured> what) {
    return measured.stream().mapToDouble(what).average().orElse(Double.NaN);
  }
}
