package org.lapidary.workbench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.lapidary.assay.Corpus;
import org.lapidary.evidence.Progress;
import org.lapidary.io.model.Models;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Where a page computes with a model: one thread, so that visitors share the cores in turn, a line
 * of bounded length before it, and a bound on how long a visitor waits. A few models stay open, and
 * what was computed last is kept.
 */
public final class Desk implements AutoCloseable {
  private static final int WAITING = 32;
  private static final int SECONDS = 60;
  private static final int OPEN = 3;
  private static final int KEPT = 200;
  private static final int TEXTS = 8;
  private static final int LENGTH = 128;

  private final ThreadPoolExecutor thread =
      new ThreadPoolExecutor(
          1,
          1,
          1,
          TimeUnit.MINUTES,
          new ArrayBlockingQueue<>(WAITING),
          Thread.ofPlatform().name("desk").daemon().factory());
  private final Map<Version, Model> models = latest(OPEN);
  private final Map<Question, Object> answers = latest(KEPT);
  private final Map<Text, Corpus> texts = latest(2 * OPEN);

  private record Text(Model model, long seed) {}

  /** A desk; what the first question would wait for is loaded beside the first pages. */
  public Desk() {
    thread.submit(() -> {
      try (Scope scope = Scope.open()) {
        Tensor.of(new int[] {0}, 1);
      }
    });
  }

  /** A file or folder as it was last written. */
  private record Version(Path path, FileTime written) {
    static Version of(Path path) {
      try {
        Path file = Files.isDirectory(path) ? path.resolve("config.json") : path;
        return new Version(path, Files.getLastModifiedTime(Files.exists(file) ? file : path));
      } catch (IOException e) {
        throw new Refused("there is no model at " + path);
      }
    }
  }

  private record Question(Version version, String question) {}

  private static <K, V> Map<K, V> latest(int most) {
    return new LinkedHashMap<>(16, 0.75f, true) {
      private static final long serialVersionUID = 1;

      @Override
      protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > most;
      }
    };
  }

  /**
   * Asks something of a model. The same question of the same file is answered from memory.
   *
   * @param question everything that the answer depends on but the model
   * @param work what finds the answer; the progress tells it to stop when the visitor has waited
   *     long enough
   * @throws Refused if too many wait, or it takes too long
   */
  public <T> T ask(Path path, String question, Class<T> type, BiFunction<Model, Progress, T> work) {
    Version version = Version.of(path);
    return remember(version, question, type, progress -> work.apply(model(version), progress));
  }

  /** The same of what is found without the model itself, from its configuration perhaps. */
  public <T> T remember(Path path, String question, Class<T> type, Function<Progress, T> work) {
    return remember(Version.of(path), question, type, work);
  }

  private <T> T remember(
      Version version, String question, Class<T> type, Function<Progress, T> work) {
    Question key = new Question(version, question);
    synchronized (answers) {
      Object known = answers.get(key);
      if (known != null) {
        return type.cast(known);
      }
    }
    T answer = run(work);
    synchronized (answers) {
      answers.put(key, answer);
    }
    return answer;
  }

  /**
   * Runs something in turn.
   *
   * @throws Refused if too many wait, or it takes too long
   */
  public <T> T run(Function<Progress, T> work) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    Progress progress = Progress.stoppable(() -> System.nanoTime() > end);
    Future<T> future;
    try {
      future = thread.submit(() -> work.apply(progress));
    } catch (RejectedExecutionException e) {
      throw new Refused(429, "too many wait for this machine; try again in a minute");
    }
    try {
      return future.get(SECONDS + 5L, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      future.cancel(false);
      throw new Refused(
          408,
          "this took longer than %d seconds; from the command line it has all the time it needs"
              .formatted(SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refused(408, "stopped");
    } catch (ExecutionException e) {
      throw rethrown(e);
    }
  }

  private static RuntimeException rethrown(ExecutionException e) {
    Throwable cause = e.getCause();
    if (cause instanceof RuntimeException fault) {
      return fault;
    }
    return new IllegalStateException(cause);
  }

  /** Only the desk's thread opens models. */
  private Model model(Version version) {
    Model model = models.get(version);
    if (model == null) {
      model = Models.load(version.path());
      models.put(version, model);
    }
    return model;
  }

  /**
   * A few texts that a model writes itself, the same for all that is asked of it with one seed;
   * only from inside {@link #ask} or {@link #run}.
   */
  public Corpus corpus(Model model, long seed) {
    return texts.computeIfAbsent(
        new Text(model, seed), text -> Corpus.of(model, null, TEXTS, LENGTH, seed));
  }

  /** Another model for work that is under way; only from inside {@link #ask} or {@link #run}. */
  public Model open(Path path) {
    return model(Version.of(path));
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
