package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntPredicate;
import jdk.incubator.vector.VectorMask;

/**
 * Which weights of a sparse matrix are kept: one bit a column, rows padded with zeros to whole
 * slots of 16 columns, bit i of a slot for its column i.
 */
final class Masks {
  private static final ValueLayout.OfShort SLOT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(Lanes.ORDER);

  private Masks() {}

  /** Bytes of one row. */
  static long rowBytes(int columns) {
    return RowMatrix.padded(columns) / Byte.SIZE;
  }

  /** The 16 bits at byte {@code at}. */
  private static int slot(MemorySegment masks, long at) {
    return masks.get(SLOT, at) & 0xFFFF;
  }

  private static void slot(MemorySegment masks, long at, int bits) {
    masks.set(SLOT, at, (short) bits);
  }

  /** The bits of vector {@code i} of the row that begins at byte {@code row}. */
  static int bits(MemorySegment masks, long row, int i) {
    // Lanes.COUNT is a constant, so only one of these is compiled
    return switch (Lanes.COUNT) {
      case 16 -> slot(masks, row + 2L * i);
      case 8 -> masks.get(ValueLayout.JAVA_BYTE, row + i) & 0xFF;
      default -> masks.get(ValueLayout.JAVA_BYTE, row + (i >> 1)) >>> 4 * (i & 1) & 15;
    };
  }

  static VectorMask<Float> mask(int bits) {
    return VectorMask.fromLong(Lanes.FLOAT, bits);
  }

  /** {@link #bits} as a mask. */
  static VectorMask<Float> vector(MemorySegment masks, long row, int i) {
    return mask(bits(masks, row, i));
  }

  /** Keeps the cells [rows, columns] for which {@code kept} holds. */
  static MemorySegment of(int rows, int columns, IntPredicate kept) {
    long row = rowBytes(columns);
    MemorySegment masks = Stored.empty(rows * row);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        if (kept.test(r * columns + c)) {
          long at = r * row + (c >> 4 << 1);
          slot(masks, at, slot(masks, at) | 1 << (c & 15));
        }
      }
    }
    return masks;
  }

  /** Kept weights before each row, and of all rows last; refuses bits past the last column. */
  static long[] starts(MemorySegment masks, int rows, int columns) {
    long[] starts = new long[rows + 1];
    long row = rowBytes(columns);
    int last = RowMatrix.SLOT - (RowMatrix.padded(columns) - columns);
    for (int r = 0; r < rows; r++) {
      long kept = 0;
      for (long at = r * row; at < (r + 1) * row; at += Short.BYTES) {
        kept += Integer.bitCount(slot(masks, at));
      }
      if (slot(masks, (r + 1) * row - Short.BYTES) >>> last != 0) {
        throw new IllegalArgumentException(
            "row %d of the masks keeps a weight past its last column, %d"
                .formatted(r, columns - 1));
      }
      starts[r + 1] = starts[r] + kept;
    }
    return starts;
  }

  static boolean kept(MemorySegment masks, int r, int c, int columns) {
    return (slot(masks, r * rowBytes(columns) + (c >> 4 << 1)) >>> (c & 15) & 1) != 0;
  }

  /** At most n kept in every m neighbours of a row. */
  static void structured(MemorySegment masks, int rows, int columns, int n, int m) {
    for (int r = 0; r < rows; r++) {
      for (long group = 0; group < columns; group += m) {
        int kept = 0;
        long end = Math.min(columns, group + m);
        for (long c = group; c < end; c++) {
          kept += kept(masks, r, (int) c, columns) ? 1 : 0;
        }
        if (kept > n) {
          throw new IllegalArgumentException(
              "row %d keeps %d weights in columns [%d, %d); the pattern %d:%d allows %d"
                  .formatted(r, kept, group, end, n, m, n));
        }
      }
    }
  }
}
