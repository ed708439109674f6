package org.lapidary.interpret.compiled;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The ReLU neurons of one MLP, each with the dimensions it reads and writes. */
final class Neurons {
  /**
   * A neuron.
   *
   * @param in weights by dimension read
   * @param out weights by dimension written
   */
  record Neuron(Map<Integer, Double> in, double bias, Map<Integer, Double> out) {}

  private final List<Neuron> neurons = new ArrayList<>();

  Neurons(Plan plan, List<Variable> variables) {
    for (Variable variable : variables) {
      switch (variable) {
        case Categorical.Mapped<?, ?> m -> mapped(plan, m);
        case Categorical.Joined<?, ?, ?> j -> joined(plan, j);
        case Categorical.Counted c -> counted(plan, c);
        case Numerical.Measured<?> m -> measured(plan, m);
        case Numerical.Combined c -> combined(plan, c);
        case Categorical.Tokens t -> throw new IllegalStateException("no MLP writes tokens");
        case Categorical.Indices i -> throw new IllegalStateException("no MLP writes positions");
        case Categorical.Picked<?> p -> throw new IllegalStateException("a head picks");
        case Numerical.Mean m -> throw new IllegalStateException("a head takes the mean");
      }
    }
  }

  List<Neuron> all() {
    return neurons;
  }

  private <A, T> void mapped(Plan plan, Categorical.Mapped<A, T> m) {
    for (int a = 0; a < m.of().values().size(); a++) {
      int to = m.values().indexOf(m.function().apply(m.of().values().get(a)));
      if (to >= 0) {
        neurons.add(
            new Neuron(Map.of(plan.start(m.of()) + a, 1.0), 0, Map.of(plan.start(m) + to, 1.0)));
      }
    }
  }

  /** relu(a + b - 1): both. */
  private <A, B, T> void joined(Plan plan, Categorical.Joined<A, B, T> j) {
    int first = plan.start(j.first());
    int second = plan.start(j.second());
    for (int a = 0; a < j.first().values().size(); a++) {
      for (int b = 0; b < j.second().values().size(); b++) {
        int to =
            j.values()
                .indexOf(j.function().apply(j.first().values().get(a), j.second().values().get(b)));
        if (to < 0 || (first == second && a != b)) {
          continue;
        }
        Map<Integer, Double> in =
            first == second ? Map.of(first + a, 2.0) : Map.of(first + a, 1.0, second + b, 1.0);
        neurons.add(new Neuron(in, -1, Map.of(plan.start(j) + to, 1.0)));
      }
    }
  }

  private <A> void measured(Plan plan, Numerical.Measured<A> m) {
    for (int a = 0; a < m.of().values().size(); a++) {
      double value = m.function().applyAsDouble(m.of().values().get(a));
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException(
            "the measure of %s is %s; it must be finite".formatted(m.of().values().get(a), value));
      }
      neurons.add(new Neuron(Map.of(plan.start(m.of()) + a, 1.0), 0, Map.of(plan.start(m), value)));
    }
  }

  /** relu(z) - relu(-z) with z = a x + b y. */
  private void combined(Plan plan, Numerical.Combined c) {
    int x = plan.start(c.x());
    int y = plan.start(c.y());
    for (int sign : new int[] {1, -1}) {
      Map<Integer, Double> in =
          x == y ? Map.of(x, sign * (c.a() + c.b())) : Map.of(x, sign * c.a(), y, sign * c.b());
      neurons.add(new Neuron(in, 0, Map.of(plan.start(c), (double) sign)));
    }
  }

  /**
   * From the share u = 1 / (1 + n) to n: the step "more than n" is a ramp between the shares of n
   * and n + 1, and n itself the step before less this one. All are off at the beginning of
   * sequence.
   */
  private void counted(Plan plan, Categorical.Counted c) {
    int u = plan.share(c);
    int to = plan.start(c);
    neurons.add(new Neuron(Map.of(plan.bos(), -1.0), 1, Map.of(to, 1.0)));
    for (int n = 0; n < c.most(); n++) {
      double here = 1.0 / (1 + n);
      double next = 1.0 / (2 + n);
      double slope = 2 / (here - next);
      double middle = (here + next) / 2;
      for (double half : new double[] {0.5, -0.5}) {
        double sign = Math.signum(half);
        neurons.add(
            new Neuron(
                Map.of(u, -slope, plan.bos(), -slope - 1),
                slope * middle + half,
                Map.of(to + n, -sign, to + n + 1, sign)));
      }
    }
  }
}
