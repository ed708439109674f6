package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/**
 * The vectors that products of rows come to, before their lanes are added. Vector.reduceLanes may
 * add in any order, and does add in another once the method is compiled; here the order is fixed,
 * so that a product has the same bits every time.
 */
final class Sums {
  /** Bytes of one vector. */
  static final long VECTOR = (long) Lanes.COUNT * Float.BYTES;

  private static final VectorShuffle<Float> EIGHT = across(8);
  private static final VectorShuffle<Float> FOUR = across(4);
  private static final VectorShuffle<Float> TWO = across(2);
  private static final VectorShuffle<Float> ONE = across(1);

  private Sums() {}

  private static VectorShuffle<Float> across(int distance) {
    return VectorShuffle.fromOp(Lanes.FLOAT, i -> (i ^ distance) & Lanes.COUNT - 1);
  }

  static void set(MemorySegment sums, int index, FloatVector v) {
    v.intoMemorySegment(sums, index * VECTOR, Lanes.ORDER);
  }

  /** y[first + stride i] = the lanes of vector i, added. */
  static void reduce(MemorySegment sums, int count, MemorySegment y, long first, long stride) {
    for (int i = 0; i < count; i++) {
      FloatVector v = DenseProduct.load(sums, i * VECTOR);
      if (Lanes.COUNT == 16) {
        v = v.add(v.rearrange(EIGHT));
      }
      if (Lanes.COUNT >= 8) {
        v = v.add(v.rearrange(FOUR));
      }
      v = v.add(v.rearrange(TWO));
      v = v.add(v.rearrange(ONE));
      y.set(DenseProduct.FLOAT, (first + stride * i) * Float.BYTES, v.lane(0));
    }
  }
}
