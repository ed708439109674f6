package org.lapidary.interpret.lazyneuron;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.kernels.PackedMatrix;
import org.lapidary.kernels.SparseDown;
import org.lapidary.tensor.Rng;

/**
 * Times the second product of an MLP, batch 1, with the rows of silent units skipped and with the
 * whole matrix, by turns, on one thread.
 *
 * @param d outputs
 * @param dFF hidden units
 * @param density share of hidden units that are active
 * @param repetitions how often each is timed
 */
record KernelSpeed(int d, int dFF, double density, int repetitions) {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  /** Rows multiplied at once by the dense product: so few that it does not take a second thread. */
  private static final long WORK = 1 << 18;

  /** Different activations, so that no product finds its rows in the cache from the last time. */
  private static final int INPUTS = 16;

  /**
   * What was measured.
   *
   * @param dense sorted microseconds
   * @param sparse sorted microseconds
   * @param error the largest difference of the outputs over the largest output
   */
  record Timed(double[] dense, double[] sparse, double error) {
    /** Times the sparse product is faster, by the medians. */
    double ratio() {
      return at(dense, 0.5) / at(sparse, 0.5);
    }

    /** A quantile of sorted times. */
    static double at(double[] sorted, double quantile) {
      return sorted[(int) Math.round(quantile * (sorted.length - 1))];
    }
  }

  Timed measure(long seed) {
    Rng rng = new Rng(seed).fork(0x5EED);
    try (Arena arena = Arena.ofConfined()) {
      float[] w = floats(rng, d * dFF);
      MemorySegment rows = arena.allocate((long) Float.BYTES * d * dFF, 64);
      for (int o = 0; o < d; o++) {
        for (int i = 0; i < dFF; i++) {
          rows.setAtIndex(FLOAT, (long) i * d + o, w[o * dFF + i]);
        }
      }
      SparseDown sparse = new SparseDown(rows, dFF, d);
      int block = (int) Math.clamp(WORK / dFF, 1, d);
      List<PackedMatrix> dense = new ArrayList<>();
      for (int from = 0; from < d; from += block) {
        int to = Math.min(d, from + block);
        dense.add(PackedMatrix.dense(Arrays.copyOfRange(w, from * dFF, to * dFF), to - from, dFF));
      }
      List<MemorySegment> hidden = new ArrayList<>();
      for (int i = 0; i < INPUTS; i++) {
        hidden.add(hidden(rng, arena));
      }
      MemorySegment y = arena.allocate((long) Float.BYTES * d, 64);
      MemorySegment z = arena.allocate((long) Float.BYTES * d, 64);
      double error = 0;
      double[] denseTimes = new double[repetitions];
      double[] sparseTimes = new double[repetitions];
      // The first rounds are for the compiler.
      for (int r = -repetitions; r < repetitions; r++) {
        MemorySegment h = hidden.get(Math.floorMod(r, INPUTS));
        long start = System.nanoTime();
        dense(dense, h, y);
        long middle = System.nanoTime();
        sparse.multiply(h, z);
        long end = System.nanoTime();
        if (r >= 0) {
          denseTimes[r] = (middle - start) / 1e3;
          sparseTimes[r] = (end - middle) / 1e3;
        } else {
          error = Math.max(error, difference(y, z));
        }
      }
      Arrays.sort(denseTimes);
      Arrays.sort(sparseTimes);
      return new Timed(denseTimes, sparseTimes, error);
    }
  }

  private void dense(List<PackedMatrix> parts, MemorySegment h, MemorySegment y) {
    long at = 0;
    for (PackedMatrix part : parts) {
      long bytes = (long) part.rows() * Float.BYTES;
      part.multiply(h, y.asSlice(at, bytes), 1);
      at += bytes;
    }
  }

  private double difference(MemorySegment y, MemorySegment z) {
    double largest = 0;
    double off = 0;
    for (int o = 0; o < d; o++) {
      largest = Math.max(largest, Math.abs(y.getAtIndex(FLOAT, o)));
      off = Math.max(off, Math.abs((double) y.getAtIndex(FLOAT, o) - z.getAtIndex(FLOAT, o)));
    }
    return off / largest;
  }

  /** round(density * dFF) active units at random places. */
  private MemorySegment hidden(Rng rng, Arena arena) {
    MemorySegment h = arena.allocate((long) Float.BYTES * dFF, 64);
    int[] order = rng.permutation(dFF);
    int active = (int) Math.round(density * dFF);
    for (int i = 0; i < active; i++) {
      h.setAtIndex(FLOAT, order[i], (float) (0.1 + rng.nextDouble()));
    }
    return h;
  }

  private static float[] floats(Rng rng, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) rng.nextGaussian();
    }
    return values;
  }
}
