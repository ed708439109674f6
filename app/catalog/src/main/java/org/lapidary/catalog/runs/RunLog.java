package org.lapidary.catalog.runs;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lapidary.catalog.Entry;
import org.lapidary.catalog.Machine;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.report.JsonRenderer;
import org.lapidary.report.Report;
import org.lapidary.report.Section;

/**
 * Writes down what a run does while it does it: one event a line, appended at once, so that a
 * killed process leaves all it had. It never throws and never stands in the way of the work: where
 * nothing can be written it says so once. As a {@link Progress} it keeps how far the run is, a few
 * times a second. Safe to call from several threads.
 *
 * <pre>{@code
 * RunLog log = RunLog.begin(Home.path(), Beginning.of("train", args), System.err::println);
 * train(log.watching(progress));
 * log.metric("loss", step, loss);
 * log.end(RunStatus.OK, null);
 * }</pre>
 */
public final class RunLog implements Progress, AutoCloseable {
  private static final long PAUSE = 250; // ms
  private static final long LONGEST = 1000; // ms
  private static final int TRIES = 8;

  private final String id;
  private final Consumer<String> warn;
  private final ReentrantLock lock = new ReentrantLock();
  private final Throttle throttle = new Throttle(System::nanoTime);
  private final Deque<Work> work = new ArrayDeque<>();
  private Journals.@Nullable Held held;
  private @Nullable FileChannel channel;
  private boolean broken;
  private boolean pending;

  /** Finds out what takes a moment. */
  private final @Nullable Thread aside;

  private static final class Work {
    final String what;
    final long steps;
    final long begun = System.nanoTime();
    long done;
    String note = "";

    Work(String what, long steps) {
      this.what = what;
      this.steps = steps;
    }
  }

  private RunLog(
      String id,
      Journals.@Nullable Held held,
      @Nullable FileChannel channel,
      List<Path> reads,
      Consumer<String> warn) {
    this.id = id;
    this.held = held;
    this.channel = channel;
    this.warn = warn;
    this.aside =
        channel == null
            ? null
            : Thread.ofPlatform()
                .daemon()
                .name("what the run stands on")
                .start(() -> append(here(reads)));
  }

  /** Writes nothing. */
  public static RunLog off() {
    return new RunLog("", null, null, List.of(), message -> {});
  }

  /**
   * Begins a run.
   *
   * @param home the data folder; the journal goes into {@code runs} in it
   * @param what runs
   * @param warn is told, once, if the run cannot be recorded
   */
  public static RunLog begin(Path home, Beginning what, Consumer<String> warn) {
    Journals journals = Journals.in(home);
    try {
      Files.createDirectories(journals.folder());
      for (int i = 1; ; i++) {
        Instant now = Instant.now();
        String id = i == 1 ? RunId.given().orElse(RunId.fresh(now)) : RunId.fresh(now);
        try {
          return open(journals, id, now, what, warn);
        } catch (FileAlreadyExistsException e) {
          if (i == TRIES || !e.getFile().contains(id)) {
            throw e;
          }
        }
      }
    } catch (IOException | RuntimeException e) {
      warn.accept(unrecorded(e));
      return new RunLog("", null, null, List.of(), warn);
    }
  }

  private static RunLog open(
      Journals journals, String id, Instant now, Beginning what, Consumer<String> warn)
      throws IOException {
    // The lock first: a journal without one is taken for that of a process that is gone.
    Journals.Held held = journals.hold(id);
    FileChannel channel = null;
    try {
      channel = FileChannel.open(journals.journal(id), CREATE_NEW, WRITE, APPEND);
      write(channel, new Event.Begin(now.toEpochMilli(), id, what, ProcessHandle.current().pid()));
      return new RunLog(id, held, channel, what.reads(), warn);
    } catch (IOException | RuntimeException e) {
      if (channel != null) {
        channel.close();
        Files.deleteIfExists(journals.journal(id));
      }
      held.close();
      throw e;
    }
  }

  /** The id of the run; empty if it is not recorded. */
  public String id() {
    return id;
  }

  /** Whether what is told to it is kept. */
  public boolean recording() {
    return channel != null;
  }

  /** A setting that became known only now. */
  public void setting(String name, String value) {
    append(new Event.Setting(now(), clean(name), clean(value)));
  }

  /** A value of a metric over time; steps need not rise. */
  public void metric(String name, long step, double value) {
    append(new Event.Metric(now(), clean(name), step, value));
  }

  public void figure(Figure figure) {
    if (recording()) {
      shown(Output.Kind.FIGURE, JsonRenderer.render(figure));
    }
  }

  public void section(Section section) {
    if (recording()) {
      shown(Output.Kind.SECTION, JsonRenderer.render(section));
    }
  }

  public void report(Report report) {
    if (recording()) {
      shown(Output.Kind.REPORT, JsonRenderer.render(report));
    }
  }

  private void shown(Output.Kind kind, JsonNode json) {
    append(new Event.Shown(now(), kind, json));
  }

  /** A file or folder that the run wrote. */
  public void artifact(String name, Path path) {
    append(
        new Event.Wrote(now(), clean(name), clean(path.toAbsolutePath().normalize().toString())));
  }

  /** A line for people. */
  public void log(String text) {
    append(new Event.Said(now(), clean(text)));
  }

  @Override
  public void begin(String what, long steps) {
    lock.lock();
    try {
      work.push(new Work(clean(what), steps));
      progressed();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void step(long done, String note) {
    lock.lock();
    try {
      if (!work.isEmpty()) {
        work.getFirst().done = done;
        work.getFirst().note = clean(note);
        progressed();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void end() {
    lock.lock();
    try {
      if (work.isEmpty()) {
        return;
      }
      Work ended = work.pop();
      if (work.isEmpty()) {
        append(progress(ended));
        double seconds = (System.nanoTime() - ended.begun) / 1e9;
        append(
            new Event.Said(
                now(),
                String.format(Locale.ROOT, "%s  %.1f s  %s", ended.what, seconds, ended.note)
                    .strip()));
      }
    } finally {
      lock.unlock();
    }
  }

  /** Tells both this and another; who asks whether to stop is answered by the other. */
  public Progress watching(Progress other) {
    if (!recording()) {
      return other;
    }
    return new Progress() {
      @Override
      public void begin(String what, long steps) {
        other.begin(what, steps);
        RunLog.this.begin(what, steps);
      }

      @Override
      public void step(long done, String note) {
        other.step(done, note);
        RunLog.this.step(done, note);
      }

      @Override
      public void end() {
        other.end();
        RunLog.this.end();
      }

      @Override
      public boolean stopped() {
        return other.stopped();
      }
    };
  }

  /** The run is over. What comes after it is not written. */
  public void end(RunStatus status, @Nullable String error) {
    if (aside != null) {
      try {
        aside.join(LONGEST);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // the run is kept without it
      }
    }
    lock.lock();
    try {
      finish(status, error);
    } finally {
      lock.unlock();
    }
  }

  /**
   * As {@link #end(RunStatus, String)} for a process that is about to end: does not wait long for a
   * thread that may hang in writing.
   */
  public void endAtOnce(RunStatus status) {
    try {
      if (lock.tryLock(PAUSE, TimeUnit.MILLISECONDS)) {
        try {
          finish(status, null);
        } finally {
          lock.unlock();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void finish(RunStatus status, @Nullable String error) {
    FileChannel open = channel;
    if (open == null) {
      return;
    }
    try (open;
        Journals.Held last = held) {
      if (broken) { // the last line may be half a line
        open.write(ByteBuffer.wrap(new byte[] {'\n'}));
      }
      write(open, new Event.End(now(), status, error == null ? null : clean(error)));
      open.force(false);
    } catch (IOException | RuntimeException e) {
      broken(e);
    } finally {
      channel = null;
      held = null;
    }
  }

  /** Forgets the run: nothing was computed after all. */
  public void discard() {
    lock.lock();
    try (FileChannel open = channel;
        Journals.Held last = held) {
      if (open != null && last != null) {
        Files.deleteIfExists(new Journals(last.file().resolveSibling("")).journal(id));
      }
    } catch (IOException | RuntimeException e) {
      broken(e);
    } finally {
      channel = null;
      held = null;
      lock.unlock();
    }
  }

  /** Ends it as failed if nobody said how it ended. */
  @Override
  public void close() {
    end(RunStatus.FAILED, null);
  }

  private void progressed() {
    if (work.isEmpty() || !recording()) {
      return;
    }
    if (throttle.lets()) {
      pending = false;
      append(progress(work.getFirst()));
    } else if (!pending) {
      pending = true;
      Thread.ofVirtual().start(this::later);
    }
  }

  /** Writes what was held back, unless something newer has been written since. */
  private void later() {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException e) {
      return;
    }
    lock.lock();
    try {
      if (pending && !work.isEmpty()) {
        pending = false;
        append(progress(work.getFirst()));
      }
    } finally {
      lock.unlock();
    }
  }

  private static Event progress(Work current) {
    return new Event.Progressed(now(), current.what, current.done, current.steps, current.note);
  }

  private void append(Event event) {
    lock.lock();
    try {
      FileChannel open = channel;
      if (open != null && !broken) {
        write(open, event);
      }
    } catch (IOException | RuntimeException e) {
      broken(e);
    } finally {
      lock.unlock();
    }
  }

  /** The same for all runs of a process. */
  private static final class Place {
    static final Entry.Surroundings HERE = Machine.today();
  }

  private static Event.Here here(List<Path> reads) {
    Map<String, String> fingerprints = new LinkedHashMap<>();
    for (Path path : reads) {
      try {
        fingerprints.put(clean(path.toString()), Fingerprint.of(path));
      } catch (IOException | RuntimeException e) {
        fingerprints.put(clean(path.toString()), "unreadable");
      }
    }
    Entry.Surroundings here = Place.HERE;
    return new Event.Here(now(), here.machine(), here.versions(), fingerprints);
  }

  private void broken(Exception e) {
    if (!broken) {
      broken = true;
      warn.accept(unrecorded(e));
    }
  }

  private static String unrecorded(Exception e) {
    String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return "this run is not recorded (%s: %s); the work goes on"
        .formatted(e.getClass().getSimpleName(), reason);
  }

  private static void write(FileChannel channel, Event event) throws IOException {
    ByteBuffer line =
        ByteBuffer.wrap((EventJson.line(event) + "\n").getBytes(StandardCharsets.UTF_8));
    while (line.hasRemaining()) {
      channel.write(line);
    }
  }

  /** Half characters and NUL, which neither UTF-8 nor every reader knows, become U+FFFD. */
  private static String clean(String text) {
    if (text.chars().noneMatch(c -> c == 0 || Character.isSurrogate((char) c))) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .map(c ->
            c == 0 || c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xFFFD : c)
        .forEach(out::appendCodePoint);
    return out.toString();
  }

  private static long now() {
    return System.currentTimeMillis();
  }
}
