package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * Products of a vector with some rows of a matrix, four rows at a time. The lanes of four sums are
 * added together: each step adds half the lanes of two vectors to the other half, and puts the two
 * results into one vector. The order of the additions is fixed, so the bits are the same every
 * time.
 */
final class RowDots {
  private static final int HALF = Lanes.COUNT / 2;
  private static final int QUARTER = Lanes.COUNT / 4;

  private static final VectorMask<Float> UPPER_HALVES = upper(HALF);
  private static final VectorMask<Float> UPPER_QUARTERS = upper(QUARTER);
  private static final VectorShuffle<Float> BY_HALF = across(HALF);
  private static final VectorShuffle<Float> BY_QUARTER = across(QUARTER);
  private static final VectorShuffle<Float> BY_TWO = across(2);
  private static final VectorShuffle<Float> BY_ONE = across(1);

  /** The four sums, from the lanes 0, HALF, QUARTER and HALF + QUARTER to the first four. */
  private static final VectorShuffle<Float> FIRST_FOUR =
      VectorShuffle.fromOp(Lanes.FLOAT, i -> (i & 1) * HALF + (i >> 1 & 1) * QUARTER);

  private RowDots() {}

  private static VectorMask<Float> upper(int distance) {
    boolean[] set = new boolean[Lanes.COUNT];
    for (int i = 0; i < set.length; i++) {
      set[i] = (i & distance) != 0;
    }
    return VectorMask.fromArray(Lanes.FLOAT, set, 0);
  }

  private static VectorShuffle<Float> across(int distance) {
    return VectorShuffle.fromOp(Lanes.FLOAT, i -> (i ^ distance) & Lanes.COUNT - 1);
  }

  /** y[k] = x[t, :] . rows[index[k], :] + offset for k in [from, to). */
  static void of(
      MemorySegment x,
      long t,
      MemorySegment rows,
      int width,
      int[] index,
      int from,
      int to,
      float offset,
      float[] y) {
    for (int k = from; k < to; k += 4) {
      four(x, t, rows, width, index, k, to, offset, y);
    }
  }

  /** Where fewer than four are left, the last row is taken again. */
  private static void four(
      MemorySegment x,
      long t,
      MemorySegment rows,
      int width,
      int[] index,
      int k,
      int to,
      float offset,
      float[] y) {
    long row = (long) width * Float.BYTES;
    long xt = t * row;
    long p0 = index[k] * row;
    long p1 = index[Math.min(k + 1, to - 1)] * row;
    long p2 = index[Math.min(k + 2, to - 1)] * row;
    long p3 = index[Math.min(k + 3, to - 1)] * row;
    FloatVector a = FloatVector.zero(Lanes.FLOAT);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    int i = 0;
    for (; i <= width - Lanes.COUNT; i += Lanes.COUNT) {
      long at = (long) i * Float.BYTES;
      FloatVector u = DenseProduct.load(x, xt + at);
      a = DenseProduct.load(rows, p0 + at).fma(u, a);
      b = DenseProduct.load(rows, p1 + at).fma(u, b);
      c = DenseProduct.load(rows, p2 + at).fma(u, c);
      d = DenseProduct.load(rows, p3 + at).fma(u, d);
    }
    if (i < width) {
      long at = (long) i * Float.BYTES;
      VectorMask<Float> in = Lanes.FLOAT.indexInRange(i, width);
      FloatVector u = DenseProduct.load(x, xt + at, in);
      a = DenseProduct.load(rows, p0 + at, in).fma(u, a);
      b = DenseProduct.load(rows, p1 + at, in).fma(u, b);
      c = DenseProduct.load(rows, p2 + at, in).fma(u, c);
      d = DenseProduct.load(rows, p3 + at, in).fma(u, d);
    }
    added(a, b, c, d).add(offset).intoArray(y, k, Lanes.FLOAT.indexInRange(k, Math.min(k + 4, to)));
  }

  /** The sums of the lanes of four vectors, in the first four lanes. */
  private static FloatVector added(FloatVector a, FloatVector b, FloatVector c, FloatVector d) {
    FloatVector ab = joined(a, b, UPPER_HALVES, BY_HALF);
    FloatVector cd = joined(c, d, UPPER_HALVES, BY_HALF);
    FloatVector all = joined(ab, cd, UPPER_QUARTERS, BY_QUARTER);
    if (Lanes.COUNT == 16) {
      all = all.add(all.rearrange(BY_TWO));
    }
    if (Lanes.COUNT >= 8) {
      all = all.add(all.rearrange(BY_ONE));
    }
    return all.rearrange(FIRST_FOUR);
  }

  /** The lanes of a where the mask is not set and those of b where it is, each with its partner. */
  private static FloatVector joined(
      FloatVector a, FloatVector b, VectorMask<Float> upper, VectorShuffle<Float> across) {
    return a.blend(b, upper).add(b.blend(a, upper).rearrange(across));
  }
}
