package org.lapidary.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What every packed matrix shares: the checks, the split over threads, and the product with many
 * inputs, for which a row is unpacked once and used for all of them.
 */
abstract sealed class RowMatrix implements PackedMatrix
    permits DenseMatrix, HalfMatrix, SparseMatrix, TwoFourMatrix, CodedMatrix {
  /** Columns come in slots of this many, at every vector width, so that files look the same. */
  static final int SLOT = 16;

  /** Rows come in blocks of this many where a format lays several rows together. */
  static final int BLOCK = 8;

  /** Rows whose sums stay in the nearest cache while their columns go by. */
  private static final int TILE = 512;

  /** Inputs that are taken at once, which bounds the memory a large batch needs. */
  private static final int CHUNK = 256;

  /*
   * Inputs and outputs are copied, which costs little beside the product: the kernels then meet one
   * kind of segment, whatever the caller passes, and the compiler's guesses about it hold.
   */
  private static final ThreadLocal<Scratch> INPUT = ThreadLocal.withInitial(Scratch::new);
  private static final ThreadLocal<Scratch> OUTPUT = ThreadLocal.withInitial(Scratch::new);
  private static final ThreadLocal<Scratch> DEALT = ThreadLocal.withInitial(Scratch::new);
  private static final ThreadLocal<Scratch> SUMS = ThreadLocal.withInitial(Scratch::new);
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

  /**
   * sums[i] = the lanes of row (from + i) . x for {@code count} rows, x [padded] with zeros past
   * the last column; {@code from} begins a block. There is room for a whole block past the last
   * row.
   */
  abstract void tile(MemorySegment x, int from, int count, MemorySegment sums);

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
    if (batch == 1) {
      single(x, y);
    } else {
      int done = 0;
      while (done < batch) {
        int count = Math.min(CHUNK, batch - done);
        chunk(x, y, done, count);
        done += count;
      }
    }
  }

  private void single(MemorySegment x, MemorySegment y) {
    MemorySegment in = INPUT.get().of(padded());
    MemorySegment.copy(x, 0, in, 0, x.byteSize());
    in.asSlice(x.byteSize()).fill((byte) 0);
    MemorySegment out = OUTPUT.get().of(rows);
    Halves.run(rows, columns, (from, to) -> tiles(in, out, (int) from, (int) to));
    MemorySegment.copy(out, 0, y, 0, y.byteSize());
  }

  private void tiles(MemorySegment in, MemorySegment out, int from, int to) {
    MemorySegment sums = sums(TILE + BLOCK);
    for (int r = from; r < to; r += TILE) {
      int count = Math.min(TILE, to - r);
      tile(in, r, count, sums);
      Sums.reduce(sums, count, out, r, 1);
    }
  }

  private void chunk(MemorySegment x, MemorySegment y, int first, int count) {
    long inputs = (long) columns * Float.BYTES;
    MemorySegment in = INPUT.get().of((long) count * columns);
    MemorySegment.copy(x, first * inputs, in, 0, in.byteSize());
    MemorySegment out = OUTPUT.get().of((long) count * rows);
    Halves.run(
        rows,
        (long) columns * count,
        (from, to) -> {
          MemorySegment scratch = ROW.get().of(padded());
          MemorySegment sums = sums(count);
          for (int r = (int) from; r < to; r++) {
            DenseProduct.rows(in, row(r, scratch), columns, 0, count, sums);
            Sums.reduce(sums, count, out, r, rows);
          }
        });
    MemorySegment.copy(out, 0, y, (long) first * rows * Float.BYTES, out.byteSize());
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

  /** x dealt out for {@link Pairs}, in memory of this thread. */
  final MemorySegment dealt(MemorySegment x) {
    MemorySegment dealt = dealt();
    Pairs.deal(x, columns, dealt);
    return dealt;
  }

  /** Four floats for each four columns, in memory of this thread. */
  final MemorySegment dealt() {
    return DEALT.get().of(4L * Pairs.fours(columns));
  }

  private static MemorySegment sums(int rows) {
    return SUMS.get().of((long) rows * Lanes.COUNT);
  }

  /** {@link #tile} by unpacking each row, where a kernel has no faster way. */
  final void rowByRow(MemorySegment x, int from, int count, MemorySegment sums) {
    MemorySegment scratch = ROW.get().of(padded());
    for (int i = 0; i < count; i++) {
      DenseProduct.rows(row(from + i, scratch), x, columns, 0, 1, sums.asSlice(i * Sums.VECTOR));
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

    MemorySegment of(long floats) {
      long bytes = floats * Float.BYTES;
      if (memory.byteSize() < bytes) {
        memory = Arena.ofAuto().allocate(bytes, 64);
      }
      return memory.asSlice(0, bytes);
    }
  }
}
