package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import jdk.incubator.vector.FloatVector;

/**
 * 2:4 sparse float32: the {@link Pairs} of every row, its choices, then its firsts and its seconds.
 */
final class TwoFourMatrix extends RowMatrix {
  static final String FORMAT = "float32-2:4";

  private final MemorySegment choices;
  private final MemorySegment values;
  private final long nonZeros;

  /** {@code values} [rows, 2, fours]. */
  private TwoFourMatrix(int rows, int columns, MemorySegment choices, MemorySegment values) {
    super(rows, columns);
    this.choices = choices;
    this.values = values;
    Pairs.check(choices);
    this.nonZeros = countNonZeros();
  }

  static TwoFourMatrix of(float[] w, int rows, int columns) {
    Stored.matrix(w.length, rows, columns);
    int fours = Pairs.fours(columns);
    MemorySegment choices = Stored.empty(rows * Pairs.choiceBytes(columns));
    MemorySegment values = Stored.empty(2L * rows * fours * Float.BYTES);
    for (int r = 0; r < rows; r++) {
      int row = r;
      long begin = 2L * r * fours;
      Pairs.each(
          r,
          columns,
          c -> w[row * columns + c] != 0,
          (g, a, b) -> {
            Pairs.choose(choices, row * Pairs.choiceBytes(columns), g, a, b);
            put(values, begin + g, w, row, columns, 4 * g + a);
            put(values, begin + fours + g, w, row, columns, 4 * g + b);
          });
    }
    Stored.finite("w", values);
    return new TwoFourMatrix(rows, columns, choices, values);
  }

  private static void put(
      MemorySegment values, long index, float[] w, int r, int columns, int column) {
    if (column < columns) {
      values.set(DenseProduct.FLOAT, index * Float.BYTES, w[r * columns + column]);
    }
  }

  static TwoFourMatrix of(Meta meta, Map<String, MemorySegment> parts) {
    meta.cells();
    long choices = meta.rows() * Pairs.choiceBytes(meta.columns());
    long values = 2L * meta.rows() * Pairs.fours(meta.columns()) * Float.BYTES;
    return new TwoFourMatrix(
        meta.rows(),
        meta.columns(),
        Stored.bytes(meta.part(parts, "choices", choices)),
        Stored.floats("values", meta.part(parts, "values", values)));
  }

  @Override
  void product(MemorySegment x, MemorySegment y, long from, long to) {
    int fours = Pairs.fours(columns());
    MemorySegment dealt = dealt(x);
    long choice = Pairs.choiceBytes(columns());
    for (long r = from; r < to; r += 2) {
      // of an odd last row the second row is the same again
      long other = Math.min(r + 1, to - 1);
      two(choices, r * choice, other * choice, values, r, other, dealt, fours, y);
    }
  }

  private static void two(
      MemorySegment choices,
      long row0,
      long row1,
      MemorySegment values,
      long r0,
      long r1,
      MemorySegment x,
      int fours,
      MemorySegment y) {
    long next = (long) fours * Float.BYTES;
    long w0 = 2 * r0 * next;
    long w1 = 2 * r1 * next;
    FloatVector a0 = FloatVector.zero(Lanes.FLOAT);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    for (int g = 0; g < fours; g += Lanes.COUNT) {
      long at = (long) g * Float.BYTES;
      FloatVector x0 = DenseProduct.load(x, at);
      FloatVector x1 = DenseProduct.load(x, at + next);
      FloatVector x2 = DenseProduct.load(x, at + 2 * next);
      FloatVector x3 = DenseProduct.load(x, at + 3 * next);
      long c0 = Pairs.choices(choices, row0, g);
      a0 = DenseProduct.load(values, w0 + at).fma(Pairs.firsts(c0, x0, x1, x2), a0);
      b0 = DenseProduct.load(values, w0 + next + at).fma(Pairs.seconds(c0, x1, x2, x3), b0);
      long c1 = Pairs.choices(choices, row1, g);
      a1 = DenseProduct.load(values, w1 + at).fma(Pairs.firsts(c1, x0, x1, x2), a1);
      b1 = DenseProduct.load(values, w1 + next + at).fma(Pairs.seconds(c1, x1, x2, x3), b1);
    }
    y.set(DenseProduct.FLOAT, r0 * Float.BYTES, DenseProduct.sum(a0.add(b0)));
    y.set(DenseProduct.FLOAT, r1 * Float.BYTES, DenseProduct.sum(a1.add(b1)));
  }

  @Override
  MemorySegment row(int r, MemorySegment scratch) {
    int fours = Pairs.fours(columns());
    MemorySegment own = values.asSlice(2L * r * fours * Float.BYTES, 2L * fours * Float.BYTES);
    Pairs.place(choices, r * Pairs.choiceBytes(columns()), own, columns(), scratch);
    return scratch;
  }

  @Override
  public long nonZeros() {
    return nonZeros;
  }

  @Override
  public String format() {
    return FORMAT;
  }

  @Override
  public Map<String, String> meta() {
    return Meta.of(this, FORMAT);
  }

  @Override
  public Map<String, MemorySegment> parts() {
    return Map.of("choices", choices.asReadOnly(), "values", values.asReadOnly());
  }
}
