package org.lapidary.interpret.obsprop;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Points of a sphere whose product with one feature is about k.
 *
 * @param first x.y1
 * @param second x.y2
 */
record Slab(List<Double> first, List<Double> second) {
  private static final int TOGETHER = 50_000;

  static Slab draw(
      FeatureVector y1,
      FeatureVector y2,
      double k,
      double halfWidth,
      double length,
      int draws,
      Rng rng) {
    Slab slab = new Slab(new ArrayList<>(), new ArrayList<>());
    for (int done = 0; done < draws; done += TOGETHER) {
      try (Scope scope = Scope.open()) {
        Tensor x = rng.normal(1, TOGETHER, y1.direction().size(0)).to(DType.FLOAT64);
        Tensor on = x.div(x.square().sum(true, 1).sqrt()).mul(length);
        double[] a = y1.scores(on);
        double[] b = y2.scores(on);
        for (int i = 0; i < a.length; i++) {
          if (Math.abs(a[i] - k) < halfWidth) {
            slab.first.add(a[i]);
            slab.second.add(b[i]);
          }
        }
      }
    }
    return slab;
  }

  int count() {
    return first.size();
  }

  double mean1() {
    return mean(first);
  }

  double mean2() {
    return mean(second);
  }

  /** Of the second mean. */
  double standardError() {
    double mean = mean2();
    double squares = 0;
    for (double v : second) {
      squares += (v - mean) * (v - mean);
    }
    return Math.sqrt(squares / (count() - 1.0) / count());
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(v -> v).average().orElse(Double.NaN);
  }

  /** By how much any point leaves the bounds that its own x.y1 gives. */
  double outside(Coupling coupling, double length) {
    double most = 0;
    for (int i = 0; i < count(); i++) {
      Coupling.Bounds bounds = coupling.bounds(first.get(i), length);
      most = Math.max(most, bounds.least() - second.get(i));
      most = Math.max(most, second.get(i) - bounds.most());
    }
    return most;
  }
}
