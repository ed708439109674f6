package org.lapidary.workbench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lapidary.catalog.runs.RunId;

/**
 * Long work asked for from a page. Each job is a process of its own that runs the command a person
 * would type, so that it can be stopped, has its own memory, and records its run like any other. A
 * few run at once, some more wait.
 */
public final class Jobs implements AutoCloseable {
  private static final int AT_ONCE = 2;
  private static final int MOST_WAITING = 20;
  private static final int KEPT = 200;
  private static final int TAIL = 16 << 10; // bytes of a log
  private static final long GRACE = 10; // seconds to end after being asked to

  /** How far a job has come. */
  public enum State {
    QUEUED,
    RUNNING,
    ENDED
  }

  private final Path folder;
  private final Function<List<String>, ProcessBuilder> launcher;
  private final Map<String, Job> jobs = new LinkedHashMap<>();
  private boolean closed;

  /**
   * A job.
   *
   * @param id of its run
   * @param arguments as typed after {@code lapidary}
   */
  public record Job(String id, List<String> arguments, State state, @Nullable Process process) {
    Job as(State next, @Nullable Process running) {
      return new Job(id, arguments, next, running);
    }
  }

  /**
   * Jobs that keep their logs in a folder.
   *
   * @param launcher makes the process that runs {@code lapidary} with these arguments
   */
  public Jobs(Path folder, Function<List<String>, ProcessBuilder> launcher) {
    this.folder = folder;
    this.launcher = launcher;
  }

  /**
   * Starts a job, or queues it.
   *
   * @param id that its run shall have
   * @throws Refused if too many wait
   */
  public synchronized void start(String id, List<String> arguments) {
    if (closed) {
      throw new Refused(503, "the workbench is ending");
    }
    if (jobs.values().stream().filter(j -> j.state() == State.QUEUED).count() >= MOST_WAITING) {
      throw new Refused(429, "%d jobs wait already; stop one first".formatted(MOST_WAITING));
    }
    jobs.put(id, new Job(id, List.copyOf(arguments), State.QUEUED, null));
    forget();
    next();
  }

  /** The job of a run, if it was started here. */
  public synchronized Optional<Job> find(String id) {
    return Optional.ofNullable(jobs.get(id));
  }

  /** Jobs that wait, the first to start first. */
  public synchronized List<Job> queued() {
    return jobs.values().stream().filter(j -> j.state() == State.QUEUED).toList();
  }

  /**
   * Asks a job to end, as Ctrl-C would; what it has by then is kept.
   *
   * @return whether there was such a job
   */
  public synchronized boolean stop(String id) {
    Job job = jobs.get(id);
    if (job == null || job.state() == State.ENDED) {
      return false;
    }
    Process process = job.process();
    if (process == null) {
      jobs.put(id, job.as(State.ENDED, null));
    } else {
      end(process);
    }
    return true;
  }

  private static void end(Process process) {
    process.destroy();
    Thread.ofVirtual()
        .start(() -> {
          try {
            if (!process.waitFor(GRACE, TimeUnit.SECONDS)) {
              process.destroyForcibly();
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  /** The end of what a job printed; empty if it printed nothing. */
  public String log(String id) {
    Path file = folder.resolve(id + ".log");
    if (!id.matches("[A-Za-z0-9-]+") || !Files.isRegularFile(file)) {
      return "";
    }
    try (FileChannel channel = FileChannel.open(file)) {
      long from = Math.max(0, channel.size() - TAIL);
      ByteBuffer bytes = ByteBuffer.allocate(TAIL);
      channel.read(bytes, from);
      return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8)
          .replaceFirst("^WARNING: Using incubator modules: .*\\R", "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private synchronized void next() {
    long running = jobs.values().stream().filter(j -> j.state() == State.RUNNING).count();
    for (Job job : new ArrayList<>(jobs.values())) {
      if (closed || running >= AT_ONCE) {
        return;
      }
      if (job.state() == State.QUEUED) {
        jobs.put(job.id(), job.as(State.RUNNING, launched(job)));
        running++;
      }
    }
  }

  private Process launched(Job job) {
    try {
      Files.createDirectories(folder);
      ProcessBuilder builder = launcher.apply(job.arguments());
      builder.environment().put(RunId.VARIABLE, job.id());
      Process process =
          builder
              .redirectErrorStream(true)
              .redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
              .redirectOutput(folder.resolve(job.id() + ".log").toFile())
              .start();
      process.onExit().thenAccept(ended -> ended(job.id()));
      return process;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start " + job.arguments() + ": " + e.getMessage(), e);
    }
  }

  private synchronized void ended(String id) {
    jobs.computeIfPresent(id, (k, job) -> job.as(State.ENDED, null));
    next();
  }

  private void forget() {
    for (Job job : new ArrayList<>(jobs.values())) {
      if (jobs.size() <= KEPT) {
        return;
      }
      if (job.state() == State.ENDED) {
        jobs.remove(job.id());
      }
    }
  }

  /** Asks all jobs to end. */
  @Override
  public synchronized void close() {
    closed = true;
    jobs.values().stream()
        .map(Job::process)
        .filter(p -> p != null)
        .forEach(process -> {
          if (process != null) {
            end(process);
          }
        });
  }
}
