package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Weighted sums of some rows of a matrix. */
final class RowSums {
  private static final int FOUR = 4 * Lanes.COUNT;

  private RowSums() {}

  /**
   * Row {@code at} of y = the sum of factor[k] rows[index[k], :] for k in [from, to). Four vectors
   * of y stay in registers while the rows pass by.
   */
  static void add(
      MemorySegment rows,
      int width,
      int[] index,
      float[] factor,
      int from,
      int to,
      MemorySegment y,
      long at) {
    int c = 0;
    for (; c <= width - FOUR; c += FOUR) {
      four(rows, width, c, index, factor, from, to, y, at);
    }
    for (; c <= width - Lanes.COUNT; c += Lanes.COUNT) {
      one(rows, width, c, index, factor, from, to, y, at);
    }
    if (c < width) {
      tail(rows, width, c, index, factor, from, to, y, at);
    }
  }

  private static void four(
      MemorySegment rows,
      int width,
      int column,
      int[] index,
      float[] factor,
      int from,
      int to,
      MemorySegment y,
      long at) {
    FloatVector a = FloatVector.zero(Lanes.FLOAT);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    for (int k = from; k < to; k++) {
      long p = ((long) index[k] * width + column) * Float.BYTES;
      FloatVector f = FloatVector.broadcast(Lanes.FLOAT, factor[k]);
      a = DenseProduct.load(rows, p).fma(f, a);
      b = DenseProduct.load(rows, p + Sums.VECTOR).fma(f, b);
      c = DenseProduct.load(rows, p + 2 * Sums.VECTOR).fma(f, c);
      d = DenseProduct.load(rows, p + 3 * Sums.VECTOR).fma(f, d);
    }
    long q = (at * width + column) * Float.BYTES;
    a.intoMemorySegment(y, q, Lanes.ORDER);
    b.intoMemorySegment(y, q + Sums.VECTOR, Lanes.ORDER);
    c.intoMemorySegment(y, q + 2 * Sums.VECTOR, Lanes.ORDER);
    d.intoMemorySegment(y, q + 3 * Sums.VECTOR, Lanes.ORDER);
  }

  /** Two sums, of every other row, hide the latency of additions. */
  private static void one(
      MemorySegment rows,
      int width,
      int column,
      int[] index,
      float[] factor,
      int from,
      int to,
      MemorySegment y,
      long at) {
    FloatVector a = FloatVector.zero(Lanes.FLOAT);
    FloatVector b = a;
    int k = from;
    for (; k < to - 1; k += 2) {
      long p = ((long) index[k] * width + column) * Float.BYTES;
      long q = ((long) index[k + 1] * width + column) * Float.BYTES;
      a = DenseProduct.load(rows, p).fma(FloatVector.broadcast(Lanes.FLOAT, factor[k]), a);
      b = DenseProduct.load(rows, q).fma(FloatVector.broadcast(Lanes.FLOAT, factor[k + 1]), b);
    }
    if (k < to) {
      long p = ((long) index[k] * width + column) * Float.BYTES;
      a = DenseProduct.load(rows, p).fma(FloatVector.broadcast(Lanes.FLOAT, factor[k]), a);
    }
    a.add(b).intoMemorySegment(y, (at * width + column) * Float.BYTES, Lanes.ORDER);
  }

  private static void tail(
      MemorySegment rows,
      int width,
      int column,
      int[] index,
      float[] factor,
      int from,
      int to,
      MemorySegment y,
      long at) {
    VectorMask<Float> in = Lanes.FLOAT.indexInRange(column, width);
    FloatVector a = FloatVector.zero(Lanes.FLOAT);
    for (int k = from; k < to; k++) {
      long p = ((long) index[k] * width + column) * Float.BYTES;
      a = DenseProduct.load(rows, p, in).fma(FloatVector.broadcast(Lanes.FLOAT, factor[k]), a);
    }
    a.intoMemorySegment(y, (at * width + column) * Float.BYTES, Lanes.ORDER, in);
  }
}
