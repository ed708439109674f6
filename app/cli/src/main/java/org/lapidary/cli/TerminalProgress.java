package org.lapidary.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.lapidary.catalog.runs.RunReport;
import org.lapidary.evidence.Progress;

/**
 * Progress on standard error: on a terminal one line that is drawn over, elsewhere a plain line
 * every few seconds. Work may begin inside other work; the innermost is shown, and the outermost
 * leaves a line with its time when it ends. Safe to call from several threads.
 */
final class TerminalProgress implements Progress {
  private static final long REDRAW = 100_000_000L; // ns
  private static final long PLAIN_LINE = 5_000_000_000L;
  private static final int BAR = 24;

  private final PrintStream err;
  private final boolean terminal;
  private final int columns;
  private final BooleanSupplier stopped;
  private final LongSupplier clock;
  private final Deque<Work> work = new ArrayDeque<>();
  private long shown;

  private static final class Work {
    final String what;
    final long steps;
    final long begun;
    long done;
    String note = "";

    Work(String what, long steps, long begun) {
      this.what = what;
      this.steps = steps;
      this.begun = begun;
    }
  }

  TerminalProgress(PrintStream err, Terminal terminal, BooleanSupplier stopped) {
    this(err, terminal.err(), terminal.columns(), stopped, System::nanoTime);
  }

  TerminalProgress(
      PrintStream err, boolean terminal, int columns, BooleanSupplier stopped, LongSupplier clock) {
    this.err = err;
    this.terminal = terminal;
    this.columns = columns > 0 ? columns : 80;
    this.stopped = stopped;
    this.clock = clock;
    this.shown = clock.getAsLong();
  }

  @Override
  public synchronized void begin(String what, long steps) {
    work.push(new Work(what, steps, clock.getAsLong()));
    if (terminal) {
      draw(work.getFirst());
    } else if (work.size() == 1) {
      err.println(what + " ...");
    }
  }

  @Override
  public synchronized void step(long done, String note) {
    if (work.isEmpty()) {
      return;
    }
    Work current = work.getFirst();
    current.done = done;
    current.note = note;
    if (clock.getAsLong() - shown >= (terminal ? REDRAW : PLAIN_LINE)) {
      draw(current);
    }
  }

  @Override
  public synchronized void end() {
    if (work.isEmpty()) {
      return;
    }
    Work ended = work.pop();
    if (terminal) {
      err.print("\r\u001b[K");
    }
    if (work.isEmpty()) {
      String note = ended.note.isEmpty() ? "" : "  " + ended.note;
      err.println(
          ended.what
              + "  "
              + RunReport.took(Duration.ofNanos(clock.getAsLong() - ended.begun))
              + note);
    }
    err.flush();
  }

  @Override
  public boolean stopped() {
    return stopped.getAsBoolean();
  }

  private void draw(Work current) {
    long now = clock.getAsLong();
    shown = now;
    StringBuilder line = new StringBuilder(current.what);
    if (current.steps > 0) {
      double share = Math.clamp((double) current.done / current.steps, 0.0, 1.0);
      if (terminal) {
        int full = (int) (share * BAR);
        line.append("  ").append("━".repeat(full)).append("╌".repeat(BAR - full));
      }
      line.append(String.format(Locale.ROOT, "  %3.0f%%", 100 * share));
      line.append("  ").append(current.done).append('/').append(current.steps);
    } else if (current.done > 0) {
      line.append("  ").append(current.done);
    }
    if (!current.note.isEmpty()) {
      line.append("  ").append(current.note);
    }
    long elapsed = now - current.begun;
    if (current.steps > 0 && current.done > 0 && elapsed > 2_000_000_000L) {
      double left = (double) elapsed / current.done * (current.steps - current.done);
      line.append("  ").append(RunReport.took(Duration.ofNanos((long) left))).append(" left");
    }
    if (terminal) {
      int most = Math.max(10, columns - 1);
      String text = line.length() <= most ? line.toString() : line.substring(0, most - 1) + "…";
      err.print("\r" + text + "\u001b[K");
      err.flush();
    } else {
      err.println(line);
    }
  }
}
