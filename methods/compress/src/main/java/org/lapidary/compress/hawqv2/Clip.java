package org.lapidary.compress.hawqv2;

import org.lapidary.compress.StraightThrough;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Activations in 2^bits levels, evenly from low to high; what lies outside is clipped.
 *
 * @param low 0 for activations that are never negative
 * @param high above low
 */
public record Clip(double low, double high, int bits) {

  /** Shares of the largest range that {@link #fit} tries. */
  private static final int TRIED = 20;

  public Clip {
    if (!(high > low) || bits < 1 || bits > 16) {
      throw new IllegalArgumentException(
          "a clip needs low < high and 1 to 16 bits, were %s, %s and %d"
              .formatted(low, high, bits));
    }
  }

  /** The range of the least squared error on given activations, among shares of the largest. */
  public static Clip fit(Tensor values, int bits) {
    Tensor activations = values.detach();
    double least = activations.min().item();
    double most = activations.max().item();
    double low = least >= 0 ? 0 : least;
    double high = Math.max(most, low + 1e-6);
    Clip best = new Clip(low, high, bits);
    double error = best.error(activations);
    for (int i = 1; i < TRIED; i++) {
      double share = 1 - (double) i / TRIED;
      Clip tried = new Clip(low * share, high * share, bits);
      double e = tried.error(activations);
      if (e < error) {
        best = tried;
        error = e;
      }
    }
    return best;
  }

  /** The sum of squared differences that rounding makes. */
  public double error(Tensor activations) {
    try (Scope scope = Scope.open()) {
      return round(activations).sub(activations).square().sum().item();
    }
  }

  /** Clips and rounds; the gradient is 1 inside the range and 0 outside. */
  public Tensor apply(Tensor x) {
    return StraightThrough.pass(x.clamp(low, high), round(x.detach()));
  }

  private Tensor round(Tensor x) {
    double step = (high - low) / ((1L << bits) - 1);
    return x.clamp(low, high).sub(low).div(step).round().mul(step).add(low);
  }
}
