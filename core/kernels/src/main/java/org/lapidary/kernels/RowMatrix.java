package org.lapidary.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What every packed matrix shares: the checks, the split over threads, and the product with many
 * inputs, for which a row is unpacked once and used for all of them.
 */
abstract sealed class RowMatrix implements PackedMatrix
    permits DenseMatrix, HalfMatrix, SparseMatrix, CodedMatrix {
  /** Columns come in slots of this many, at every vector width, so that files look the same. */
  static final int SLOT = 16;

  /** Rows come in blocks of this many where a format lays several rows together. */
  static final int BLOCK = 8;

  private static final ThreadLocal<Scratch> INPUT = ThreadLocal.withInitial(Scratch::new);
  private static final ThreadLocal<Scratch> ROW = ThreadLocal.withInitial(Scratch::new);

  private final int rows;
  private final int columns;

  RowMatrix(int rows, int columns) {
    this.rows = rows;
    this.columns = columns;
  }

  @Override
  public final int rows() {
    return rows;
  }

  @Override
  public final int columns() {
    return columns;
  }

  /** Columns rounded up to whole slots. */
  final int padded() {
    return padded(columns);
  }

  /** Columns rounded up to whole slots. */
  static int padded(int columns) {
    return Math.ceilDiv(columns, SLOT) * SLOT;
  }

  /** Whether {@link #product} reads x up to whole slots, past its last column. */
  abstract boolean readsWholeSlots();

  /**
   * y[r] = row r . x for the rows in [from, to), x [columns] or [padded]; {@code from} begins a
   * block, and {@code to} ends one or is the end.
   */
  abstract void product(MemorySegment x, MemorySegment y, long from, long to);

  /** Row r as float32 [columns or more]: a view, or {@code scratch} [padded] filled with it. */
  abstract MemorySegment row(int r, MemorySegment scratch);

  @Override
  public final void multiply(MemorySegment x, MemorySegment y, int batch) {
    if (batch < 0) {
      throw new IllegalArgumentException("batch is " + batch + "; it counts rows of x, 0 or more");
    }
    Check.floats("x [batch " + batch + ", in " + columns + "]", x, (long) batch * columns);
    Check.floats("y [batch " + batch + ", out " + rows + "]", y, (long) batch * rows);
    Check.writable("y", y);
    if (x.asOverlappingSlice(y).isPresent()) {
      throw new IllegalArgumentException(
          "x and y share memory, and y would overwrite inputs still to be read; pass another y");
    }
    if (batch == 1) {
      MemorySegment whole = readsWholeSlots() && columns < padded() ? padInput(x) : x;
      Halves.run(rows, columns, (from, to) -> product(whole, y, from, to), x, y);
    } else if (batch > 1) {
      Halves.run(rows, (long) columns * batch, (from, to) -> batched(x, y, batch, from, to), x, y);
    }
  }

  private void batched(MemorySegment x, MemorySegment y, int batch, long from, long to) {
    MemorySegment scratch = ROW.get().of(padded());
    for (int r = (int) from; r < to; r++) {
      DenseProduct.rows(x, row(r, scratch), columns, y, r, rows, 0, batch);
    }
  }

  @Override
  public final void dequantize(MemorySegment w) {
    Check.floats("w [out " + rows + ", in " + columns + "]", w, (long) rows * columns);
    Check.writable("w", w);
    MemorySegment scratch = ROW.get().of(padded());
    long bytes = (long) columns * Float.BYTES;
    for (int r = 0; r < rows; r++) {
      MemorySegment.copy(row(r, scratch), 0, w, r * bytes, bytes);
    }
  }

  /** {@link #product} by unpacking each row, where a kernel has no faster way. */
  final void rowByRow(MemorySegment x, MemorySegment y, long from, long to) {
    MemorySegment scratch = ROW.get().of(padded());
    for (int r = (int) from; r < to; r++) {
      DenseProduct.rows(row(r, scratch), x, columns, y, r, 1, 0, 1);
    }
  }

  /** Weights that are not zero, by unpacking every row. */
  final long countNonZeros() {
    MemorySegment scratch = ROW.get().of(padded());
    long count = 0;
    for (int r = 0; r < rows; r++) {
      count += Stored.nonZeros(row(r, scratch).asSlice(0, (long) columns * Float.BYTES));
    }
    return count;
  }

  private MemorySegment padInput(MemorySegment x) {
    MemorySegment whole = INPUT.get().of(padded());
    MemorySegment.copy(x, 0, whole, 0, x.byteSize());
    whole.asSlice(x.byteSize()).fill((byte) 0);
    return whole;
  }

  @Override
  public final long bytes() {
    return parts().values().stream().mapToLong(MemorySegment::byteSize).sum();
  }

  @Override
  public final String toString() {
    return format() + " [" + rows + ", " + columns + "]";
  }

  /** A float buffer of one thread that grows as needed. */
  private static final class Scratch {
    private MemorySegment memory = MemorySegment.NULL;

    MemorySegment of(int floats) {
      long bytes = (long) floats * Float.BYTES;
      if (memory.byteSize() < bytes) {
        memory = Arena.ofAuto().allocate(bytes, 64);
      }
      return memory.asSlice(0, bytes);
    }
  }
}
