package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;

/**
 * Runs a loop whose iterations are independent, on two threads when it is long enough to pay. The
 * second half goes to whoever is there first: one worker that all callers share, or the caller
 * itself when it has done the first half. So nobody waits for a busy worker.
 *
 * <p>{@code -Dlapidary.kernelThreads=1} keeps all work with the caller.
 */
final class Halves {
  /** Multiplications below which waking the worker costs more than it saves: some 30 us. */
  private static final long WORTH_SPLITTING = 1 << 19;

  /** The second half begins at a multiple of this: no vector of floats, no block of rows is cut. */
  private static final int STEP = 16;

  private static final int THREADS =
      Math.min(
          Integer.getInteger("lapidary.kernelThreads", 2),
          Runtime.getRuntime().availableProcessors());

  private static final Thread ANOTHER = Thread.ofPlatform().unstarted(() -> {});

  private static final ExecutorService WORKER =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().name("lapidary-kernels").daemon().factory());

  /** The loop body over [from, to). */
  interface Range {
    void run(long from, long to);
  }

  private Halves() {}

  /**
   * Runs {@code n} iterations of about {@code each} multiplications. Segments that only one thread
   * may touch keep the work on that thread.
   */
  static void run(long n, long each, Range body, MemorySegment... touched) {
    if (THREADS < 2 || n < 2 * STEP || n * each < WORTH_SPLITTING || !shared(touched)) {
      body.run(0, n);
      return;
    }
    long middle = n / 2 / STEP * STEP;
    FutureTask<Boolean> second =
        new FutureTask<>(() -> {
          body.run(middle, n);
          return true;
        });
    WORKER.execute(second);
    try {
      body.run(0, middle);
    } finally {
      // does nothing when the worker has begun
      second.run();
      await(second);
    }
  }

  /** Memory is in use until the half has ended, so an interrupt has to wait. */
  private static void await(FutureTask<Boolean> half) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          half.get();
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          throw new IllegalStateException("the second half of a kernel failed", e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
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
