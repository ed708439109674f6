package org.lapidary.interpret.informationplane;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * A layer's activations as one code for every input: each unit falls into one of so many bins, and
 * inputs whose units all fall into the same have the same code.
 *
 * @param bins of each unit
 * @param edges where they lie
 */
public record Binning(int bins, Edges edges) {

  /** Where the bins of a unit lie. */
  public enum Edges {
    /** Equal bins over [-1, 1], for tanh units. */
    FIXED,
    /** Equal bins between the unit's least and largest value, for others. */
    RANGE,
    /** Bins that hold equally many inputs. */
    QUANTILES
  }

  public Binning {
    if (bins < 1) {
      throw new IllegalArgumentException("there is at least one bin, not " + bins);
    }
  }

  /** The paper's: 30 bins over [-1, 1]. */
  public static Binning defaults() {
    return new Binning(30, Edges.FIXED);
  }

  /** The codes, from 0, of the rows of [inputs, units]. */
  public int[] codes(Tensor activations) {
    if (activations.rank() != 2) {
      throw new ShapeException("activations are [inputs, units], were " + activations.shape());
    }
    int n = (int) activations.size(0);
    int units = (int) activations.size(1);
    double[] values;
    try (Scope scope = Scope.open()) {
      values = activations.detach().toDoubles();
    }
    int[] codes = new int[n];
    for (int u = 0; u < units; u++) {
      double[] unit = new double[n];
      for (int i = 0; i < n; i++) {
        unit[i] = values[i * units + u];
        if (Double.isNaN(unit[i])) {
          throw new IllegalArgumentException(
              "unit %d is NaN at input %d; nothing can be told of it".formatted(u, i));
        }
      }
      int[] bin = bin(unit);
      Map<Long, Integer> seen = new HashMap<>();
      for (int i = 0; i < n; i++) {
        int fresh = seen.size();
        codes[i] = seen.computeIfAbsent((long) codes[i] * bins + bin[i], k -> fresh);
      }
    }
    return codes;
  }

  private int[] bin(double[] unit) {
    double[] sorted = unit.clone();
    Arrays.sort(sorted);
    double low = edges == Edges.FIXED ? -1 : sorted[0];
    double high = edges == Edges.FIXED ? 1 : sorted[sorted.length - 1];
    int[] bin = new int[unit.length];
    for (int i = 0; i < unit.length; i++) {
      if (edges == Edges.QUANTILES) {
        int below = Arrays.binarySearch(sorted, unit[i]);
        while (below > 0 && sorted[below - 1] == unit[i]) {
          below--;
        }
        bin[i] = (int) ((long) below * bins / unit.length);
      } else {
        double at = high == low ? 0 : (unit[i] - low) / (high - low) * bins;
        bin[i] = (int) Math.clamp(Math.floor(at), 0, bins - 1);
      }
    }
    return bin;
  }
}
