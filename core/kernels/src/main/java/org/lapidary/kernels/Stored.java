package org.lapidary.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Takes values in: checked, and copied so that nobody can change them afterwards. */
final class Stored {
  /** One vector of 512 bits. */
  private static final int SLACK = 64;

  private Stored() {}

  /** A matrix has at least one cell, and as many values as it says. */
  static void matrix(int values, int rows, int columns) {
    if (rows < 1 || columns < 1) {
      throw new IllegalArgumentException(
          "a matrix of [" + rows + ", " + columns + "]; rows and columns are at least 1");
    }
    if (values != (long) rows * columns) {
      throw new IllegalArgumentException(
          "%d values for a matrix of [%d, %d], which has %d"
              .formatted(values, rows, columns, (long) rows * columns));
    }
  }

  /**
   * A copy of an array in native memory. Kernels and checks meet nothing else: the compiler bets on
   * the one kind of segment that it has seen, and a lost bet inside a hoisted check costs it a
   * hundred compilations.
   */
  static MemorySegment nativeFloats(float[] values) {
    MemorySegment copy = Arena.ofAuto().allocate((long) values.length * Float.BYTES, 64);
    MemorySegment.copy(values, 0, copy, DenseProduct.FLOAT, 0, values.length);
    return copy;
  }

  /** A copy of finite floats. */
  static MemorySegment floats(String name, MemorySegment source) {
    MemorySegment copy = bytes(source);
    finite(name, copy);
    return copy;
  }

  /** A copy of finite floats. */
  static MemorySegment floats(String name, float[] values) {
    MemorySegment copy = nativeFloats(values);
    finite(name, copy);
    return copy;
  }

  /** Refuses infinities and what is not a number. */
  static void finite(String name, MemorySegment floats) {
    long n = Check.floats(name, floats);
    for (long i = 0; i < n; i++) {
      float value = floats.get(DenseProduct.FLOAT, i * Float.BYTES);
      if (!Float.isFinite(value)) {
        throw new IllegalArgumentException(
            name + " holds " + value + " at index " + i + "; weights and scales must be finite");
      }
    }
  }

  /** A copy of the bytes. */
  static MemorySegment bytes(MemorySegment source) {
    MemorySegment copy = Arena.ofAuto().allocate(source.byteSize(), 64);
    MemorySegment.copy(source, 0, copy, 0, source.byteSize());
    return copy;
  }

  /** A copy followed by zeros, so that a kernel may load a whole word or vector at the end. */
  static MemorySegment slack(MemorySegment source) {
    MemorySegment copy = zeros(source.byteSize());
    MemorySegment.copy(source, 0, copy, 0, source.byteSize());
    return copy;
  }

  /** Zeros to be filled. */
  static MemorySegment empty(long bytes) {
    return Arena.ofAuto().allocate(bytes, 64);
  }

  /** Zeros to be filled, followed by as many more as {@link #slack} adds. */
  static MemorySegment zeros(long bytes) {
    return Arena.ofAuto().allocate(Math.addExact(bytes, (long) SLACK), 64);
  }

  /** What was copied by {@link #slack}, for a serial form. */
  static MemorySegment exact(MemorySegment slack) {
    return slack.asSlice(0, slack.byteSize() - SLACK).asReadOnly();
  }

  static long nonZeros(MemorySegment floats) {
    long count = 0;
    for (long at = 0; at < floats.byteSize(); at += Float.BYTES) {
      if (floats.get(DenseProduct.FLOAT, at) != 0) {
        count++;
      }
    }
    return count;
  }
}
