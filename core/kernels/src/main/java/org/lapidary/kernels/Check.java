package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;

/** Refuses arguments that a kernel could not take. */
final class Check {
  private Check() {}

  /** The number of floats in the segment, which must be whole. */
  static long floats(String name, MemorySegment segment) {
    if (segment.byteSize() % Float.BYTES != 0) {
      throw new IllegalArgumentException(
          name
              + " holds "
              + segment.byteSize()
              + " bytes, which is not a whole number of float32; pass a segment of 4 bytes a value");
    }
    return segment.byteSize() / Float.BYTES;
  }

  /** The segment must hold exactly {@code count} floats. */
  static void floats(String name, MemorySegment segment, long count) {
    if (segment.byteSize() != Math.multiplyExact(count, (long) Float.BYTES)) {
      throw new IllegalArgumentException(
          name
              + " holds "
              + segment.byteSize()
              + " bytes where "
              + count
              + " float32 values ("
              + count * Float.BYTES
              + " bytes) are needed");
    }
  }

  static void writable(String name, MemorySegment segment) {
    if (segment.isReadOnly()) {
      throw new IllegalArgumentException(
          name + " is read-only, but the kernel writes to it; pass a segment that may be written");
    }
  }

  /** A setting must be finite and lie in [low, high). */
  static void setting(String name, float value, float low, float high) {
    if (!(value >= low && value < high)) {
      throw new IllegalArgumentException(
          name + " is " + value + "; it must be at least " + low + " and below " + high);
    }
  }

  static void step(long step) {
    if (step < 1) {
      throw new IllegalArgumentException("step is " + step + "; steps are counted from 1");
    }
  }
}
