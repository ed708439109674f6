package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * 2:4 sparse codes: the choices of {@link Pairs} for every row, and the kept codes, firsts then
 * seconds, in blocks of 8 rows as {@link CodeLanes} says.
 */
final class TwoFourCodes extends CodedMatrix {
  static final String PATTERN = "2:4";

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

  private static int blocked(int rows) {
    return Math.ceilDiv(rows, BLOCK) * BLOCK;
  }

  static TwoFourCodes of(byte[] codes, Scales scales, int bits, int group, int rows, int columns) {
    int fours = Pairs.fours(columns);
    long half = CodeLanes.bytes(bits, fours);
    MemorySegment choices = Stored.empty(blocked(rows) * Pairs.choiceBytes(columns));
    MemorySegment packed = Stored.zeros(blocked(rows) / BLOCK * 2 * half);
    for (int r = 0; r < blocked(rows); r++) {
      int row = r;
      // rows past the last are zeros, so that every row has its two choices
      int begin = row < rows ? row * columns : -1;
      Pairs.each(
          r,
          columns,
          c -> begin >= 0 && codes[begin + c] != 0,
          (g, a, b) -> {
            Pairs.choose(choices, row * Pairs.choiceBytes(columns), g, a, b);
            if (begin >= 0) {
              long at = row / BLOCK * 2 * half;
              byte first = 4 * g + a < columns ? codes[begin + 4 * g + a] : 0;
              byte second = 4 * g + b < columns ? codes[begin + 4 * g + b] : 0;
              CodeLanes.put(packed, at, bits, fours, row % BLOCK, g, first);
              CodeLanes.put(packed, at + half, bits, fours, row % BLOCK, g, second);
            }
          });
    }
    return new TwoFourCodes(rows, columns, bits, group, scales, choices, packed);
  }

  static TwoFourCodes of(
      Meta meta, Map<String, MemorySegment> parts, int bits, int group, Scales scales) {
    int rows = meta.rows();
    long choices = blocked(rows) * Pairs.choiceBytes(meta.columns());
    long codes = blocked(rows) / BLOCK * 2 * CodeLanes.bytes(bits, Pairs.fours(meta.columns()));
    return new TwoFourCodes(
        rows,
        meta.columns(),
        bits,
        group,
        scales,
        Stored.bytes(meta.part(parts, "choices", choices)),
        Stored.slack(meta.part(parts, "codes", codes)));
  }

  @Override
  boolean grouped() {
    return group() % Pairs.SPAN == 0 || group() >= columns();
  }

  @Override
  void blocks(MemorySegment x, MemorySegment y, int from, int to) {
    int fours = Pairs.fours(columns());
    int perGroup = group() >= columns() ? fours : group() / 4;
    MemorySegment dealt = dealt(x);
    for (int r = from; r < to; r += 2) {
      long begin = r / BLOCK * 2 * CodeLanes.bytes(bits(), fours);
      long choice = r * Pairs.choiceBytes(columns());
      long s = Scales.at(r, groups());
      MemorySegment memory = scales().memory();
      if (bits() == 8) {
        begin += (long) (r % BLOCK) * fours;
        bytes(codes, begin, choices, choice, memory, s, dealt, fours, perGroup, y, r, rows());
      } else {
        int skip = bits() * (r % BLOCK);
        narrow(
            codes, begin, bits(), skip, choices, choice, memory, s, dealt, fours, perGroup, y, r,
            rows());
      }
    }
  }

  private static void narrow(
      MemorySegment codes,
      long begin,
      int bits,
      int skip,
      MemorySegment choices,
      long row,
      MemorySegment scales,
      long s,
      MemorySegment x,
      int fours,
      int perGroup,
      MemorySegment y,
      int r,
      int rows) {
    long next = (long) fours * Float.BYTES;
    long half = CodeLanes.bytes(bits, fours);
    FloatVector zero = FloatVector.zero(Lanes.FLOAT);
    FloatVector a0 = zero;
    FloatVector a1 = zero;
    FloatVector t0 = zero;
    FloatVector t1 = zero;
    int left = perGroup;
    for (int g = 0; g < fours; g += Lanes.COUNT) {
      if (left == 0) {
        t0 = a0.fma(Scales.of(scales, s, 0), t0);
        t1 = a1.fma(Scales.of(scales, s, 1), t1);
        a0 = zero;
        a1 = zero;
        left = perGroup;
        s += Scales.BYTES;
      }
      left -= Lanes.COUNT;
      long at = (long) g * Float.BYTES;
      FloatVector x0 = DenseProduct.load(x, at);
      FloatVector x1 = DenseProduct.load(x, at + next);
      FloatVector x2 = DenseProduct.load(x, at + 2 * next);
      FloatVector x3 = DenseProduct.load(x, at + 3 * next);
      IntVector v = CodeLanes.next(CodeLanes.load(codes, begin, bits, fours, g), skip);
      IntVector w = CodeLanes.next(CodeLanes.load(codes, begin + half, bits, fours, g), skip);
      long c0 = Pairs.choices(choices, row, g);
      a0 = CodeLanes.top(v, bits).fma(Pairs.firsts(c0, x0, x1, x2), a0);
      a0 = CodeLanes.top(w, bits).fma(Pairs.seconds(c0, x1, x2, x3), a0);
      v = CodeLanes.next(v, bits);
      w = CodeLanes.next(w, bits);
      long c1 = Pairs.choices(choices, row + fours / 2, g);
      a1 = CodeLanes.top(v, bits).fma(Pairs.firsts(c1, x0, x1, x2), a1);
      a1 = CodeLanes.top(w, bits).fma(Pairs.seconds(c1, x1, x2, x3), a1);
    }
    store(y, r, rows, a0.fma(Scales.of(scales, s, 0), t0));
    store(y, r + 1, rows, a1.fma(Scales.of(scales, s, 1), t1));
  }

  private static void bytes(
      MemorySegment codes,
      long begin,
      MemorySegment choices,
      long row,
      MemorySegment scales,
      long s,
      MemorySegment x,
      int fours,
      int perGroup,
      MemorySegment y,
      int r,
      int rows) {
    long next = (long) fours * Float.BYTES;
    long seconds = begin + CodeLanes.bytes(8, fours);
    FloatVector zero = FloatVector.zero(Lanes.FLOAT);
    FloatVector a0 = zero;
    FloatVector a1 = zero;
    FloatVector t0 = zero;
    FloatVector t1 = zero;
    int left = perGroup;
    for (int g = 0; g < fours; g += Lanes.COUNT) {
      if (left == 0) {
        t0 = a0.fma(Scales.of(scales, s, 0), t0);
        t1 = a1.fma(Scales.of(scales, s, 1), t1);
        a0 = zero;
        a1 = zero;
        left = perGroup;
        s += Scales.BYTES;
      }
      left -= Lanes.COUNT;
      long at = (long) g * Float.BYTES;
      FloatVector x0 = DenseProduct.load(x, at);
      FloatVector x1 = DenseProduct.load(x, at + next);
      FloatVector x2 = DenseProduct.load(x, at + 2 * next);
      FloatVector x3 = DenseProduct.load(x, at + 3 * next);
      long c0 = Pairs.choices(choices, row, g);
      a0 = CodeLanes.widen(codes, begin + g).fma(Pairs.firsts(c0, x0, x1, x2), a0);
      a0 = CodeLanes.widen(codes, seconds + g).fma(Pairs.seconds(c0, x1, x2, x3), a0);
      long c1 = Pairs.choices(choices, row + fours / 2, g);
      a1 = CodeLanes.widen(codes, begin + fours + g).fma(Pairs.firsts(c1, x0, x1, x2), a1);
      a1 = CodeLanes.widen(codes, seconds + fours + g).fma(Pairs.seconds(c1, x1, x2, x3), a1);
    }
    store(y, r, rows, a0.fma(Scales.of(scales, s, 0), t0));
    store(y, r + 1, rows, a1.fma(Scales.of(scales, s, 1), t1));
  }

  @Override
  void codes(int r, MemorySegment row) {
    int fours = Pairs.fours(columns());
    long half = CodeLanes.bytes(bits(), fours);
    long begin = r / BLOCK * 2 * half;
    MemorySegment kept = dealt();
    for (int g = 0; g < fours; g += Lanes.COUNT) {
      CodeLanes.row(codes, begin, bits(), fours, g, r % BLOCK)
          .intoMemorySegment(kept, (long) g * Float.BYTES, Lanes.ORDER);
      CodeLanes.row(codes, begin + half, bits(), fours, g, r % BLOCK)
          .intoMemorySegment(kept, (long) (fours + g) * Float.BYTES, Lanes.ORDER);
    }
    Pairs.place(choices, r * Pairs.choiceBytes(columns()), kept, columns(), row);
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
