package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import jdk.incubator.vector.FloatVector;

/**
 * Sparse float32: a bit a column says whether the weight is kept, and the kept weights follow each
 * other. The kernel loads as many weights as a vector holds, moves them to the lanes of the bits
 * that are set, and goes on after the last one used. N:M is the same form with its pattern checked.
 */
final class SparseMatrix extends RowMatrix {
  static final String FORMAT = "float32-sparse";

  /** At most n kept in every m neighbours; 0:0 when any pattern will do. */
  private record Structure(int n, int m) {
    static final Structure NONE = new Structure(0, 0);

    Structure {
      if ((n != 0 || m != 0) && (n < 1 || m <= n)) {
        throw new IllegalArgumentException(
            "a pattern of %d:%d; N:M keeps N of every M neighbours, with 1 <= N < M"
                .formatted(n, m));
      }
    }

    boolean any() {
      return m == 0;
    }
  }

  private final Structure structure;
  private final MemorySegment masks;
  private final MemorySegment values;
  private final long[] starts;

  private SparseMatrix(
      int rows, int columns, Structure structure, MemorySegment masks, MemorySegment values) {
    super(rows, columns);
    this.structure = structure;
    this.masks = masks;
    this.values = Stored.slack(values);
    this.starts = Masks.starts(masks, rows, columns);
    if (starts[rows] * Float.BYTES != values.byteSize()) {
      throw new IllegalArgumentException(
          "the masks keep %d weights but the part 'values' holds %d bytes; %d are needed"
              .formatted(starts[rows], values.byteSize(), starts[rows] * Float.BYTES));
    }
    if (!structure.any()) {
      Masks.structured(masks, rows, columns, structure.n, structure.m);
    }
    for (long i = 0; i < starts[rows]; i++) {
      if (values.get(DenseProduct.FLOAT, i * Float.BYTES) == 0) {
        throw new IllegalArgumentException(
            "the kept weight " + i + " of a sparse matrix is 0; drop it from the masks");
      }
    }
  }

  static SparseMatrix of(float[] w, int rows, int columns) {
    return of(w, rows, columns, Structure.NONE);
  }

  static SparseMatrix of(float[] w, int rows, int columns, int n, int m) {
    Structure structure = new Structure(n, m);
    if (structure.any()) {
      throw new IllegalArgumentException("a pattern of 0:0; N:M keeps N of every M, 1 <= N < M");
    }
    return of(w, rows, columns, structure);
  }

  private static SparseMatrix of(float[] w, int rows, int columns, Structure structure) {
    Stored.matrix(w.length, rows, columns);
    MemorySegment masks = Masks.of(rows, columns, i -> w[i] != 0);
    float[] values = new float[w.length];
    int n = 0;
    for (float value : w) {
      if (value != 0) {
        values[n++] = value;
      }
    }
    MemorySegment kept = Stored.floats("w", Arrays.copyOf(values, n));
    return new SparseMatrix(rows, columns, structure, masks, kept);
  }

  static SparseMatrix of(Meta meta, Map<String, MemorySegment> parts) {
    Structure structure =
        new Structure(
            meta.integer("n", 0, Integer.MAX_VALUE), meta.integer("m", 0, Integer.MAX_VALUE));
    meta.cells();
    long bytes = meta.rows() * Masks.rowBytes(meta.columns());
    return new SparseMatrix(
        meta.rows(),
        meta.columns(),
        structure,
        Stored.bytes(meta.part(parts, "masks", bytes)),
        Stored.floats("values", meta.part(parts, "values")));
  }

  @Override
  void tile(MemorySegment x, int from, int count, MemorySegment sums) {
    int vectors = padded() / Lanes.COUNT;
    for (int i = 0; i < count; i++) {
      long mask = (from + i) * Masks.rowBytes(columns());
      long value = starts[from + i] * Float.BYTES;
      Sums.set(sums, i, row(masks, mask, values, value, x, vectors));
    }
  }

  /** One row at a time: of two, the compiler keeps no place in a general register. */
  private static FloatVector row(
      MemorySegment masks, long mask, MemorySegment values, long p, MemorySegment x, int vectors) {
    FloatVector a = FloatVector.zero(Lanes.FLOAT);
    FloatVector b = a;
    int i = 0;
    for (; i < vectors - 1; i += 2) {
      long at = (long) i * Lanes.COUNT * Float.BYTES;
      int bits0 = Masks.bits(masks, mask, i);
      int bits1 = Masks.bits(masks, mask, i + 1);
      FloatVector w0 = DenseProduct.load(values, p).expand(Masks.mask(bits0));
      p += (long) Integer.bitCount(bits0) * Float.BYTES;
      FloatVector w1 = DenseProduct.load(values, p).expand(Masks.mask(bits1));
      p += (long) Integer.bitCount(bits1) * Float.BYTES;
      a = w0.fma(DenseProduct.load(x, at), a);
      b = w1.fma(DenseProduct.load(x, at + Lanes.COUNT * Float.BYTES), b);
    }
    if (i < vectors) {
      int bits = Masks.bits(masks, mask, i);
      FloatVector w = DenseProduct.load(values, p).expand(Masks.mask(bits));
      a = w.fma(DenseProduct.load(x, (long) i * Lanes.COUNT * Float.BYTES), a);
    }
    return a.add(b);
  }

  @Override
  MemorySegment row(int r, MemorySegment scratch) {
    long m = r * Masks.rowBytes(columns());
    long p = starts[r] * Float.BYTES;
    for (int i = 0; i < padded() / Lanes.COUNT; i++) {
      int bits = Masks.bits(masks, m, i);
      DenseProduct.load(values, p)
          .expand(Masks.mask(bits))
          .intoMemorySegment(scratch, (long) i * Lanes.COUNT * Float.BYTES, Lanes.ORDER);
      p += (long) Integer.bitCount(bits) * Float.BYTES;
    }
    return scratch;
  }

  @Override
  public long nonZeros() {
    return starts[rows()];
  }

  @Override
  public String format() {
    return structure.any() ? FORMAT : "float32-" + structure.n + ":" + structure.m;
  }

  @Override
  public Map<String, String> meta() {
    Map<String, String> meta = new HashMap<>(Meta.of(this, FORMAT));
    meta.put("n", Integer.toString(structure.n));
    meta.put("m", Integer.toString(structure.m));
    return Map.copyOf(meta);
  }

  @Override
  public Map<String, MemorySegment> parts() {
    return Map.of("masks", masks.asReadOnly(), "values", Stored.exact(values));
  }
}
