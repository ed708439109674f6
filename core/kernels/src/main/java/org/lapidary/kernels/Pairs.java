package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntPredicate;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * 2:4 sparsity by choice instead of by place. Of every four neighbours of a row a first and a
 * second are kept, at places a &lt; b of {0, 1, 2, 3}. The inputs are dealt out into four rows, x0
 * to x3, with x_k[g] = x[4 g + k]; then the kept weights of 16 fours are two plain vectors, and
 * what each is multiplied with is chosen lane by lane: x0, x1 or x2 for the first, x3, x2 or x1 for
 * the second.
 *
 * <p>The choices of 16 fours are 64 bits: 16 where the first takes x1, 16 where it takes x2, 16
 * where the second takes x2, 16 where it takes x1. That is one bit a column, as a bit mask would
 * be.
 */
final class Pairs {
  /** Columns of 16 fours. */
  static final int SPAN = 64;

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(Lanes.ORDER);

  private Pairs() {}

  /** Fours in a row, padded to a whole number of 16. */
  static int fours(int columns) {
    return Math.toIntExact(Math.ceilDiv((long) columns, SPAN) * 16);
  }

  /** Bytes of the choices, [fours / 16, rows] of 64 bits. */
  static long choiceBytes(int rows, int columns) {
    return fours(columns) / 16 * 8L * rows;
  }

  /** Where the choices of row r for four g begin. */
  static long at(int r, int g, int rows) {
    return (g / 16 * (long) rows + r) * 8;
  }

  /** Notes that four g of row r keeps places a and b. */
  static void choose(MemorySegment choices, int rows, int r, int g, int a, int b) {
    long at = at(r, g, rows);
    long bits = choices.get(LONG, at);
    int lane = g % 16;
    bits |= a == 1 ? 1L << lane : a == 2 ? 1L << 16 + lane : 0;
    bits |= b == 2 ? 1L << 32 + lane : b == 1 ? 1L << 48 + lane : 0;
    choices.set(LONG, at, bits);
  }

  /** The place of the first of four g of row r. */
  private static int first(MemorySegment choices, int rows, int r, int g) {
    long bits = choices.get(LONG, at(r, g, rows)) >>> g % 16;
    return (int) (bits & 1) + 2 * (int) (bits >>> 16 & 1);
  }

  /** The place of its second. */
  private static int second(MemorySegment choices, int rows, int r, int g) {
    long bits = choices.get(LONG, at(r, g, rows)) >>> g % 16;
    return 3 - (int) (bits >>> 32 & 1) - 2 * (int) (bits >>> 48 & 1);
  }

  /** Refuses choices of which the second does not lie after the first. */
  static void check(MemorySegment choices) {
    for (long at = 0; at < choices.byteSize(); at += Long.BYTES) {
      long bits = choices.get(LONG, at);
      long x1 = bits & 0xFFFF;
      long x2 = bits >>> 16 & 0xFFFF;
      long y2 = bits >>> 32 & 0xFFFF;
      long y1 = bits >>> 48;
      if ((x1 & x2 | y1 & y2 | x1 & y1 | x2 & y2 | x2 & y1) != 0) {
        throw new IllegalArgumentException(
            "the part 'choices' of a packed 2:4 matrix is impossible at byte %d: of every four"
                    .formatted(at)
                + " weights two different ones are kept, the first before the second");
      }
    }
  }

  /** Takes the fours of a row one by one. */
  interface Four {
    void keep(int g, int a, int b);
  }

  /**
   * Chooses the two places to keep in every four of row r: those of the columns that are not zero,
   * filled up from the left.
   *
   * @throws IllegalArgumentException where a four has more than two
   */
  static void each(int r, int columns, IntPredicate nonZero, Four four) {
    for (int g = 0; g < fours(columns); g++) {
      int kept = 0;
      for (int c = 4 * g; c < Math.min(4 * g + 4, columns); c++) {
        kept |= nonZero.test(c) ? 1 << (c & 3) : 0;
      }
      if (Integer.bitCount(kept) > 2) {
        throw new IllegalArgumentException(
            "row %d keeps %d weights in columns [%d, %d); the pattern 2:4 allows 2"
                .formatted(r, Integer.bitCount(kept), 4 * g, Math.min(4 * g + 4, columns)));
      }
      for (int place = 0; Integer.bitCount(kept) < 2; place++) {
        kept |= 1 << place;
      }
      int a = Integer.numberOfTrailingZeros(kept);
      four.keep(g, a, Integer.numberOfTrailingZeros(kept & kept - 1));
    }
  }

  /** Puts the kept weights [2, fours] of row r at their columns of {@code row}, zeros between. */
  static void place(
      MemorySegment choices, int rows, int r, MemorySegment kept, int columns, MemorySegment row) {
    int fours = fours(columns);
    row.fill((byte) 0);
    for (int g = 0; 4 * g < columns; g++) {
      place(kept, g, 4 * g + first(choices, rows, r, g), columns, row);
      place(kept, fours + g, 4 * g + second(choices, rows, r, g), columns, row);
    }
  }

  private static void place(
      MemorySegment kept, int index, int column, int columns, MemorySegment row) {
    if (column < columns) {
      float value = kept.get(DenseProduct.FLOAT, (long) index * Float.BYTES);
      row.set(DenseProduct.FLOAT, (long) column * Float.BYTES, value);
    }
  }

  /** Deals x [columns] out into {@code dealt} [4, fours], zeros past the last column. */
  static void deal(MemorySegment x, int columns, MemorySegment dealt) {
    int fours = fours(columns);
    dealt.fill((byte) 0);
    for (int c = 0; c < columns; c++) {
      float value = x.get(DenseProduct.FLOAT, (long) c * Float.BYTES);
      dealt.set(DenseProduct.FLOAT, ((long) (c & 3) * fours + (c >> 2)) * Float.BYTES, value);
    }
  }

  /** The choices at a place that {@link #at} began, of the lanes from {@code lane} on. */
  static long choices(MemorySegment choices, long at, int lane) {
    return choices.get(LONG, at) >>> lane;
  }

  /** What the firsts are multiplied with. */
  static FloatVector firsts(long choices, FloatVector x0, FloatVector x1, FloatVector x2) {
    return x0.blend(x1, mask(choices)).blend(x2, mask(choices >>> 16));
  }

  /** What the seconds are multiplied with. */
  static FloatVector seconds(long choices, FloatVector x1, FloatVector x2, FloatVector x3) {
    return x3.blend(x2, mask(choices >>> 32)).blend(x1, mask(choices >>> 48));
  }

  private static VectorMask<Float> mask(long bits) {
    return VectorMask.fromLong(Lanes.FLOAT, bits);
  }
}
