package org.lapidary.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Small segments of random float32 for the tests. */
final class Segments {
  private Segments() {}

  static MemorySegment of(Arena arena, float... values) {
    return arena.allocateFrom(ValueLayout.JAVA_FLOAT_UNALIGNED, values);
  }

  static float[] normal(Random random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  static float[] floats(MemorySegment segment) {
    return segment.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
  }
}
