package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Scales of a coded matrix, [groups, rows], rows padded with zeros to whole blocks: those of
 * neighbouring rows for one group of inputs lie together.
 */
record Scales(MemorySegment memory, int rows, int groups) {

  static Scales of(float[] scales, int rows, int groups) {
    Stored.floats("scales", scales);
    int padded = padded(rows);
    float[] turned = new float[Math.multiplyExact(padded, groups)];
    for (int r = 0; r < rows; r++) {
      for (int g = 0; g < groups; g++) {
        turned[g * padded + r] = scales[r * groups + g];
      }
    }
    return new Scales(Stored.nativeFloats(turned), rows, groups);
  }

  private static int padded(int rows) {
    return Math.ceilDiv(rows, RowMatrix.BLOCK) * RowMatrix.BLOCK;
  }

  /** Bytes of all scales. */
  static long size(int rows, int groups) {
    return (long) padded(rows) * groups * Float.BYTES;
  }

  /** Bytes from the scale of a row for one group to that for the next. */
  long stride() {
    return (long) padded(rows) * Float.BYTES;
  }

  /** Where the scale of row r for a group lies. */
  long at(int r, int group) {
    return group * stride() + (long) r * Float.BYTES;
  }

  float get(int r, int group) {
    return memory.get(DenseProduct.FLOAT, at(r, group));
  }

  /** One scale in every lane. */
  static FloatVector of(MemorySegment scales, long at, int row) {
    return FloatVector.broadcast(
        Lanes.FLOAT, scales.get(DenseProduct.FLOAT, at + (long) row * Float.BYTES));
  }
}
