package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Scales of a coded matrix, [rows / 8, groups, 8]: those of 8 rows for one group of inputs lie
 * together. Rows past the last have scale 0.
 */
record Scales(MemorySegment memory, int groups) {
  /** Bytes of 8 scales. */
  static final long BYTES = (long) RowMatrix.BLOCK * Float.BYTES;

  static Scales of(float[] scales, int rows, int groups) {
    Stored.floats("scales", scales);
    float[] blocked = new float[Math.toIntExact(size(rows, groups) / Float.BYTES)];
    for (int r = 0; r < rows; r++) {
      for (int g = 0; g < groups; g++) {
        int block = r / RowMatrix.BLOCK * groups + g;
        blocked[block * RowMatrix.BLOCK + r % RowMatrix.BLOCK] = scales[r * groups + g];
      }
    }
    return new Scales(Stored.nativeFloats(blocked), groups);
  }

  /** Bytes of all scales. */
  static long size(int rows, int groups) {
    return Math.ceilDiv(rows, RowMatrix.BLOCK) * (long) groups * BYTES;
  }

  /** Where the scale of row r for the first group lies. */
  static long at(int r, int groups) {
    return r / RowMatrix.BLOCK * (groups * BYTES) + (long) (r % RowMatrix.BLOCK) * Float.BYTES;
  }

  float get(int r, int group) {
    return memory.get(DenseProduct.FLOAT, at(r, groups) + group * BYTES);
  }

  /** One scale in every lane. */
  static FloatVector of(MemorySegment scales, long at, int row) {
    return FloatVector.broadcast(
        Lanes.FLOAT, scales.get(DenseProduct.FLOAT, at + (long) row * Float.BYTES));
  }
}
