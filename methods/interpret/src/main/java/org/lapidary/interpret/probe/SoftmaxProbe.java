package org.lapidary.interpret.probe;

import java.util.Arrays;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * A linear classifier of several classes, p(class) = softmax(W z + b) of standardised features z,
 * fitted to the mean cross-entropy plus l2 / 2 ||W||^2 by Nesterov's accelerated gradient with
 * restarts. A round costs O(n d classes).
 *
 * @param weight [d + 1, classes], float64; the last row is b
 * @param mean of the features it was fitted to, [1, d]
 * @param scale one over their deviation, 0 where a feature never varied, [1, d]
 */
public record SoftmaxProbe(Tensor weight, Tensor mean, Tensor scale) {
  private static final int ROUNDS = 600;
  private static final double TOLERANCE = 1e-5;
  private static final double[] PRICES = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2};
  private static final double HELD_OUT = 0.25;

  public SoftmaxProbe {
    weight.unscoped();
    mean.unscoped();
    scale.unscoped();
  }

  /**
   * Fits a probe.
   *
   * @param x [n, d]
   * @param labels INT64 [n], from 0 to classes - 1
   * @param l2 above 0
   */
  public static SoftmaxProbe fit(Tensor x, Tensor labels, int classes, double l2) {
    check(x, labels);
    if (!(l2 > 0)) {
      throw new IllegalArgumentException("l2 must be above 0, was " + l2);
    }
    try (Scope scope = Scope.open()) {
      Tensor wide = x.detach().to(DType.FLOAT64);
      Tensor mean = wide.mean(true, 0);
      Tensor deviation = wide.sub(mean).square().mean(true, 0).sqrt();
      Tensor varies = deviation.gt(1e-9).to(DType.FLOAT64);
      Tensor inverse = deviation.maximum(1e-9).reciprocal().mul(varies);
      Tensor z = extended(wide, mean, inverse);
      Tensor target = labels.oneHot(classes).to(DType.FLOAT64);
      long n = x.size(0);
      long d = z.size(1);
      Tensor price =
          Tensor.concat(
              0,
              Tensor.full(DType.FLOAT64, Shape.of(d - 1, 1), l2),
              Tensor.full(DType.FLOAT64, Shape.of(1, 1), 1e-9));
      // The curvature of the loss is at most half the largest eigenvalue of z^T z / n.
      double steepest =
          Linalg.eigh(z.t().matmul(z).div(n)).values().slice(0, d - 1, d).item() / 2 + l2;
      Tensor now = Tensor.zeros(DType.FLOAT64, Shape.of(d, classes)).unscoped();
      Tensor ahead = now.copy().unscoped();
      double t = 1;
      for (int round = 0; round < ROUNDS; round++) {
        try (Scope step = Scope.open()) {
          Tensor gradient =
              z.t().matmul(z.matmul(ahead).softmax(1).sub(target)).div(n).add(ahead.mul(price));
          Tensor next = ahead.sub(gradient.div(steepest)).unscoped();
          Tensor moved = next.sub(now);
          boolean back = gradient.mul(moved).sum().item() > 0;
          double following = back ? 1 : (1 + Math.sqrt(1 + 4 * t * t)) / 2;
          Tensor further =
              (back ? next.copy() : next.add(moved.mul((t - 1) / following))).unscoped();
          double largest = gradient.abs().max().item();
          t = following;
          now.close();
          ahead.close();
          now = next;
          ahead = further;
          if (largest < TOLERANCE) {
            break;
          }
        }
      }
      ahead.close();
      return new SoftmaxProbe(now, mean, inverse);
    }
  }

  /**
   * Fits with the l2 of 1e-6 d to 0.01 d that is best on a quarter of the rows, then to all rows.
   * In proportion to d, so that features that are there several times over change nothing.
   */
  public static SoftmaxProbe selected(Tensor x, Tensor labels, int classes, Rng rng) {
    check(x, labels);
    try (Scope scope = Scope.open()) {
      int n = (int) x.size(0);
      int[] order = rng.permutation(n);
      int held = Math.max(1, (int) (n * HELD_OUT));
      Tensor validation = Tensor.of(Arrays.copyOf(order, held));
      Tensor rest = Tensor.of(Arrays.copyOfRange(order, held, n));
      double d = x.size(1);
      double best = PRICES[0] * d;
      double highest = -1;
      for (double l2 : PRICES) {
        SoftmaxProbe probe =
            fit(x.indexSelect(0, rest), labels.indexSelect(0, rest), classes, l2 * d);
        double accuracy =
            probe.accuracy(x.indexSelect(0, validation), labels.indexSelect(0, validation));
        if (accuracy > highest) {
          highest = accuracy;
          best = l2 * d;
        }
      }
      return fit(x, labels, classes, best);
    }
  }

  private static void check(Tensor x, Tensor labels) {
    if (x.rank() != 2 || labels.rank() != 1 || x.size(0) != labels.size(0)) {
      throw new ShapeException(
          "a probe needs activations [n, d] and n labels, was given %s and %s"
              .formatted(x.shape(), labels.shape()));
    }
  }

  private static Tensor extended(Tensor wide, Tensor mean, Tensor scale) {
    return Tensor.concat(
        1, wide.sub(mean).mul(scale), Tensor.ones(DType.FLOAT64, Shape.of(wide.size(0), 1)));
  }

  /** The logits [n, classes] of rows [n, d]. */
  public Tensor logits(Tensor x) {
    try (Scope scope = Scope.open()) {
      return scope.keep(extended(x.detach().to(DType.FLOAT64), mean, scale).matmul(weight));
    }
  }

  /** The share of rows whose likeliest class is their label. */
  public double accuracy(Tensor x, Tensor labels) {
    check(x, labels);
    try (Scope scope = Scope.open()) {
      return logits(x).argmax(1).eq(labels).to(DType.FLOAT64).mean().item();
    }
  }
}
