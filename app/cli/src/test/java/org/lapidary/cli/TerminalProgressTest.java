package org.lapidary.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.lapidary.catalog.runs.RunReport;

class TerminalProgressTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final AtomicLong clock = new AtomicLong();
  private final AtomicBoolean stopped = new AtomicBoolean();

  private TerminalProgress progress(boolean terminal) {
    return new TerminalProgress(
        new PrintStream(bytes, true, UTF_8), terminal, 60, stopped::get, clock::get);
  }

  private void pass(double seconds) {
    clock.addAndGet((long) (seconds * TimeUnit.SECONDS.toNanos(1)));
  }

  @Test
  void withoutATerminalThereIsAPlainLineEveryFewSeconds() {
    TerminalProgress progress = progress(false);
    progress.begin("training", 100);
    for (int step = 1; step <= 100; step++) {
      pass(0.12);
      progress.step(step, "loss 2." + step);
    }
    progress.end();
    assertThat(bytes.toString(UTF_8))
        .isEqualTo(
            """
            training ...
            training   42%  42/100  loss 2.42  7.0 s left
            training   84%  84/100  loss 2.84  1.9 s left
            training  12 s  loss 2.100
            """);
  }

  @Test
  void onATerminalOneLineIsDrawnOverAndNeverWiderThanTheTerminal() {
    TerminalProgress progress = progress(true);
    progress.begin("a rather long name of some work that is to be done", 8);
    pass(0.2);
    progress.step(4, "and a note that is long as well");
    progress.end();
    String[] drawn = bytes.toString(UTF_8).split("\r");
    assertThat(drawn).hasSize(4);
    assertThat(drawn[2].replace("\u001b[K", "")).hasSize(59).endsWith("…");
    assertThat(drawn[3]).startsWith("\u001b[K").endsWith(System.lineSeparator());
  }

  @Test
  void theBarFills() {
    TerminalProgress progress = progress(true);
    progress.begin("work", 4);
    pass(1);
    progress.step(1, "");
    assertThat(bytes.toString(UTF_8))
        .contains("work  " + "━".repeat(6) + "╌".repeat(18) + "   25%  1/4");
  }

  @Test
  void onlyTheOutermostWorkLeavesALine() {
    TerminalProgress progress = progress(false);
    progress.begin("outer", 2);
    progress.begin("inner", -1);
    pass(1);
    progress.end();
    progress.step(1, "");
    pass(1);
    progress.end();
    progress.end(); // once too often does no harm
    progress.step(3, "");
    assertThat(bytes.toString(UTF_8)).isEqualTo("outer ...\nouter  2.0 s\n");
  }

  @Test
  void itKnowsWhenTheUserAskedToStop() {
    TerminalProgress progress = progress(false);
    assertThat(progress.stopped()).isFalse();
    stopped.set(true);
    assertThat(progress.stopped()).isTrue();
  }

  @Test
  void timesReadWell() {
    assertThat(RunReport.took(Duration.ofNanos(440_000_000L))).isEqualTo("0.4 s");
    assertThat(RunReport.took(Duration.ofNanos(9_960_000_000L))).isEqualTo("10 s");
    assertThat(RunReport.took(Duration.ofNanos(185_000_000_000L))).isEqualTo("3:05 min");
    assertThat(RunReport.took(Duration.ofNanos(3_723_000_000_000L))).isEqualTo("1:02:03 h");
  }
}
