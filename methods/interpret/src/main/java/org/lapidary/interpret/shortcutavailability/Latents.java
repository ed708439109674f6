package org.lapidary.interpret.shortcutavailability;

import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Two features of a label y = -1 or 1: a core and a shortcut, z | y ~ N(y (mu_c, mu_s), [[1, r],
 * [r, 1]]), with mu = sqrt(2) erfinv(2 rho - 1), so that the sign of a feature is the label with
 * probability rho (its predictivity).
 *
 * @param rhoCore predictivity of the core, in (0.5, 1)
 * @param rhoShortcut predictivity of the shortcut, in (0.5, 1)
 * @param correlation r, in (-1, 1)
 */
public record Latents(double rhoCore, double rhoShortcut, double correlation) {

  /**
   * Draws.
   *
   * @param z [n, 2], core and shortcut
   * @param labels -1 or 1
   */
  public record Sample(Tensor z, int[] labels) {}

  public Latents {
    if (!(rhoCore > 0.5 && rhoCore < 1 && rhoShortcut > 0.5 && rhoShortcut < 1)) {
      throw new IllegalArgumentException(
          "predictivities lie between 0.5 and 1, were %s and %s".formatted(rhoCore, rhoShortcut));
    }
    if (!(Math.abs(correlation) < 1)) {
      throw new IllegalArgumentException(
          "the correlation lies between -1 and 1, was " + correlation);
    }
  }

  /** The paper's: a core of 0.9, a shortcut of 0.85, independent. */
  public static Latents defaults() {
    return new Latents(0.9, 0.85, 0);
  }

  /** The mean of the core, given the label 1. */
  public double muCore() {
    return normalQuantile(rhoCore);
  }

  /** The mean of the shortcut, given the label 1. */
  public double muShortcut() {
    return normalQuantile(rhoShortcut);
  }

  /** The x below which a standard normal variate lies with probability p, by bisection. */
  static double normalQuantile(double p) {
    double low = -9;
    double high = 9;
    for (int i = 0; i < 60; i++) {
      double middle = (low + high) / 2;
      if (normal(middle) < p) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return (low + high) / 2;
  }

  /** The standard normal distribution function. */
  static double normal(double x) {
    try (Scope scope = Scope.open()) {
      return (1 + Tensor.of(new double[] {x / Math.sqrt(2)}).erf().item()) / 2;
    }
  }

  /** Draws n labels, evenly, and their features. */
  public Sample draw(int n, Rng rng) {
    double[] z = new double[2 * n];
    int[] labels = new int[n];
    double rest = Math.sqrt(1 - correlation * correlation);
    double core = muCore();
    double shortcut = muShortcut();
    for (int i = 0; i < n; i++) {
      labels[i] = rng.nextBoolean() ? 1 : -1;
      double first = rng.nextGaussian();
      z[2 * i] = labels[i] * core + first;
      z[2 * i + 1] = labels[i] * shortcut + correlation * first + rest * rng.nextGaussian();
    }
    return new Sample(Tensor.of(z, n, 2).to(DType.FLOAT32), labels);
  }

  /**
   * The best linear rule, sign(w z) with w = [[1, r], [r, 1]]^-1 mu (LDA), which is the best of
   * all.
   */
  public double[] optimal() {
    double scale = 1 - correlation * correlation;
    return new double[] {
      (muCore() - correlation * muShortcut()) / scale,
      (muShortcut() - correlation * muCore()) / scale
    };
  }
}
