package org.lapidary.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.bytedeco.openblas.presets.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;
import org.lapidary.evidence.Progress;

/**
 * Independent computations, such as trainings of small networks with different seeds, one on every
 * core. A matrix product of a small network gains little from a second thread, so two trainings
 * side by side take about half the time of one after the other.
 *
 * <p>Each computation has one thread for everything it does, so its result does not depend on what
 * runs beside it or on how many cores there are. It opens scopes of its own; tensors of the
 * caller's scopes may be read.
 */
public final class SideBySide {
  private SideBySide() {}

  private static final ScopedValue<Boolean> INSIDE = ScopedValue.newInstance();

  /** Work on one item, that looks at its progress to learn whether it should stop. */
  @FunctionalInterface
  public interface Work<A, B> {
    B on(A item, Progress stoppable);
  }

  /** The results in the order of the items. */
  public static <A, B> List<B> map(List<A> items, Function<A, B> work) {
    return map("", items, (item, quiet) -> work.apply(item), Progress.silent());
  }

  /**
   * The results in the order of the items. A call from inside such a computation runs in its
   * thread.
   *
   * @param what is reported to the progress, one step for each item
   * @param work is given a progress that tells it to stop, but reports nothing
   * @throws RuntimeException the first that a computation threw, after all have ended
   */
  public static <A, B> List<B> map(String what, List<A> items, Work<A, B> work, Progress progress) {
    Progress quiet = Progress.stoppable(progress::stopped);
    if (INSIDE.isBound()) {
      return items.stream().map(item -> work.on(item, quiet)).toList();
    }
    Natives.load();
    progress.begin(what, items.size());
    synchronized (SideBySide.class) {
      int before = openblas_nolapack.blas_get_num_threads();
      int width = Math.min(items.size(), Runtime.getRuntime().availableProcessors());
      openblas_nolapack.blas_set_num_threads(1);
      try (ExecutorService workers = Executors.newFixedThreadPool(Math.max(1, width))) {
        List<Future<B>> running = new ArrayList<>();
        for (A item : items) {
          running.add(workers.submit(() -> alone(() -> work.on(item, quiet))));
        }
        return await(running, progress);
      } finally {
        openblas_nolapack.blas_set_num_threads(before);
        progress.end();
      }
    }
  }

  private static <B> B alone(java.util.function.Supplier<B> work) {
    torch.set_num_threads(1); // of this thread
    return ScopedValue.where(INSIDE, true).call(work::get);
  }

  private static <B> List<B> await(List<Future<B>> running, Progress progress) {
    List<B> results = new ArrayList<>();
    Throwable first = null;
    for (Future<B> one : running) {
      try {
        results.add(one.get());
        progress.step(results.size(), "");
      } catch (ExecutionException e) {
        first = first == null && e.getCause() != null ? e.getCause() : first;
      } catch (InterruptedException e) {
        running.forEach(f -> f.cancel(true));
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while computations ran side by side", e);
      }
    }
    switch (first) {
      case null -> {
        return results;
      }
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException("a computation failed", first);
    }
  }
}
