package org.lapidary.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The second matrix of an MLP for hidden activations of which most are zero ("lazy neurons", Li et
 * al., 2023, arXiv 2210.06313): y = sum over the active i of h_i W[i, :]. Only the rows of active
 * units are read, so the time goes with their number. The matrix is kept with a row for every
 * hidden unit, [dFF, d], which is the transpose of a linear layer's [out, in].
 */
public final class SparseDown {
  private static final ThreadLocal<float[]> FACTORS = ThreadLocal.withInitial(() -> new float[0]);

  private final int dFF;
  private final int d;
  private final MemorySegment w;

  /**
   * Copies the matrix.
   *
   * @param w [dFF, d] float32, row-major, finite
   */
  public SparseDown(MemorySegment w, int dFF, int d) {
    if (dFF < 1 || d < 1) {
      throw new IllegalArgumentException(
          "a matrix of [dFF " + dFF + ", d " + d + "]; both are at least 1");
    }
    Check.floats("w [dFF " + dFF + ", d " + d + "]", w, (long) dFF * d);
    this.dFF = dFF;
    this.d = d;
    this.w = Stored.floats("w", w);
  }

  /** Hidden units. */
  public int dFF() {
    return dFF;
  }

  /** Outputs. */
  public int d() {
    return d;
  }

  /**
   * y = the sum over the units with h_i > 0.
   *
   * @param h [dFF] float32
   * @param y [d] float32, written
   * @return how many units were active
   */
  public int multiply(MemorySegment h, MemorySegment y) {
    Check.floats("h [dFF " + dFF + "]", h, dFF);
    float[] factors = factors(dFF);
    int[] active = new int[dFF];
    int count = 0;
    for (int i = 0; i < dFF; i++) {
      float value = h.get(DenseProduct.FLOAT, (long) i * Float.BYTES);
      if (value > 0) {
        active[count] = i;
        factors[count++] = value;
      }
    }
    multiply(factors, active, count, y);
    return count;
  }

  /**
   * y = the sum over the given units, whatever their sign: for instance the largest.
   *
   * @param h [dFF] float32
   * @param active units in [0, dFF)
   * @param y [d] float32, written
   */
  public void multiply(MemorySegment h, int[] active, MemorySegment y) {
    Check.floats("h [dFF " + dFF + "]", h, dFF);
    int[] units = active.clone();
    float[] factors = factors(units.length);
    for (int i = 0; i < units.length; i++) {
      if (units[i] < 0 || units[i] >= dFF) {
        throw new IllegalArgumentException(
            "unit %d at index %d; the units are 0 to %d".formatted(units[i], i, dFF - 1));
      }
      factors[i] = h.get(DenseProduct.FLOAT, (long) units[i] * Float.BYTES);
    }
    multiply(factors, units, units.length, y);
  }

  private static float[] factors(int count) {
    if (FACTORS.get().length < count) {
      FACTORS.set(new float[count]);
    }
    return FACTORS.get();
  }

  private void multiply(float[] factors, int[] active, int count, MemorySegment y) {
    Check.floats("y [d " + d + "]", y, d);
    Check.writable("y", y);
    // four at a time; 0 times any row makes up the last four
    int[] rows = Arrays.copyOf(active, (count + 3) / 4 * 4);
    Arrays.fill(rows, count, rows.length, 0);
    float[] h = Arrays.copyOf(factors, rows.length);
    Arrays.fill(h, count, h.length, 0f);
    MemorySegment sum = Arena.ofAuto().allocate((long) d * Float.BYTES, 64);
    for (int i = 0; i < rows.length; i += 4) {
      add(rows, h, i, w, d, sum);
    }
    MemorySegment.copy(sum, 0, y, 0, y.byteSize());
  }

  private static void add(int[] rows, float[] h, int i, MemorySegment w, int d, MemorySegment sum) {
    long row = (long) d * Float.BYTES;
    long w0 = rows[i] * row;
    long w1 = rows[i + 1] * row;
    long w2 = rows[i + 2] * row;
    long w3 = rows[i + 3] * row;
    FloatVector h0 = FloatVector.broadcast(Lanes.FLOAT, h[i]);
    FloatVector h1 = FloatVector.broadcast(Lanes.FLOAT, h[i + 1]);
    FloatVector h2 = FloatVector.broadcast(Lanes.FLOAT, h[i + 2]);
    FloatVector h3 = FloatVector.broadcast(Lanes.FLOAT, h[i + 3]);
    int c = 0;
    for (; c <= d - Lanes.COUNT; c += Lanes.COUNT) {
      long at = (long) c * Float.BYTES;
      FloatVector a = DenseProduct.load(sum, at);
      a = DenseProduct.load(w, w0 + at).fma(h0, a);
      a = DenseProduct.load(w, w1 + at).fma(h1, a);
      a = DenseProduct.load(w, w2 + at).fma(h2, a);
      a = DenseProduct.load(w, w3 + at).fma(h3, a);
      a.intoMemorySegment(sum, at, Lanes.ORDER);
    }
    if (c < d) {
      long at = (long) c * Float.BYTES;
      VectorMask<Float> in = Lanes.FLOAT.indexInRange(c, d);
      FloatVector a = DenseProduct.load(sum, at, in);
      a = DenseProduct.load(w, w0 + at, in).fma(h0, a);
      a = DenseProduct.load(w, w1 + at, in).fma(h1, a);
      a = DenseProduct.load(w, w2 + at, in).fma(h2, a);
      a = DenseProduct.load(w, w3 + at, in).fma(h3, a);
      a.intoMemorySegment(sum, at, Lanes.ORDER, in);
    }
  }
}
