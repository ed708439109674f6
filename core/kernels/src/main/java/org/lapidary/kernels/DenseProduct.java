package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Rows of a dense float32 matrix times one vector. */
final class DenseProduct {
  static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(Lanes.ORDER);

  private static final int TWO = 2 * Lanes.COUNT;

  private DenseProduct() {}

  /**
   * sums[i] = the lanes of w[from + i] . x for {@code count} rows of w [.., columns], row-major.
   * Four rows share each load of x and keep eight sums going, which hides the latency of additions.
   */
  static void rows(
      MemorySegment w, MemorySegment x, int columns, int from, int count, MemorySegment sums) {
    int i = 0;
    for (; i + 4 <= count; i += 4) {
      four(w, (long) from + i, x, columns, sums, i);
    }
    for (; i < count; i++) {
      Sums.set(sums, i, one(w, (long) from + i, x, columns));
    }
  }

  private static void four(
      MemorySegment w, long r, MemorySegment x, int columns, MemorySegment sums, int index) {
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
    Sums.set(sums, index, a0.add(b0));
    Sums.set(sums, index + 1, a1.add(b1));
    Sums.set(sums, index + 2, a2.add(b2));
    Sums.set(sums, index + 3, a3.add(b3));
  }

  private static FloatVector one(MemorySegment w, long r, MemorySegment x, int columns) {
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
    return a.add(b);
  }

  static FloatVector load(MemorySegment s, long at) {
    return FloatVector.fromMemorySegment(Lanes.FLOAT, s, at, Lanes.ORDER);
  }

  static FloatVector load(MemorySegment s, long at, VectorMask<Float> in) {
    return FloatVector.fromMemorySegment(Lanes.FLOAT, s, at, Lanes.ORDER, in);
  }
}
