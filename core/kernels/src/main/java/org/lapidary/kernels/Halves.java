package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;

/** Runs a loop whose iterations are independent, on two threads when it is long enough to pay. */
final class Halves {
  /** Elements below which handing work to a second thread costs more than it saves. */
  private static final long WORTH_SPLITTING = 1 << 17;

  /** The second half begins at a multiple of this: no vector of floats, no block of rows is cut. */
  private static final int STEP = 16;

  private static final Thread ANOTHER = Thread.ofPlatform().unstarted(() -> {});

  /** The loop body over [from, to). */
  interface Range {
    void run(long from, long to);
  }

  private Halves() {}

  /**
   * Runs {@code n} iterations over {@code each} elements. Segments that only one thread may touch
   * keep the work on that thread.
   */
  static void run(long n, long each, Range body, MemorySegment... touched) {
    if (n < 2 * STEP
        || n * each < WORTH_SPLITTING
        || ForkJoinPool.getCommonPoolParallelism() < 1
        || !shared(touched)) {
      body.run(0, n);
      return;
    }
    long middle = n / 2 / STEP * STEP;
    ForkJoinTask<?> second = ForkJoinPool.commonPool().submit(() -> body.run(middle, n));
    try {
      body.run(0, middle);
    } finally {
      second.join();
    }
  }

  private static boolean shared(MemorySegment... segments) {
    for (MemorySegment segment : segments) {
      if (!segment.isAccessibleBy(ANOTHER)) {
        return false;
      }
    }
    return true;
  }
}
