package org.lapidary.compress.essential;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.lapidary.evidence.Progress;

/**
 * Independent pieces of an experiment on two threads. Networks this small gain nothing from two
 * threads inside one product.
 */
final class TwoAtATime {
  private TwoAtATime() {}

  /**
   * The results in order.
   *
   * @param pieces each is given a progress that tells it to stop, but reports nothing
   */
  static <T> List<T> run(String what, List<Function<Progress, T>> pieces, Progress progress) {
    progress.begin(what, pieces.size());
    List<T> results = new ArrayList<>();
    try (ExecutorService workers = Executors.newFixedThreadPool(2)) {
      Progress quiet = Progress.stoppable(progress::stopped);
      List<Future<T>> futures = new ArrayList<>();
      for (Function<Progress, T> piece : pieces) {
        futures.add(workers.submit(() -> piece.apply(quiet)));
      }
      for (Future<T> future : futures) {
        results.add(result(future));
        progress.step(results.size(), "");
      }
    }
    progress.end();
    return results;
  }

  private static <T> T result(Future<T> future) {
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a piece of work", e);
    }
  }
}
