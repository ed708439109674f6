package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * IEEE float16 storage, row-major; products and sums are float32.
 *
 * <p>A half is widened by moving its 15 bits of exponent and mantissa to where a float keeps them;
 * the exponent is then too small by 127 - 15 = 112, which one multiplication puts right, for
 * subnormal halves too.
 */
final class HalfMatrix extends RowMatrix {
  static final String FORMAT = "float16";

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(Lanes.ORDER);

  private static final int TO_FLOAT = 13;
  private static final int SIGN_AND_VALUE = 0x8FFFE000;
  private static final float REBIAS = 0x1p112f;

  private final MemorySegment halves;
  private final long nonZeros;

  private HalfMatrix(int rows, int columns, MemorySegment halves) {
    super(rows, columns);
    this.halves = halves;
    long count = 0;
    for (long i = 0; i < (long) rows * columns; i++) {
      count += (halves.get(SHORT, i * Short.BYTES) & 0x7FFF) != 0 ? 1 : 0;
    }
    this.nonZeros = count;
  }

  static HalfMatrix of(float[] w, int rows, int columns) {
    Stored.matrix(w.length, rows, columns);
    MemorySegment halves = Stored.zeros((long) w.length * Short.BYTES);
    for (int i = 0; i < w.length; i++) {
      short half = Float.floatToFloat16(w[i]);
      if (!finite(half)) {
        throw new IllegalArgumentException(
            "w holds %s at index %d; float16 reaches from -65504 to 65504, use float32 instead"
                .formatted(w[i], i));
      }
      halves.set(SHORT, (long) i * Short.BYTES, half);
    }
    return new HalfMatrix(rows, columns, halves);
  }

  static HalfMatrix of(Meta meta, Map<String, MemorySegment> parts) {
    long cells = meta.cells();
    MemorySegment halves = Stored.slack(meta.part(parts, "values", cells * Short.BYTES));
    for (long i = 0; i < cells; i++) {
      if (!finite(halves.get(SHORT, i * Short.BYTES))) {
        throw new IllegalArgumentException(
            "values of a packed float16 matrix are not finite at index " + i);
      }
    }
    return new HalfMatrix(meta.rows(), meta.columns(), halves);
  }

  private static boolean finite(short half) {
    return (half & 0x7C00) != 0x7C00;
  }

  @Override
  void tile(MemorySegment x, int from, int count, MemorySegment sums) {
    int i = 0;
    for (; i + 4 <= count; i += 4) {
      four(halves, (long) from + i, x, columns(), sums, i);
    }
    for (; i < count; i++) {
      Sums.set(sums, i, one(halves, (long) from + i, x, columns()));
    }
  }

  /** The last vector of a row may reach into the next row, where x is 0. */
  private static void four(
      MemorySegment w, long r, MemorySegment x, int columns, MemorySegment sums, int index) {
    long row = (long) columns * Short.BYTES;
    long w0 = r * row;
    long w1 = w0 + row;
    long w2 = w1 + row;
    long w3 = w2 + row;
    FloatVector a0 = FloatVector.zero(Lanes.FLOAT);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    for (int i = 0; i < columns; i += Lanes.COUNT) {
      long p = (long) i * Short.BYTES;
      FloatVector u = DenseProduct.load(x, (long) i * Float.BYTES);
      a0 = widen(w, w0 + p).fma(u, a0);
      a1 = widen(w, w1 + p).fma(u, a1);
      a2 = widen(w, w2 + p).fma(u, a2);
      a3 = widen(w, w3 + p).fma(u, a3);
    }
    Sums.set(sums, index, a0);
    Sums.set(sums, index + 1, a1);
    Sums.set(sums, index + 2, a2);
    Sums.set(sums, index + 3, a3);
  }

  private static FloatVector one(MemorySegment w, long r, MemorySegment x, int columns) {
    long row = r * columns * Short.BYTES;
    FloatVector a = FloatVector.zero(Lanes.FLOAT);
    for (int i = 0; i < columns; i += Lanes.COUNT) {
      FloatVector u = DenseProduct.load(x, (long) i * Float.BYTES);
      a = widen(w, row + (long) i * Short.BYTES).fma(u, a);
    }
    return a;
  }

  private static FloatVector widen(MemorySegment w, long at) {
    IntVector bits =
        (IntVector)
            ShortVector.fromMemorySegment(Lanes.SHORT, w, at, Lanes.ORDER)
                .convertShape(VectorOperators.S2I, Lanes.INT, 0);
    return bits.lanewise(VectorOperators.LSHL, TO_FLOAT)
        .and(SIGN_AND_VALUE)
        .reinterpretAsFloats()
        .mul(REBIAS);
  }

  @Override
  MemorySegment row(int r, MemorySegment scratch) {
    long row = (long) r * columns() * Short.BYTES;
    for (int i = 0; i < columns(); i += Lanes.COUNT) {
      widen(halves, row + (long) i * Short.BYTES)
          .intoMemorySegment(scratch, (long) i * Float.BYTES, Lanes.ORDER);
    }
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
    return Map.of("values", Stored.exact(halves));
  }
}
