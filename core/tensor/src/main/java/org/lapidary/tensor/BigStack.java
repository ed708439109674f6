package org.lapidary.tensor;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.bytedeco.pytorch.GradMode;

/**
 * Runs native code that needs more stack than Java gives a thread. OpenBLAS factorises matrices
 * from about 128 rows on with buffers on the stack, which overruns the default megabyte and would
 * end the virtual machine without a word.
 */
final class BigStack {
  private BigStack() {}

  private static final long STACK = 64L << 20;

  private static final ExecutorService THREADS =
      Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(null, work, "lapidary-linear-algebra", STACK);
        thread.setDaemon(true);
        return thread;
      });

  /** Whether an operation factorises matrices large enough to need it. */
  static boolean needed(Op op, TensorType[] in) {
    return switch (op) {
      case Op.Fft ignored -> false;
      case Op.ComplexPart ignored -> false;
      case Op.MakeComplex ignored -> false;
      case Op.LinearAlgebra ignored ->
          in[0].shape().rank() >= 2 && Math.max(in[0].shape().dim(-1), in[0].shape().dim(-2)) > 32;
      default -> false;
    };
  }

  /** Runs on a thread with a large stack, with the caller's gradient mode. */
  static <T> T call(Supplier<T> work) {
    boolean grad = GradMode.is_enabled();
    try {
      return THREADS
          .submit(() -> {
            boolean before = GradMode.is_enabled();
            GradMode.set_enabled(grad);
            try {
              return work.get();
            } finally {
              GradMode.set_enabled(before);
            }
          })
          .get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted during linear algebra", e);
    }
  }
}
