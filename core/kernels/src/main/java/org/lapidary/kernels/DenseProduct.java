package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Rows of a dense float32 matrix times one vector. */
final class DenseProduct {
  static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(Lanes.ORDER);

  private static final int TWO = 2 * Lanes.COUNT;

  private DenseProduct() {}

  /**
   * y[at + stride r] = w[r] . x for the rows r in [from, to) of w [.., columns], row-major. Four
   * rows share each load of x and keep eight sums going, which hides the latency of the additions.
   */
  static void rows(
      MemorySegment w,
      MemorySegment x,
      int columns,
      MemorySegment y,
      long at,
      long stride,
      long from,
      long to) {
    long r = from;
    for (; r + 4 <= to; r += 4) {
      four(w, r, x, columns, y, at, stride);
    }
    for (; r < to; r++) {
      y.set(FLOAT, (at + stride * r) * Float.BYTES, one(w, r, x, columns));
    }
  }

  private static void four(
      MemorySegment w,
      long r,
      MemorySegment x,
      int columns,
      MemorySegment y,
      long at,
      long stride) {
    long row = (long) columns * Float.BYTES;
    long w0 = r * row;
    long w1 = w0 + row;
    long w2 = w1 + row;
    long w3 = w2 + row;
    FloatVector a0 = FloatVector.zero(Lanes.FLOAT);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    int i = 0;
    for (; i <= columns - TWO; i += TWO) {
      long p = (long) i * Float.BYTES;
      long q = p + (long) Lanes.COUNT * Float.BYTES;
      FloatVector u = load(x, p);
      FloatVector v = load(x, q);
      a0 = load(w, w0 + p).fma(u, a0);
      a1 = load(w, w1 + p).fma(u, a1);
      a2 = load(w, w2 + p).fma(u, a2);
      a3 = load(w, w3 + p).fma(u, a3);
      b0 = load(w, w0 + q).fma(v, b0);
      b1 = load(w, w1 + q).fma(v, b1);
      b2 = load(w, w2 + q).fma(v, b2);
      b3 = load(w, w3 + q).fma(v, b3);
    }
    for (; i < columns; i += Lanes.COUNT) {
      long p = (long) i * Float.BYTES;
      VectorMask<Float> in = Lanes.FLOAT.indexInRange(i, columns);
      FloatVector u = load(x, p, in);
      a0 = load(w, w0 + p, in).fma(u, a0);
      a1 = load(w, w1 + p, in).fma(u, a1);
      a2 = load(w, w2 + p, in).fma(u, a2);
      a3 = load(w, w3 + p, in).fma(u, a3);
    }
    long out = (at + stride * r) * Float.BYTES;
    long next = stride * Float.BYTES;
    y.set(FLOAT, out, sum(a0.add(b0)));
    y.set(FLOAT, out + next, sum(a1.add(b1)));
    y.set(FLOAT, out + 2 * next, sum(a2.add(b2)));
    y.set(FLOAT, out + 3 * next, sum(a3.add(b3)));
  }

  private static float one(MemorySegment w, long r, MemorySegment x, int columns) {
    long row = r * columns * Float.BYTES;
    FloatVector a = FloatVector.zero(Lanes.FLOAT);
    FloatVector b = a;
    int i = 0;
    for (; i <= columns - TWO; i += TWO) {
      long p = (long) i * Float.BYTES;
      long q = p + (long) Lanes.COUNT * Float.BYTES;
      a = load(w, row + p).fma(load(x, p), a);
      b = load(w, row + q).fma(load(x, q), b);
    }
    for (; i < columns; i += Lanes.COUNT) {
      long p = (long) i * Float.BYTES;
      VectorMask<Float> in = Lanes.FLOAT.indexInRange(i, columns);
      a = load(w, row + p, in).fma(load(x, p, in), a);
    }
    return sum(a.add(b));
  }

  static FloatVector load(MemorySegment s, long at) {
    return FloatVector.fromMemorySegment(Lanes.FLOAT, s, at, Lanes.ORDER);
  }

  private static FloatVector load(MemorySegment s, long at, VectorMask<Float> in) {
    return FloatVector.fromMemorySegment(Lanes.FLOAT, s, at, Lanes.ORDER, in);
  }

  static float sum(FloatVector v) {
    return v.reduceLanes(VectorOperators.ADD);
  }
}
