package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Map;

/** Plain float32, row-major: the measure of every other format. */
final class DenseMatrix extends RowMatrix {
  static final String FORMAT = "float32";

  private final MemorySegment values;
  private final long nonZeros;

  /** {@code values} [rows, columns] are ours already and checked. */
  private DenseMatrix(int rows, int columns, MemorySegment values) {
    super(rows, columns);
    this.values = values;
    this.nonZeros = Stored.nonZeros(values);
  }

  static DenseMatrix of(float[] w, int rows, int columns) {
    Stored.matrix(w.length, rows, columns);
    return new DenseMatrix(rows, columns, Stored.floats("w", w));
  }

  static DenseMatrix of(Meta meta, Map<String, MemorySegment> parts) {
    MemorySegment values = meta.part(parts, "values", meta.cells() * Float.BYTES);
    return new DenseMatrix(meta.rows(), meta.columns(), Stored.floats("values", values));
  }

  @Override
  void tile(MemorySegment x, int from, int count, MemorySegment sums) {
    DenseProduct.rows(values, x, columns(), from, count, sums);
  }

  @Override
  MemorySegment row(int r, MemorySegment scratch) {
    long bytes = (long) columns() * Float.BYTES;
    return values.asSlice(r * bytes, bytes);
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
    return Map.of("values", values.asReadOnly());
  }
}
