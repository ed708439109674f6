package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;

/**
 * The k largest values of a row by radix selection: three counting passes over the bits of the
 * values find the k-th largest, a last pass collects. The time is linear in the row, whatever k.
 */
public final class TopKSelect {
  private static final int PASS_BITS = 11;

  private TopKSelect() {}

  /**
   * Of equal values the one with the lower index goes first; -0.0 equals 0.0; NaN counts as larger
   * than any number, as in PyTorch.
   *
   * @param row [n] float32
   * @param k from 0 to n
   * @return the indices of the k largest, ascending
   * @throws IllegalArgumentException if k is not from 0 to n
   */
  public static int[] select(MemorySegment row, int k) {
    int n = Math.toIntExact(Check.floats("row", row));
    if (k < 0 || k > n) {
      throw new IllegalArgumentException(
          "k is " + k + " for a row of " + n + " values; it is from 0 to " + n);
    }
    int[] keys = new int[n];
    for (int i = 0; i < n; i++) {
      keys[i] = key(row.get(DenseProduct.FLOAT, (long) i * Float.BYTES));
    }
    if (k == 0 || k == n) {
      return collect(keys, k, Integer.MIN_VALUE, k);
    }
    // the bits of the k-th largest key found so far, and how many of those that share them we take
    int prefix = 0;
    int known = 0;
    int take = k;
    while (known < Integer.SIZE) {
      int bits = Math.min(PASS_BITS, Integer.SIZE - known);
      int shift = Integer.SIZE - known - bits;
      int[] counts = new int[1 << bits];
      for (int key : keys) {
        int unsigned = key ^ Integer.MIN_VALUE;
        if (known == 0 || unsigned >>> Integer.SIZE - known == prefix) {
          counts[unsigned >>> shift & (1 << bits) - 1]++;
        }
      }
      int digit = counts.length - 1;
      while (take > counts[digit]) {
        take -= counts[digit--];
      }
      prefix = prefix << bits | digit;
      known += bits;
    }
    return collect(keys, k, prefix ^ Integer.MIN_VALUE, take);
  }

  /** The indices of keys above the threshold and of the first {@code ties} equal to it. */
  private static int[] collect(int[] keys, int k, int threshold, int ties) {
    int[] indices = new int[k];
    int n = 0;
    int left = ties;
    for (int i = 0; n < k; i++) {
      if (keys[i] > threshold || keys[i] == threshold && left-- > 0) {
        indices[n++] = i;
      }
    }
    return indices;
  }

  /** An int in the order of the value. */
  private static int key(float value) {
    int bits = Float.floatToIntBits(value + 0f);
    return bits < 0 ? ~bits ^ Integer.MIN_VALUE : bits;
  }
}
