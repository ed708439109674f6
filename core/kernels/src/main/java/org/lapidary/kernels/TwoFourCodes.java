package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/**
 * 2:4 sparse codes: the choices of {@link Pairs}, and the kept codes [fours / 16, rows / 4] of 16
 * fours and 4 rows. Those lie as {@link CodeLanes} says of 8 rows, where the firsts and the seconds
 * of a row count as two.
 */
final class TwoFourCodes extends CodedMatrix {
  static final String PATTERN = "2:4";

  private static final int ROWS = BLOCK / 2;

  /** The last half of the lanes. */
  private static final VectorMask<Float> UPPER =
      VectorMask.fromLong(Lanes.FLOAT, (1L << Lanes.COUNT) - (1L << Lanes.COUNT / 2));

  private final MemorySegment choices;
  private final MemorySegment codes;
  private final long nonZeros;

  private TwoFourCodes(
      int rows,
      int columns,
      int bits,
      int group,
      Scales scales,
      MemorySegment choices,
      MemorySegment codes) {
    super(rows, columns, bits, group, scales);
    this.choices = choices;
    this.codes = codes;
    Pairs.check(choices);
    this.nonZeros = countNonZeros();
  }

  private static int padded4(int rows) {
    return Math.ceilDiv(rows, ROWS) * ROWS;
  }

  /** Where the block of row r and four g begins. */
  private static long at(int r, int g, int rows, int bits) {
    return (g / 16 * (long) (padded4(rows) / ROWS) + r / ROWS) * CodeLanes.bytes(bits, 16);
  }

  static TwoFourCodes of(byte[] codes, Scales scales, int bits, int group, int rows, int columns) {
    int padded = padded4(rows);
    MemorySegment choices = Stored.empty(Pairs.choiceBytes(padded, columns));
    MemorySegment packed = Stored.zeros(codeBytes(rows, columns, bits));
    for (int r = 0; r < padded; r++) {
      int row = r;
      // rows past the last are zeros, which have their two choices too
      IntUnaryOperator code = c -> row < rows && c < columns ? codes[row * columns + c] : (byte) 0;
      Pairs.each(
          r,
          columns,
          c -> code.applyAsInt(c) != 0,
          (g, a, b) -> {
            Pairs.choose(choices, padded, row, g, a, b);
            long at = at(row, g, rows, bits);
            int lane = row % ROWS * 2;
            byte first = (byte) code.applyAsInt(4 * g + a);
            byte second = (byte) code.applyAsInt(4 * g + b);
            CodeLanes.put(packed, at, bits, 16, lane, g % 16, first);
            CodeLanes.put(packed, at, bits, 16, lane + 1, g % 16, second);
          });
    }
    return new TwoFourCodes(rows, columns, bits, group, scales, choices, packed);
  }

  static TwoFourCodes of(
      Meta meta, Map<String, MemorySegment> parts, int bits, int group, Scales scales) {
    int rows = meta.rows();
    int columns = meta.columns();
    long choices = Pairs.choiceBytes(padded4(rows), columns);
    return new TwoFourCodes(
        rows,
        columns,
        bits,
        group,
        scales,
        Stored.bytes(meta.part(parts, "choices", choices)),
        Stored.slack(meta.part(parts, "codes", codeBytes(rows, columns, bits))));
  }

  private static long codeBytes(int rows, int columns, int bits) {
    return at(0, Pairs.fours(columns), rows, bits);
  }

  @Override
  boolean grouped() {
    return group() % (4 * Lanes.COUNT) == 0 || halves() || group() >= columns();
  }

  /** Whether the halves of a vector belong to different groups. */
  private boolean halves() {
    return group() == 2 * Lanes.COUNT && group() < columns();
  }

  @Override
  void blocks(MemorySegment x, int from, int count, MemorySegment sums) {
    int fours = Pairs.fours(columns());
    MemorySegment dealt = dealt(x);
    sums.fill((byte) 0);
    for (int g = 0; 4 * g < columns(); g += Lanes.COUNT) {
      // every fourth row has its codes at the same bits
      for (int k = 0; k < ROWS; k++) {
        vector(from, k, g, dealt, fours, sums, Math.ceilDiv(count, ROWS));
      }
    }
  }

  private void vector(
      int r, int k, int g, MemorySegment x, int fours, MemorySegment sums, int count) {
    long choice = Pairs.at(r + k, g, padded4(rows()));
    long block = at(r, g, rows(), bits());
    int group = 4 * g / group();
    long scale = scales().at(r + k, group);
    // past the last group all inputs are 0
    long other = halves() && group + 1 < groups() ? scale + scales().stride() : scale;
    MemorySegment memory = scales().memory();
    if (bits() == 8) {
      long at = block + 2 * k * 16 + g % 16;
      bytes(codes, at, choices, choice, memory, scale, other, x, fours, g, sums, k, count);
    } else {
      narrow(
          codes, block, bits(), choices, choice, memory, scale, other, x, fours, g, sums, k, count);
    }
  }

  /** Adds what the fours from g on give to the sums of every fourth row of a tile. */
  private static void narrow(
      MemorySegment codes,
      long block,
      int bits,
      MemorySegment choices,
      long choice,
      MemorySegment scales,
      long scale,
      long other,
      MemorySegment x,
      int fours,
      int g,
      MemorySegment sums,
      int k,
      int count) {
    long at = (long) g * Float.BYTES;
    long next = (long) fours * Float.BYTES;
    FloatVector x0 = DenseProduct.load(x, at);
    FloatVector x1 = DenseProduct.load(x, at + next);
    FloatVector x2 = DenseProduct.load(x, at + 2 * next);
    FloatVector x3 = DenseProduct.load(x, at + 3 * next);
    long bytes = CodeLanes.bytes(bits, 16);
    int skip = 2 * k * bits;
    for (int i = 0; i < count; i++) {
      IntVector v = CodeLanes.load(codes, block + bytes * i, bits, 16, g & 15);
      v = CodeLanes.next(v, skip);
      long c = Pairs.choices(choices, choice + 32L * i, g & 15);
      FloatVector a = CodeLanes.top(v, bits).mul(Pairs.firsts(c, x0, x1, x2));
      v = CodeLanes.next(v, bits);
      a = CodeLanes.top(v, bits).fma(Pairs.seconds(c, x1, x2, x3), a);
      add(a, scales, scale + 16L * i, other + 16L * i, sums, 4 * i + k);
    }
  }

  private static void bytes(
      MemorySegment codes,
      long firsts,
      MemorySegment choices,
      long choice,
      MemorySegment scales,
      long scale,
      long other,
      MemorySegment x,
      int fours,
      int g,
      MemorySegment sums,
      int k,
      int count) {
    long at = (long) g * Float.BYTES;
    long next = (long) fours * Float.BYTES;
    FloatVector x0 = DenseProduct.load(x, at);
    FloatVector x1 = DenseProduct.load(x, at + next);
    FloatVector x2 = DenseProduct.load(x, at + 2 * next);
    FloatVector x3 = DenseProduct.load(x, at + 3 * next);
    for (int i = 0; i < count; i++) {
      long p = firsts + 128L * i;
      long c = Pairs.choices(choices, choice + 32L * i, g & 15);
      FloatVector a = CodeLanes.widen(codes, p).mul(Pairs.firsts(c, x0, x1, x2));
      a = CodeLanes.widen(codes, p + 16).fma(Pairs.seconds(c, x1, x2, x3), a);
      add(a, scales, scale + 16L * i, other + 16L * i, sums, 4 * i + k);
    }
  }

  /** Adds a times its scale, or the scales of its two halves, to sum r. */
  private static void add(
      FloatVector a, MemorySegment scales, long scale, long other, MemorySegment sums, int r) {
    FloatVector s = Scales.of(scales, scale, 0).blend(scales.get(DenseProduct.FLOAT, other), UPPER);
    long at = r * Sums.VECTOR;
    a.fma(s, DenseProduct.load(sums, at)).intoMemorySegment(sums, at, Lanes.ORDER);
  }

  @Override
  void codes(int r, MemorySegment row) {
    int fours = Pairs.fours(columns());
    MemorySegment kept = dealt();
    for (int which = 0; which < 2; which++) {
      for (int g = 0; g < fours; g += Lanes.COUNT) {
        long at = at(r, g, rows(), bits());
        CodeLanes.row(codes, at, bits(), 16, g % 16, r % ROWS * 2 + which)
            .intoMemorySegment(kept, (long) (which * fours + g) * Float.BYTES, Lanes.ORDER);
      }
    }
    Pairs.place(choices, padded4(rows()), r, kept, columns(), row);
  }

  @Override
  public long nonZeros() {
    return nonZeros;
  }

  @Override
  String pattern() {
    return PATTERN;
  }

  @Override
  Map<String, MemorySegment> codeParts() {
    return Map.of("choices", choices.asReadOnly(), "codes", Stored.exact(codes));
  }
}
