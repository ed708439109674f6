package org.lapidary.interpret.iclnewton;

import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * How many steps Newton's iteration and gradient descent need for the inverse of a matrix, by its
 * condition number.
 *
 * @param kappas condition numbers, rising
 * @param newton steps until ||I - M S|| is small enough
 * @param gradient the same for M' = M + (I - S M) / lambda_max, gradient descent for all right-hand
 *     sides at once
 */
public record Convergence(double[] kappas, int[] newton, int[] gradient) {
  private static final int MOST = 100_000;

  /** A symmetric matrix with eigenvalues from 1 to kappa in equal ratios, float64 [d, d]. */
  public static Tensor matrix(int d, double kappa, Rng rng) {
    double[] values = new double[d];
    for (int i = 0; i < d; i++) {
      values[i] = Math.pow(kappa, d == 1 ? 0 : (double) i / (d - 1));
    }
    try (Scope scope = Scope.open()) {
      Tensor q = Linalg.qr(rng.normal(1, d, d).to(DType.FLOAT64)).q();
      return scope.keep(q.mul(Tensor.of(values, d)).matmul(q.t()));
    }
  }

  /** M after so many steps from S / lambda_max^2. */
  public static Tensor newton(Tensor s, int steps) {
    try (Scope scope = Scope.open()) {
      double most = Linalg.eigh(s).values().max().item();
      Tensor m = s.div(most * most);
      for (int k = 0; k < steps; k++) {
        m = m.mul(2).sub(m.matmul(s).matmul(m));
      }
      return scope.keep(m);
    }
  }

  /**
   * Counts the steps to a spectral error ||I - M S||_F / sqrt(d) of at most the tolerance.
   *
   * @throws IllegalStateException if 100,000 steps are not enough
   */
  public static Convergence measure(int d, double tolerance, Rng rng, double... kappas) {
    int[] newton = new int[kappas.length];
    int[] gradient = new int[kappas.length];
    for (int i = 0; i < kappas.length; i++) {
      try (Scope scope = Scope.open()) {
        Tensor s = matrix(d, kappas[i], rng.fork(i));
        double most = Linalg.eigh(s).values().max().item();
        newton[i] = count(s, s.div(most * most), tolerance, true, most);
        gradient[i] = count(s, s.mul(0), tolerance, false, most);
      }
    }
    return new Convergence(kappas.clone(), newton, gradient);
  }

  private static int count(Tensor s, Tensor start, double tolerance, boolean newton, double most) {
    Tensor eye = Tensor.eye(DType.FLOAT64, s.size(0));
    Tensor m = start.copy();
    for (int k = 0; k <= MOST; k++) {
      try (Scope step = Scope.open()) {
        Tensor rest = eye.sub(m.matmul(s));
        if (rest.square().mean().mul(s.size(0)).sqrt().item() <= tolerance) {
          return k;
        }
        m = step.keep(newton ? m.add(rest.matmul(m)) : m.add(rest.div(most)));
      }
    }
    throw new IllegalStateException(
        "%d steps do not reach %s; the condition number is too large".formatted(MOST, tolerance));
  }

  /** d steps / d log2 kappa of Newton's iteration, by least squares: 2 in theory. */
  public double newtonSlope() {
    return slope(newton, false);
  }

  /** d log2 steps / d log2 kappa of gradient descent: 1 where they grow in proportion. */
  public double gradientSlope() {
    return slope(gradient, true);
  }

  private double slope(int[] steps, boolean logarithm) {
    int n = kappas.length;
    double meanX = 0;
    double meanY = 0;
    for (int i = 0; i < n; i++) {
      meanX += log2(kappas[i]) / n;
      meanY += (logarithm ? log2(steps[i]) : steps[i]) / n;
    }
    double xy = 0;
    double xx = 0;
    for (int i = 0; i < n; i++) {
      double x = log2(kappas[i]) - meanX;
      xy += x * ((logarithm ? log2(steps[i]) : steps[i]) - meanY);
      xx += x * x;
    }
    return xy / xx;
  }

  private static double log2(double x) {
    return Math.log(x) / Math.log(2);
  }
}
