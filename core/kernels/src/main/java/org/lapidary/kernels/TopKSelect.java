package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * The k largest values of every row. A first pass takes the largest value of each of k or a few
 * more parts of the row; the least of those is a bound that k values reach at least. A second pass
 * collects the values that reach it, of which there are a few times k unless the row is unlucky,
 * and quickselect finds the k largest of them.
 *
 * <p>Of equal values the one with the lower index goes first; -0.0 equals 0.0; NaN counts as larger
 * than any number, as in PyTorch.
 */
public final class TopKSelect {
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(Lanes.ORDER);

  private TopKSelect() {}

  /**
   * @param x [rows, width] float32
   * @param k from 0 to width
   * @param values [rows, k] float32, written: the k largest of each row, largest first
   * @param indices [rows, k] int64, written: where they stood in the row
   * @throws IllegalArgumentException if k is not from 0 to the width or a segment has another size
   */
  public static void rows(
      MemorySegment x, int rows, int width, int k, MemorySegment values, MemorySegment indices) {
    if (k < 0 || k > width) {
      throw new IllegalArgumentException(
          "k is " + k + " for rows of " + width + " values; it is from 0 to " + width);
    }
    long found = Math.multiplyExact((long) rows, k);
    Check.floats("x", x, Math.multiplyExact((long) rows, width));
    Check.floats("values", values, found);
    Check.floats("indices, as pairs of 4 bytes,", indices, 2 * found);
    Check.writable("values", values);
    Check.writable("indices", indices);
    if (k == 0) {
      return;
    }
    Halves.run(
        rows,
        width,
        (from, to) -> {
          long[] keys = new long[width];
          for (long r = from; r < to; r++) {
            row(x, r * width, width, k, keys, values, indices, r * k);
          }
        },
        x,
        values,
        indices);
  }

  private static void row(
      MemorySegment x,
      long start,
      int width,
      int k,
      long[] keys,
      MemorySegment values,
      MemorySegment indices,
      long out) {
    int n = candidates(x, start, width, bound(x, start, width, k), keys);
    select(keys, n, k);
    Arrays.sort(keys, n - k, n);
    for (int i = 0; i < k; i++) {
      int index = ~(int) keys[n - 1 - i];
      values.set(
          DenseProduct.FLOAT,
          (out + i) * Float.BYTES,
          x.get(DenseProduct.FLOAT, (start + index) * Float.BYTES));
      indices.set(LONG, (out + i) * Long.BYTES, index);
    }
  }

  /**
   * A value that at least k of the row reach: lane l of the vectors v with v mod parts = p is one
   * part, and the least of all their largest values is the bound.
   */
  private static float bound(MemorySegment x, long start, int width, int k) {
    int vectors = width / Lanes.COUNT;
    int parts = (k + Lanes.COUNT - 1) / Lanes.COUNT;
    if (parts > vectors) {
      return Float.NEGATIVE_INFINITY;
    }
    FloatVector least = FloatVector.broadcast(Lanes.FLOAT, Float.POSITIVE_INFINITY);
    for (int p = 0; p < parts; p++) {
      FloatVector most = at(x, start, p);
      for (int v = p + parts; v < vectors; v += parts) {
        most = most.max(at(x, start, v));
      }
      least = least.min(most);
    }
    return least.reduceLanes(VectorOperators.MIN);
  }

  private static FloatVector at(MemorySegment x, long start, int vector) {
    return DenseProduct.load(x, (start + (long) vector * Lanes.COUNT) * Float.BYTES);
  }

  /** Puts the keys of all values that are not below the bound first; says how many they are. */
  private static int candidates(MemorySegment x, long start, int width, float bound, long[] keys) {
    int n = 0;
    int i = 0;
    for (; i <= width - Lanes.COUNT; i += Lanes.COUNT) {
      VectorMask<Float> below =
          DenseProduct.load(x, (start + i) * Float.BYTES).compare(VectorOperators.LT, bound);
      long left = below.not().toLong();
      while (left != 0) {
        n = collect(x, start, i + Long.numberOfTrailingZeros(left), keys, n);
        left &= left - 1;
      }
    }
    for (; i < width; i++) {
      n = collect(x, start, i, keys, n);
    }
    return n;
  }

  private static int collect(MemorySegment x, long start, int index, long[] keys, int n) {
    float value = x.get(DenseProduct.FLOAT, (start + index) * Float.BYTES);
    keys[n] = (long) ordered(value) << Integer.SIZE | Integer.toUnsignedLong(~index);
    return n + 1;
  }

  /** An int in the order of the value. */
  private static int ordered(float value) {
    int bits = Float.floatToIntBits(value + 0f);
    return bits < 0 ? bits ^ Integer.MAX_VALUE : bits;
  }

  /** Moves the k largest of the first n keys, which are all different, to their end. */
  private static void select(long[] keys, int n, int k) {
    int target = n - k;
    int low = 0;
    int high = n - 1;
    while (low < high) {
      long pivot = middle(keys[low], keys[(low + high) >>> 1], keys[high]);
      int i = low;
      int j = high;
      while (i <= j) {
        while (keys[i] < pivot) {
          i++;
        }
        while (keys[j] > pivot) {
          j--;
        }
        if (i <= j) {
          long key = keys[i];
          keys[i++] = keys[j];
          keys[j--] = key;
        }
      }
      if (target <= j) {
        high = j;
      } else if (target >= i) {
        low = i;
      } else {
        return;
      }
    }
  }

  private static long middle(long a, long b, long c) {
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }
}
