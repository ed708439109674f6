package org.lapidary.assay;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lapidary.kernels.PackedMatrix;

/** Times one product of a matrix with a vector, float32 and packed in turn. */
final class KernelTimer {
  private KernelTimer() {}

  private static final int ROUNDS = 40;
  private static final int BYTES_OF_A_CACHE = 1 << 20;

  static SlimmingStage.Speed compare(
      String path, @Nullable PackedMatrix dense, PackedMatrix packed) {
    PackedMatrix float32 = java.util.Objects.requireNonNull(dense, path);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment x = arena.allocate(4L * packed.columns(), 64);
      MemorySegment y = arena.allocate(4L * packed.rows(), 64);
      int repeat = Math.max(1, 40_000 / Math.max(1, packed.rows() * packed.columns() / 64));
      time(float32, x, y, 20 * repeat);
      time(packed, x, y, 20 * repeat);
      double[] a = new double[ROUNDS];
      double[] b = new double[ROUNDS];
      for (int i = 0; i < ROUNDS; i++) {
        a[i] = time(float32, x, y, repeat);
        b[i] = time(packed, x, y, repeat);
      }
      double before = median(a);
      double after = median(b);
      return new SlimmingStage.Speed(
          path, packed.format(), before, after, reason(float32, before / after));
    }
  }

  private static String reason(PackedMatrix float32, double ratio) {
    if (ratio >= 1.05) {
      return "";
    }
    return float32.bytes() < BYTES_OF_A_CACHE
        ? "%d KB of float32 lie in the cache already: memory is not the limit, unpacking is work"
            .formatted(Math.max(1, float32.bytes() / 1024))
        : "unpacking costs as much as the bytes it saves";
  }

  /** Microseconds a product. */
  private static double time(PackedMatrix m, MemorySegment x, MemorySegment y, int repeat) {
    long start = System.nanoTime();
    for (int i = 0; i < repeat; i++) {
      m.multiply(x, y, 1);
    }
    return (System.nanoTime() - start) / 1e3 / repeat;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
