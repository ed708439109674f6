package org.lapidary.tensor;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.bytedeco.pytorch.GradMode;

/**
 * Runs native code that needs more stack than a Java thread has. OpenBLAS keeps the job table of
 * its parallel LU factorisation on the caller's stack, some megabytes of it: on an ordinary thread
 * (1 MB) a matrix of 256 rows ends the process without a word.
 */
final class DeepStack {
  private DeepStack() {}

  private static final long BYTES = 64L << 20;

  /** Elements of a matrix up to which LU is not parallel; OpenBLAS takes 40,000. */
  private static final long SHALLOW = 100 * 100;

  private static final ExecutorService THREAD =
      Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(null, task, "lapidary-lu", BYTES);
        thread.setDaemon(true);
        return thread;
      });

  /** Runs a factorisation of a matrix [..., n, n] where there is stack enough. */
  static <T> T run(org.bytedeco.pytorch.Tensor matrix, Supplier<T> work) {
    long n = matrix.size(-1);
    if (n * n <= SHALLOW) {
      return work.get();
    }
    boolean differentiable = GradMode.is_enabled();
    Future<T> result =
        THREAD.submit(() -> {
          GradMode.set_enabled(differentiable);
          return work.get();
        });
    return join(result);
  }

  /** Waits to the end, come what may: the work reads the caller's native memory. */
  private static <T> T join(Future<T> result) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return result.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause
          ? cause
          : new IllegalStateException(e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
