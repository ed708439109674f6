package org.lapidary.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lapidary.catalog.Catalog;
import org.lapidary.catalog.House;
import org.lapidary.catalog.runs.Filter;
import org.lapidary.catalog.runs.Run;
import org.lapidary.catalog.runs.RunStatus;
import org.lapidary.catalog.runs.RunStore;
import org.lapidary.catalog.runs.RunSummary;
import picocli.CommandLine;

/** Real commands on a small model, and the runs that are kept of them. */
class RecordingTest {
  @TempDir Path folder;
  private final List<String> warnings = new ArrayList<>();

  private record Ended(int status, String out, String err) {}

  private Path home() {
    return folder.resolve("home");
  }

  private Ended run(Path home, String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    Terminal terminal = new Terminal(false, false, 0, Map.of());
    CommandLine line =
        Main.commandLine(
            new Workplace(
                Catalog::load,
                () -> new House(folder),
                terminal,
                Recording.in(home, warnings::add)));
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    int status = line.execute(args);
    return new Ended(status, out.toString(), err.toString());
  }

  private Ended run(String... args) {
    return run(home(), args);
  }

  private Ended train(String name, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "train",
                "--layers=1",
                "--width=16",
                "--heads=2",
                "--context=16",
                "--steps=6",
                "--batch=2",
                "--evaluate-every=3",
                "--out=" + folder.resolve(name)));
    args.addAll(List.of(more));
    return run(args.toArray(String[]::new));
  }

  private List<RunSummary> list() {
    try (RunStore store = RunStore.open(home())) {
      return store.list(Filter.all());
    }
  }

  private Run only() {
    try (RunStore store = RunStore.open(home())) {
      assertThat(store.list(Filter.all())).hasSize(1);
      return store.run(store.list(Filter.all()).getFirst().id());
    }
  }

  @Test
  void aTrainingKeepsItsSettingsItsLossAndWhatItWrote() {
    assertThat(train("a", "--seed=3").status()).isZero();

    Run run = only();

    assertThat(run.summary().command()).isEqualTo("train");
    assertThat(run.summary().status()).isEqualTo(RunStatus.OK);
    assertThat(run.summary().argv()).contains("--seed=3");
    assertThat(run.settings()).containsEntry("--batch", "2").containsEntry("--rate", "0.001");
    assertThat(run.settings()).doesNotContainKeys("--help", "--stacktrace");
    assertThat(run.seeds()).containsExactly(3L);
    assertThat(run.metric("loss").orElseThrow().steps()).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(run.metric("held-out loss").orElseThrow().steps()).containsExactly(3, 6);
    assertThat(run.artifacts().getFirst().path()).isEqualTo(folder.resolve("a").toString());
    assertThat(run.summary().progress()).isNotNull();
    assertThat(warnings).isEmpty();
  }

  @Test
  void whatACommandShowsIsKeptWithItsModelAndFingerprints() {
    train("a");
    train("b", "--seed=1");
    String a = folder.resolve("a").toString();
    String b = folder.resolve("b").toString();

    assertThat(run("diff", a, b).status()).isEqualTo(Main.FAILURE);
    assertThat(run("interpret", a, "depth").status()).isZero();

    try (RunStore store = RunStore.open(home())) {
      Run diff = store.run(store.list(Filter.all().withCommand("diff")).getFirst().id());
      assertThat(diff.summary().status()).as("it did what it was asked to").isEqualTo(RunStatus.OK);
      assertThat(diff.summary().model()).isEqualTo(a);
      assertThat(diff.fingerprints()).containsOnlyKeys(a, b);
      assertThat(diff.fingerprints().get(a)).isNotEqualTo(diff.fingerprints().get(b));
      assertThat(diff.outputs()).hasSize(1);
      Run depth = store.run(store.list(Filter.all().withCommand("interpret")).getFirst().id());
      assertThat(depth.summary().command()).isEqualTo("interpret depth");
      assertThat(depth.fingerprints()).containsEntry(a, diff.fingerprints().get(a));
    }
  }

  @Test
  void aCommandThatFailsIsKeptWithItsErrorAndAWrongCommandLineIsNot() throws Exception {
    Files.createDirectories(folder.resolve("taken"));
    assertThat(train("taken").status()).isEqualTo(Main.FAILURE);
    assertThat(train("b", "--rate=-1").status()).isEqualTo(Main.USAGE);
    assertThat(run("train", "--help").status()).isZero();
    assertThat(run("info", folder.resolve("nothing").toString()).status()).isEqualTo(Main.FAILURE);

    Run run = only();

    assertThat(run.summary().status()).isEqualTo(RunStatus.FAILED);
    assertThat(run.error()).contains("taken exists already");
  }

  @Test
  void runsListsShowsComparesAndExports() throws Exception {
    assertThat(run("runs").out()).isEqualToIgnoringNewLines("No runs yet.");
    train("a");
    train("b", "--seed=1");
    List<RunSummary> both = list();
    String newest = both.getFirst().id();
    String other = both.getLast().id();

    assertThat(run("runs").out()).contains(newest, other, "train", "ok");
    assertThat(run("runs", "--filter=--seed=1").out()).contains(newest).doesNotContain(other);
    assertThat(run("runs", "--status", "failed").out())
        .isEqualToIgnoringNewLines("No runs like that.");
    assertThat(run("runs", "--last", "1").out()).contains("1 of 2 runs");
    JsonNode listed = new JsonMapper().readTree(run("runs", "--json").out());
    assertThat(listed).hasSize(2);
    assertThat(listed.get(0).get("id").asText()).isEqualTo(newest);

    assertThat(run("runs", "show", newest).out()).contains("held-out loss", "--seed", "status");
    JsonNode shown = new JsonMapper().readTree(run("runs", "show", newest, "--json").out());
    assertThat(shown.get("metrics").get(0).get("values")).hasSize(6);
    assertThat(run("runs", "show", "nothing").err()).contains("there is no run 'nothing'", newest);

    String compared = run("compare", other, newest).out();
    assertThat(compared.indexOf("--seed")).isBetween(0, compared.indexOf("--batch"));
    assertThat(compared).contains("What differs", "What is the same", "loss (last)");
    assertThat(run("compare", other).status()).isEqualTo(Main.USAGE);

    Ended exported = run("runs", "export", "--parquet", folder.resolve("parquet").toString());
    assertThat(exported.status()).isZero();
    assertThat(folder.resolve("parquet").resolve("metrics.parquet")).isNotEmptyFile();
    assertThat(list()).as("reading is not recorded").hasSize(2);
  }

  @Test
  void aHomeThatCannotBeWrittenWarnsOnceAndTheCommandWorks() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));

    Ended ended =
        run(
            file.resolve("home"),
            "train",
            "--layers=1",
            "--width=16",
            "--heads=2",
            "--context=16",
            "--steps=2",
            "--batch=2",
            "--out=" + folder.resolve("c"));

    assertThat(ended.status()).isZero();
    assertThat(warnings).hasSize(1).first().asString().contains("not recorded");
  }

  @Test
  void methodsAreComparedShownWrittenAndKept() throws Exception {
    Path out = folder.resolve("compared");
    Ended ended =
        run(
            "compare",
            "--task=mixers",
            "--methods=mlp,none",
            "--budgets=16",
            "--set=layers=1",
            "--set=steps=10",
            "--set=context=16",
            "--set=heads=2",
            "--out=" + out);

    assertThat(ended.err()).contains("written to");
    assertThat(ended.status()).isZero();
    assertThat(ended.out()).contains("Which loses least", "behind the best", "mlp", "none");
    assertThat(out.resolve("report.html")).isNotEmptyFile();
    Run run = only();
    assertThat(run.summary().command()).isEqualTo("compare");
    assertThat(run.settings()).containsEntry("--task", "mixers");
    assertThat(run.outputs()).hasSize(1);
    assertThat(run.artifacts()).hasSize(1);
  }

  @Test
  void wrongComparisonsAreAnsweredInWords() {
    assertThat(run("compare").err()).contains("give two runs or more", "compress or dictionaries");
    assertThat(run("compare", "--task", "compres").err()).contains("did you mean compress?");
    assertThat(run("compare", "--task", "compress").err()).contains("--model MODEL");
    assertThat(run("compare", "--task", "mixers", "--methods", "mpl").err())
        .contains("did you mean mlp?");
    assertThat(run("compare", "--task", "compress", "--budgets", "tiny").err())
        .contains("the budget 'tiny");
    assertThat(run("compare", "a", "b").err()).contains("there is no run 'a'");
    assertThat(list()).as("nothing was computed").isEmpty();
  }

  /** The first Ctrl-C asks the training to stop; TERM ends whatever runs. Both are stopped runs. */
  @ParameterizedTest
  @ValueSource(strings = {"INT", "TERM"})
  @DisabledOnOs(OS.WINDOWS)
  void aCommandThatTheUserStopsIsKeptAsStopped(String signal) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Main.class.getName(),
            "train",
            "--layers=1",
            "--width=16",
            "--heads=2",
            "--context=16",
            "--batch=2",
            "--steps=1000000",
            "--out=" + folder.resolve("long"));
    builder.environment().put("LAPIDARY_HOME", home().toString());
    builder.environment().remove("LAPIDARY_RUNS");
    builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    Process process = builder.start();
    try {
      long deadline = System.nanoTime() + 60_000_000_000L;
      while (list().stream()
          .allMatch(run -> run.progress() == null || run.progress().done() == 0)) {
        assertThat(process.isAlive()).isTrue();
        assertThat(System.nanoTime()).isLessThan(deadline);
        Thread.sleep(100);
      }
      assertThat(list().getFirst().status()).isEqualTo(RunStatus.RUNNING);
      assertThat(
              new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid()))
                  .start()
                  .waitFor())
          .isZero();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }

    Run run = only();

    assertThat(run.summary().status()).isEqualTo(RunStatus.STOPPED);
    assertThat(run.metric("loss").orElseThrow().values()).isNotEmpty();
  }
}
