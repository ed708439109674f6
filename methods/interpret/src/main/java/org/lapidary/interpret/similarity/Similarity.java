package org.lapidary.interpret.similarity;

import java.util.Arrays;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/** A similarity of two representations of the same stimuli, row by row. */
@FunctionalInterface
public interface Similarity {

  /**
   * How alike a [stimuli, dA] and b [stimuli, dB] are; higher is more alike.
   *
   * @throws ShapeException if they do not have equally many rows
   */
  double between(Tensor a, Tensor b);

  /**
   * What stays of it when the rows of b are shuffled, so that only chance is left.
   *
   * @param observed of the rows in order
   * @param shuffled of each shuffle, in rising order
   */
  record Null(double observed, double[] shuffled) {
    /** The share of shuffles that are at least as alike, counting the rows in order as one. */
    public double pValue() {
      long above = Arrays.stream(shuffled).filter(s -> s >= observed).count();
      return (above + 1.0) / (shuffled.length + 1.0);
    }

    /** The mean over the shuffles. */
    public double mean() {
      return Arrays.stream(shuffled).average().orElse(Double.NaN);
    }
  }

  /** Compares with shuffled rows, at least one shuffle. */
  default Null againstChance(Tensor a, Tensor b, int shuffles, Rng rng) {
    if (shuffles < 1) {
      throw new IllegalArgumentException("chance needs at least 1 shuffle, was " + shuffles);
    }
    double[] values = new double[shuffles];
    for (int i = 0; i < shuffles; i++) {
      try (Scope scope = Scope.open()) {
        Tensor order = Tensor.of(rng.permutation((int) b.size(0)));
        values[i] = between(a, b.indexSelect(0, order));
      }
    }
    Arrays.sort(values);
    return new Null(between(a, b), values);
  }

  /** Checks two representations. */
  static void check(Tensor a, Tensor b) {
    if (a.rank() != 2 || b.rank() != 2 || a.size(0) != b.size(0) || a.size(0) < 2) {
      throw new ShapeException(
          "two representations are [stimuli, dA] and [stimuli, dB] of the same 2 or more stimuli, were %s and %s"
              .formatted(a.shape(), b.shape()));
    }
  }
}
