package org.lapidary.catalog.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several real processes and one data folder. */
class ProcessesTest {
  @TempDir Path home;
  private final List<Process> processes = new ArrayList<>();

  /** Writes a run of 200 steps; with {@code deaf} it then stays as it is. */
  static final class Writer {
    public static void main(String[] args) throws Exception {
      RunLog log = RunLog.begin(Path.of(args[0]), Beginning.of("train", args), System.out::println);
      System.out.println(log.id());
      for (int i = 0; i < 200; i++) {
        log.metric("loss", i, 1.0 / (i + 1));
        Thread.sleep(1);
      }
      System.out.println("written");
      if (args[1].equals("deaf")) {
        Thread.sleep(60_000);
      }
      log.end(RunStatus.OK, null);
    }
  }

  /** Counts the runs, again and again. */
  static final class Reader {
    public static void main(String[] args) {
      for (int i = 0; i < 10; i++) {
        try (RunStore store = RunStore.open(Path.of(args[0]))) {
          System.out.println(store.list(Filter.all()).size());
        }
      }
    }
  }

  /** Opens the database and does not let go of it; dies in the middle of a transaction. */
  static final class Holder {
    public static void main(String[] args) throws Exception {
      Path file = Path.of(args[0], "runs.duckdb");
      new Database(file, false, Duration.ofSeconds(5))
          .with(connection -> {
            connection.setAutoCommit(false);
            try (var statement = connection.createStatement()) {
              statement.execute("DELETE FROM runs");
              System.out.println("holding");
              Thread.sleep(60_000);
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            return true;
          });
    }
  }

  private Process start(Class<?> what, String... args) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                what.getName(),
                home.toString()));
    command.addAll(List.of(args));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    processes.add(process);
    return process;
  }

  @AfterEach
  void end() throws Exception {
    for (Process process : processes) {
      process.destroyForcibly().waitFor();
    }
  }

  private List<RunSummary> list() {
    try (RunStore store = RunStore.open(home)) {
      return store.list(Filter.all());
    }
  }

  @Test
  void twoProcessesWriteAtOnceAndBothRunsAreThere() throws Exception {
    Process first = start(Writer.class, "a");
    Process second = start(Writer.class, "b");
    try (BufferedReader one = first.inputReader();
        BufferedReader two = second.inputReader()) {
      String firstId = one.readLine();
      String secondId = two.readLine();
      assertThat(first.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(second.waitFor(30, TimeUnit.SECONDS)).isTrue();

      assertThat(list()).extracting(RunSummary::status).containsExactly(RunStatus.OK, RunStatus.OK);
      try (RunStore store = RunStore.open(home)) {
        assertThat(store.run(firstId).metrics().getFirst().values()).hasSize(200);
        assertThat(store.run(secondId).metrics().getFirst().values()).hasSize(200);
        assertThat(store.run(firstId).pid()).isEqualTo(first.pid());
      }
    }
  }

  @Test
  void aKilledProcessShowsInterruptedWithWhatItHad() throws Exception {
    Process writer = start(Writer.class, "deaf");
    try (BufferedReader out = writer.inputReader()) {
      String id = out.readLine();
      assertThat(out.readLine()).isEqualTo("written");
      assertThat(list()).extracting(RunSummary::status).containsExactly(RunStatus.RUNNING);

      writer.destroyForcibly().waitFor();

      assertThat(list()).extracting(RunSummary::status).containsExactly(RunStatus.INTERRUPTED);
      try (RunStore store = RunStore.open(home)) {
        assertThat(store.run(id).metrics().getFirst().values()).hasSize(200);
        assertThat(store.run(id).machine()).isNotEmpty();
      }
      assertThat(home.resolve("runs")).isEmptyDirectory();
    }
  }

  @Test
  void twoProcessesReadAtOnceWhileAThirdWrites() throws Exception {
    for (int i = 0; i < 30; i++) {
      RunLog.begin(home, Beginning.of("x"), message -> {}).end(RunStatus.OK, null);
    }
    Process writer = start(Writer.class, "deaf");
    try (BufferedReader written = writer.inputReader()) {
      assertThat(written.readLine()).isNotEmpty();
      Process one = start(Reader.class);
      Process two = start(Reader.class);
      try (BufferedReader first = one.inputReader();
          BufferedReader second = two.inputReader()) {
        assertThat(first.lines().toList()).hasSize(10).containsOnly("31");
        assertThat(second.lines().toList()).hasSize(10).containsOnly("31");
      }
      assertThat(one.waitFor()).isZero();
      assertThat(two.waitFor()).isZero();
    }
  }

  @Test
  void aListThatHasNotChangedNeedsNoDatabaseAndSoKeepsNobodyWaiting() throws Exception {
    RunLog.begin(home, Beginning.of("x"), message -> {}).end(RunStatus.OK, null);
    try (RunStore store = RunStore.open(home, Duration.ofMillis(300))) {
      store.list(Filter.all());
      store.close(); // DuckDB tidies up when it closes
      store.list(Filter.all());
      store.close();
      Process holder = start(Holder.class);
      try (BufferedReader out = holder.inputReader()) {
        assertThat(out.readLine()).isEqualTo("holding");
        try (RunLog live = RunLog.begin(home, Beginning.of("y"), message -> {})) {
          assertThat(store.list(Filter.all()))
              .extracting(RunSummary::command)
              .containsExactlyInAnyOrder("x", "y");
        }
      }
    }
  }

  @Test
  void theLockOfAnotherProcessIsWaitedForThenNamed() throws Exception {
    RunLog.begin(home, Beginning.of("x"), message -> {}).end(RunStatus.OK, null);
    assertThat(list()).hasSize(1);
    Process holder = start(Holder.class);
    try (BufferedReader out = holder.inputReader()) {
      assertThat(out.readLine()).isEqualTo("holding");
      try (RunStore store = RunStore.open(home, Duration.ofMillis(300))) {
        assertThatThrownBy(() -> store.list(Filter.all()))
            .isInstanceOf(StoreException.class)
            .hasMessageContaining("another process")
            .hasMessageContaining(String.valueOf(holder.pid()));
      }
      holder.destroyForcibly().waitFor();
    }
    assertThat(list()).as("after the crash, the transaction undone").hasSize(1);
    assertThat(Files.exists(home.resolve("runs.duckdb"))).isTrue();
  }
}
