package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * How a block of 8 rows of codes lies in memory, so that one load brings the codes of 8 rows and
 * two shifts cut out each. {@code width} is the number of columns.
 *
 * <ul>
 *   <li>4 bits: an int a column, the codes of rows 0 to 7 from its highest bits down;
 *   <li>3 bits: the same 24 bits a column, the upper 16 of all columns, then the lower 8;
 *   <li>2 bits: the same in 16 bits a column;
 *   <li>8 bits: row after row, a byte a column.
 * </ul>
 */
final class CodeLanes {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(Lanes.ORDER);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(Lanes.ORDER);

  private CodeLanes() {}

  /** Bytes of a block: 8 rows of {@code bits} a column. */
  static long bytes(int bits, int width) {
    return (long) bits * width;
  }

  /** Puts a code into the zeroed block at byte {@code at}. */
  static void put(
      MemorySegment memory, long at, int bits, int width, int row, int column, byte code) {
    int value = (code & (1 << bits) - 1) << 32 - bits * (row + 1);
    switch (bits) {
      case 8 -> memory.set(ValueLayout.JAVA_BYTE, at + (long) row * width + column, code);
      case 4 -> {
        long p = at + 4L * column;
        memory.set(INT, p, memory.get(INT, p) | value);
      }
      default -> {
        long p = at + 2L * column;
        memory.set(SHORT, p, (short) (memory.get(SHORT, p) | value >>> 16));
        if (bits == 3) {
          long q = at + 2L * width + column;
          byte low = memory.get(ValueLayout.JAVA_BYTE, q);
          memory.set(ValueLayout.JAVA_BYTE, q, (byte) (low | value >>> 8));
        }
      }
    }
  }

  /** The columns from {@code column} on, row 0 in the highest bits; not for 8 bits. */
  static IntVector load(MemorySegment codes, long at, int bits, int width, int column) {
    if (bits == 4) {
      return IntVector.fromMemorySegment(Lanes.INT, codes, at + 4L * column, Lanes.ORDER);
    }
    IntVector high =
        (IntVector)
            ShortVector.fromMemorySegment(Lanes.SHORT, codes, at + 2L * column, Lanes.ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, Lanes.INT, 0);
    high = high.lanewise(VectorOperators.LSHL, 16);
    if (bits == 2) {
      return high;
    }
    IntVector low =
        (IntVector)
            ByteVector.fromMemorySegment(Lanes.BYTE, codes, at + 2L * width + column, Lanes.ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, Lanes.INT, 0);
    return high.or(low.lanewise(VectorOperators.LSHL, 8));
  }

  /** The codes in the highest bits. */
  static FloatVector top(IntVector lanes, int bits) {
    return (FloatVector)
        lanes.lanewise(VectorOperators.ASHR, 32 - bits).convert(VectorOperators.I2F, 0);
  }

  /** Brings the codes {@code bits} below to the highest bits. */
  static IntVector next(IntVector lanes, int bits) {
    return lanes.lanewise(VectorOperators.LSHL, bits);
  }

  /** Codes of 8 bits. */
  static FloatVector widen(MemorySegment codes, long at) {
    return (FloatVector)
        ByteVector.fromMemorySegment(Lanes.BYTE, codes, at, Lanes.ORDER)
            .convertShape(VectorOperators.B2F, Lanes.FLOAT, 0);
  }

  /** The codes of one row of the block from {@code column} on. */
  static FloatVector row(MemorySegment codes, long at, int bits, int width, int column, int row) {
    return bits == 8
        ? widen(codes, at + (long) row * width + column)
        : top(next(load(codes, at, bits, width, column), bits * row), bits);
  }
}
