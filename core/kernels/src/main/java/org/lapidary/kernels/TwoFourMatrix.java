package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import jdk.incubator.vector.FloatVector;

/**
 * 2:4 sparse float32: the choices of {@link Pairs}, and the values [fours / 16, rows, 2, 16],
 * firsts and seconds.
 */
final class TwoFourMatrix extends RowMatrix {
  static final String FORMAT = "float32-2:4";

  /** Bytes from a first to its second. */
  private static final long SECONDS = 16L * Float.BYTES;

  private final MemorySegment choices;
  private final MemorySegment values;
  private final long nonZeros;

  private TwoFourMatrix(int rows, int columns, MemorySegment choices, MemorySegment values) {
    super(rows, columns);
    this.choices = choices;
    this.values = values;
    Pairs.check(choices);
    this.nonZeros = countNonZeros();
  }

  static TwoFourMatrix of(float[] w, int rows, int columns) {
    Stored.matrix(w.length, rows, columns);
    MemorySegment choices = Stored.empty(Pairs.choiceBytes(rows, columns));
    MemorySegment values = Stored.empty(2L * rows * Pairs.fours(columns) * Float.BYTES);
    for (int r = 0; r < rows; r++) {
      int row = r;
      Pairs.each(
          r,
          columns,
          c -> w[row * columns + c] != 0,
          (g, a, b) -> {
            Pairs.choose(choices, rows, row, g, a, b);
            long at = at(row, g, rows);
            put(values, at, w, row, columns, 4 * g + a);
            put(values, at + SECONDS, w, row, columns, 4 * g + b);
          });
    }
    Stored.finite("w", values);
    return new TwoFourMatrix(rows, columns, choices, values);
  }

  /** Where the first of four g of row r lies. */
  private static long at(int r, int g, int rows) {
    return ((g / 16 * (long) rows + r) * 32 + g % 16) * Float.BYTES;
  }

  private static void put(
      MemorySegment values, long at, float[] w, int r, int columns, int column) {
    if (column < columns) {
      values.set(DenseProduct.FLOAT, at, w[r * columns + column]);
    }
  }

  static TwoFourMatrix of(Meta meta, Map<String, MemorySegment> parts) {
    meta.cells();
    long choices = Pairs.choiceBytes(meta.rows(), meta.columns());
    long values = 2L * meta.rows() * Pairs.fours(meta.columns()) * Float.BYTES;
    return new TwoFourMatrix(
        meta.rows(),
        meta.columns(),
        Stored.bytes(meta.part(parts, "choices", choices)),
        Stored.floats("values", meta.part(parts, "values", values)));
  }

  @Override
  void tile(MemorySegment x, int from, int count, MemorySegment sums) {
    int fours = Pairs.fours(columns());
    MemorySegment dealt = dealt(x);
    sums.fill((byte) 0);
    for (int g = 0; g < fours; g += Lanes.COUNT) {
      long choice = Pairs.at(from, g, rows());
      vector(choices, choice, g % 16, values, at(from, g, rows()), dealt, fours, g, sums, count);
    }
  }

  /** Adds what the fours from g on give to the sums of a tile of rows. */
  private static void vector(
      MemorySegment choices,
      long choice,
      int lane,
      MemorySegment values,
      long w,
      MemorySegment x,
      int fours,
      int g,
      MemorySegment sums,
      int rows) {
    long at = (long) g * Float.BYTES;
    long next = (long) fours * Float.BYTES;
    FloatVector x0 = DenseProduct.load(x, at);
    FloatVector x1 = DenseProduct.load(x, at + next);
    FloatVector x2 = DenseProduct.load(x, at + 2 * next);
    FloatVector x3 = DenseProduct.load(x, at + 3 * next);
    for (int r = 0; r < rows; r++) {
      long c = Pairs.choices(choices, choice + 8L * r, lane);
      long p = w + 2 * SECONDS * r;
      long s = (long) Lanes.COUNT * Float.BYTES * r;
      FloatVector sum = DenseProduct.load(sums, s);
      sum = DenseProduct.load(values, p).fma(Pairs.firsts(c, x0, x1, x2), sum);
      sum = DenseProduct.load(values, p + SECONDS).fma(Pairs.seconds(c, x1, x2, x3), sum);
      sum.intoMemorySegment(sums, s, Lanes.ORDER);
    }
  }

  @Override
  MemorySegment row(int r, MemorySegment scratch) {
    int fours = Pairs.fours(columns());
    MemorySegment kept = dealt();
    for (int g = 0; g < fours; g += 16) {
      long at = at(r, g, rows());
      MemorySegment.copy(values, at, kept, (long) g * Float.BYTES, SECONDS);
      MemorySegment.copy(values, at + SECONDS, kept, (long) (fours + g) * Float.BYTES, SECONDS);
    }
    Pairs.place(choices, rows(), r, kept, columns(), scratch);
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
