package org.lapidary.interpret.features;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * The activations above 0 of one text, by feature and then by position. Memory goes with how many
 * there are; the matrix [position, feature] is never there as a whole where it is large.
 */
final class FiredText {
  /** Values of the matrix that are there at once. */
  private static final long MOST_VALUES = 1 << 23;

  /** Entries of feature f are those from start[f] to start[f + 1]. */
  private final int[] start;

  private final int[] position;
  private final float[] value;

  private FiredText(int[] start, int[] position, float[] value) {
    this.start = start;
    this.position = position;
    this.value = value;
  }

  /**
   * Runs a dictionary over a text.
   *
   * @param x what it reads, [position, dIn]
   * @throws IllegalArgumentException if an activation is not finite
   */
  static FiredText of(Dictionary dictionary, Tensor x) {
    int features = dictionary.features();
    int rows = (int) Math.max(1, MOST_VALUES / features);
    int[] feature = new int[1024];
    int[] position = new int[1024];
    float[] value = new float[1024];
    int n = 0;
    for (int from = 0; from < x.size(0); from += rows) {
      int to = (int) Math.min(x.size(0), from + rows);
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor z = dictionary.encode(x.slice(0, from, to)).to(DType.FLOAT32).contiguous();
        if (!Double.isFinite(z.sum().item())) {
          throw new IllegalArgumentException(
              "features of the dictionary have activations that are not finite; look for bad values in its weights");
        }
        MemorySegment values = z.segment();
        long i = 0;
        for (int p = from; p < to; p++) {
          for (int f = 0; f < features; f++, i++) {
            float v = values.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            if (v > 0) {
              if (n == value.length) {
                feature = Arrays.copyOf(feature, 2 * n);
                position = Arrays.copyOf(position, 2 * n);
                value = Arrays.copyOf(value, 2 * n);
              }
              feature[n] = f;
              position[n] = p;
              value[n++] = v;
            }
          }
        }
      }
    }
    return sorted(features, feature, position, value, n);
  }

  private static FiredText sorted(
      int features, int[] feature, int[] position, float[] value, int n) {
    int[] start = new int[features + 1];
    for (int i = 0; i < n; i++) {
      start[feature[i] + 1]++;
    }
    for (int f = 0; f < features; f++) {
      start[f + 1] += start[f];
    }
    int[] next = Arrays.copyOf(start, features);
    int[] positions = new int[n];
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      int at = next[feature[i]]++;
      positions[at] = position[i];
      values[at] = value[i];
    }
    return new FiredText(start, positions, values);
  }

  /** The first feature from this one on that fires; the number of features if none does. */
  int nextFeature(int from) {
    int f = from;
    while (f + 1 < start.length && start[f] == start[f + 1]) {
      f++;
    }
    return f;
  }

  int start(int feature) {
    return start[feature];
  }

  int position(int entry) {
    return position[entry];
  }

  float value(int entry) {
    return value[entry];
  }

  int features() {
    return start.length - 1;
  }
}
