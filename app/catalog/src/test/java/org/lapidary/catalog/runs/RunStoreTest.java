package org.lapidary.catalog.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.report.Block;
import org.lapidary.report.JsonReader;
import org.lapidary.report.Report;
import org.lapidary.report.Section;

class RunStoreTest {
  @TempDir Path home;
  private final List<String> warnings = new ArrayList<>();
  private RunStore store;

  @BeforeEach
  void open() {
    store = RunStore.open(home, Duration.ofMillis(400));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private RunLog begin(String command) {
    return RunLog.begin(home, Beginning.of(command, command, "./model"), warnings::add);
  }

  private RunLog ended(String command) {
    RunLog log = begin(command);
    log.end(RunStatus.OK, null);
    return log;
  }

  private List<String> ids(Filter filter) {
    return store.list(filter).stream().map(RunSummary::id).toList();
  }

  /** As a process leaves it that was killed: its lock is let go of, nothing more is written. */
  private void orphan(RunLog log, String rest) throws Exception {
    Path journal = home.resolve("runs").resolve(log.id() + ".jsonl");
    byte[] content = Files.readAllBytes(journal);
    log.discard();
    Files.write(journal, content);
    Files.writeString(journal, rest, StandardOpenOption.APPEND);
  }

  @Test
  void anEmptyFolderHasNoRunsAndGetsNoDatabase() {
    assertThat(store.list(Filter.all())).isEmpty();
    assertThat(home).isEmptyDirectory();
  }

  @Test
  void aRunIsThereFromItsFirstLine() {
    RunLog log = begin("train");
    log.begin("training", 100);
    log.metric("loss", 0, 4.5);

    RunSummary summary = store.list(Filter.all()).getFirst();

    assertThat(summary.id()).isEqualTo(log.id());
    assertThat(summary.status()).isEqualTo(RunStatus.RUNNING);
    assertThat(summary.end()).isNull();
    assertThat(summary.progress()).isEqualTo(new RunProgress("training", 0, 100, ""));
    assertThat(store.run(log.id()).metric("loss").orElseThrow().values()).containsExactly(4.5);
    assertThat(home.resolve("runs.duckdb")).doesNotExist();

    log.metric("loss", 1, 3.5);
    assertThat(store.run(log.id()).metric("loss").orElseThrow().values()).containsExactly(4.5, 3.5);
    log.close();
  }

  @Test
  void whatWasWrittenIsReadBackFromTheDatabase() throws Exception {
    Path read = Files.writeString(home.resolve("text"), "abc");
    Figure figure =
        new Figure.Table("two", List.of("a", "b"), List.of(List.of("x", 1.5), List.of("y", true)));
    Report report =
        new Report("R", List.of(new Section("s", "S", List.of(new Block.FigureBlock(figure)))));
    RunLog log =
        RunLog.begin(
            home,
            new Beginning(
                "interpret depth",
                List.of("interpret", "./m", "depth"),
                "./m",
                Map.of("--seed", "3"),
                List.of(3L),
                List.of(read, home.resolve("gone"))),
            warnings::add);
    log.setting("steps", "12");
    log.metric("loss", 5, Double.NaN);
    log.metric("speed", 5, Double.POSITIVE_INFINITY);
    log.metric("loss", 4, -0.0);
    log.figure(figure);
    log.report(report);
    log.artifact("model", home.resolve("x").resolve("..").resolve("out"));
    log.log("a line\nin two \u2028 and \0");
    log.end(RunStatus.FAILED, "it broke");
    assertThat(store.list(Filter.all())).hasSize(1);
    assertThat(home.resolve("runs")).isEmptyDirectory();

    Run run = store.run(log.id());

    assertThat(run.summary().command()).isEqualTo("interpret depth");
    assertThat(run.summary().status()).isEqualTo(RunStatus.FAILED);
    assertThat(run.summary().argv()).containsExactly("interpret", "./m", "depth");
    assertThat(run.error()).isEqualTo("it broke");
    assertThat(run.settings()).containsExactly(Map.entry("--seed", "3"), Map.entry("steps", "12"));
    assertThat(run.seeds()).containsExactly(3L);
    assertThat(run.fingerprints())
        .containsEntry(home.resolve("gone").toString(), "unreadable")
        .containsEntry(read.toString(), Fingerprint.of(read));
    assertThat(run.versions()).containsKey("java");
    assertThat(run.machine()).isNotBlank();
    assertThat(run.pid()).isEqualTo(ProcessHandle.current().pid());
    assertThat(run.metrics()).extracting(MetricSeries::name).containsExactly("loss", "speed");
    assertThat(run.metrics().getFirst().steps()).containsExactly(5, 4);
    assertThat(run.metrics().getFirst().values()).containsExactly(Double.NaN, -0.0);
    assertThat(run.metrics().getLast().last()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(JsonReader.figure(run.outputs().get(0).json())).isEqualTo(figure);
    assertThat(JsonReader.report(run.outputs().get(1).json())).isEqualTo(report);
    assertThat(run.artifacts())
        .containsExactly(
            new Artifact("model", home.resolve("out").toAbsolutePath().normalize().toString()));
    assertThat(run.log())
        .extracting(LogLine::text)
        .containsExactly("a line\nin two \u2028 and \uFFFD");
    assertThat(warnings).isEmpty();
  }

  @Test
  void theRunOfAProcessThatIsGoneIsInterruptedAndKeepsWhatItHad() throws Exception {
    RunLog log = begin("train");
    log.metric("loss", 0, 4.5);
    log.metric("loss", 1, 4.25);
    orphan(log, "{\"event\":\"metric\",\"at\":17321");

    Run run = store.run(log.id());

    assertThat(run.summary().status()).isEqualTo(RunStatus.INTERRUPTED);
    assertThat(run.summary().end()).isNotNull();
    assertThat(run.metric("loss").orElseThrow().values()).containsExactly(4.5, 4.25);
    assertThat(run.log()).isEmpty();
  }

  @Test
  void aDamagedLineIsPassedOverAndSaid() throws Exception {
    RunLog log = begin("train");
    orphan(
        log,
        "\u0000\u0000{]\n{\"event\":\"metric\",\"at\":1,\"name\":\"a\",\"step\":2,\"value\":3}\n");

    Run run = store.run(log.id());

    assertThat(run.metric("a").orElseThrow().last()).isEqualTo(3);
    assertThat(run.log().getFirst().text()).matches("line [23] of the journal cannot be read.*");
  }

  @Test
  void aCrashBetweenTakingInAndRemovingDoesNotDoubleARun() throws Exception {
    RunLog log = begin("train");
    Path journal = home.resolve("runs").resolve(log.id() + ".jsonl");
    log.metric("loss", 0, 1);
    log.end(RunStatus.OK, null);
    byte[] content = Files.readAllBytes(journal);
    assertThat(store.list(Filter.all())).hasSize(1);

    Files.write(journal, content);

    assertThat(store.list(Filter.all())).hasSize(1);
    assertThat(store.run(log.id()).metric("loss").orElseThrow().values()).hasSize(1);
    assertThat(journal).doesNotExist();
  }

  @Test
  void filtersPickRuns() {
    RunLog first = ended("train");
    RunLog second = ended("interpret depth");
    RunLog third = begin("interpret probe");

    assertThat(ids(Filter.all())).containsExactlyInAnyOrder(first.id(), second.id(), third.id());
    assertThat(ids(Filter.all().withCommand("interpret")))
        .containsExactlyInAnyOrder(second.id(), third.id());
    assertThat(ids(Filter.all().withCommand("inter"))).isEmpty();
    assertThat(ids(Filter.all().withStatus(RunStatus.RUNNING))).containsExactly(third.id());
    assertThat(ids(Filter.all().withText("DEPTH"))).containsExactly(second.id());
    assertThat(ids(Filter.all().withText("' OR true --"))).isEmpty();
    assertThat(ids(Filter.all().withSince(Instant.now().plusSeconds(60)))).isEmpty();
    assertThat(store.count(Filter.all().withPage(1, 1))).isEqualTo(3);
    List<String> paged = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      paged.addAll(ids(Filter.all().withPage(1, i)));
    }
    assertThat(paged).isEqualTo(ids(Filter.all()));
    third.close();
  }

  @Test
  void theBeginningOfAnIdIsEnoughAndErrorsNameTheNearest() {
    RunLog log = ended("train");

    assertThat(store.resolve(log.id().substring(0, 16))).isEqualTo(log.id());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> store.run("nothing"))
        .withMessageContaining("there is no run 'nothing'")
        .withMessageContaining(log.id());
    RunLog other = ended("train");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> store.run("2"))
        .withMessageContaining("the beginning of 2 runs")
        .withMessageContaining(other.id());
  }

  @Test
  void anUnknownNewerVersionIsRefusedSayingBoth() throws Exception {
    ended("train");
    store.list(Filter.all());
    store.close();
    try (Connection c = DriverManager.getConnection("jdbc:duckdb:" + home.resolve("runs.duckdb"));
        Statement s = c.createStatement()) {
      s.execute("UPDATE store SET version = 7");
    }
    assertThatThrownBy(() -> store.list(Filter.all()))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("is of version 7")
        .hasMessageContaining("up to " + Database.VERSION);
  }

  @Test
  void aDatabaseOfSomeoneElseIsRefusedAndLeftAlone() throws Exception {
    try (Connection c = DriverManager.getConnection("jdbc:duckdb:" + home.resolve("runs.duckdb"));
        Statement s = c.createStatement()) {
      s.execute("CREATE TABLE mine (x INTEGER)");
    }
    RunLog log = ended("train");
    assertThatThrownBy(() -> store.list(Filter.all()))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("not a run store of Lapidary");
    assertThat(home.resolve("runs").resolve(log.id() + ".jsonl")).exists();
  }

  @Test
  void aFileThatIsNoDatabaseIsRefusedAndLeftAlone() throws Exception {
    Path file = home.resolve("runs.duckdb");
    byte[] garbage = "garbage ".repeat(4096).getBytes(StandardCharsets.UTF_8);
    Files.write(file, garbage);
    assertThatThrownBy(() -> store.list(Filter.all()))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("runs.duckdb is not a run store");
    assertThat(file).hasBinaryContent(garbage);
  }

  @Test
  void aThousandRunsListInWellUnderASecond() {
    for (int i = 0; i < 1000; i++) {
      RunLog log = begin(i % 2 == 0 ? "train" : "diff");
      for (int step = 0; step < 20; step++) {
        log.metric("loss", step, 1.0 / (1 + step));
      }
      log.end(RunStatus.OK, null);
    }
    assertThat(store.list(Filter.all())).as("taken in").hasSize(1000);
    store.close();

    long start = System.nanoTime();
    List<RunSummary> all = store.list(Filter.all());
    double opened = (System.nanoTime() - start) / 1e9;
    start = System.nanoTime();
    List<RunSummary> some = store.list(Filter.all().withText("DIFF").withPage(50, 0));
    double open = (System.nanoTime() - start) / 1e9;

    assertThat(all).hasSize(1000).isSortedAccordingTo((a, b) -> b.id().compareTo(a.id()));
    assertThat(some).hasSize(50);
    assertThat(opened).as("seconds, with opening the file").isLessThan(0.5);
    assertThat(open).as("seconds").isLessThan(0.3);
  }

  @Test
  void exportWritesParquetThatDuckDbReads() throws Exception {
    RunLog log = begin("train");
    log.metric("loss", 0, 1.5);
    log.end(RunStatus.OK, null);
    Path folder = home.resolve("it's here");

    List<Path> files = store.exportParquet(folder);

    assertThat(files).hasSize(5).allSatisfy(file -> assertThat(file).isNotEmptyFile());
    try (Connection c = DriverManager.getConnection("jdbc:duckdb:");
        Statement s = c.createStatement();
        var rows =
            s.executeQuery(
                "SELECT id, status, name, value FROM '%1$s/runs.parquet' r JOIN '%1$s/metrics.parquet' m ON m.run = r.id"
                    .formatted(folder.toString().replace("'", "''")))) {
      assertThat(rows.next()).isTrue();
      assertThat(rows.getString(1)).isEqualTo(log.id());
      assertThat(rows.getString(2)).isEqualTo("ok");
      assertThat(rows.getDouble(4)).isEqualTo(1.5);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void theFileIsLetGoOfSoonAfterUse() throws Exception {
    ended("train");
    store.list(Filter.all());
    Thread.sleep(1500);
    // Another process could open it now; within this one a move shows that nothing holds on to it.
    try (Stream<Path> open = openFiles()) {
      assertThat(open).noneMatch(file -> file.endsWith("runs.duckdb"));
    }
  }

  private static Stream<Path> openFiles() throws Exception {
    List<Path> open = new ArrayList<>();
    try (Stream<Path> links = Files.list(Path.of("/proc/self/fd"))) {
      for (Path link : links.toList()) {
        if (Files.isSymbolicLink(link)) {
          open.add(Files.readSymbolicLink(link));
        }
      }
    } catch (java.nio.file.NoSuchFileException e) {
      // the descriptor of the listing itself
    }
    return open.stream();
  }

  @Test
  void aFolderThatCannotBeWrittenWarnsOnceAndTheWorkGoesOn() throws Exception {
    Path file = Files.createFile(home.resolve("file"));
    RunLog log = RunLog.begin(file.resolve("home"), Beginning.of("train"), warnings::add);
    Progress progress = log.watching(Progress.silent());
    progress.begin("x", 1);
    log.metric("loss", 0, 1);
    log.end(RunStatus.OK, null);
    assertThat(log.recording()).isFalse();
    assertThat(warnings).hasSize(1).first().asString().contains("not recorded");
  }

  @Test
  void aDiscardedRunLeavesNothing() {
    begin("train").discard();
    assertThat(home.resolve("runs")).isEmptyDirectory();
    assertThat(store.list(Filter.all())).isEmpty();
  }
}
