package org.lapidary.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.catalog.Area;
import org.lapidary.catalog.Catalog;
import org.lapidary.catalog.Declaration;
import org.lapidary.catalog.House;
import org.lapidary.catalog.Row;
import org.lapidary.cli.sample.CountingReproduction;
import org.lapidary.evidence.Paper;
import picocli.CommandLine;

class MainTest {
  @TempDir Path folder;

  private record Ended(int status, String out, String err) {}

  private Catalog catalog() {
    Package sample = CountingReproduction.class.getPackage();
    Paper paper = Objects.requireNonNull(sample.getAnnotation(Paper.class));
    return new Catalog(
        List.of(
            new Row("counting", "On Counting", "2401.00001", Area.THEORY, "counting"),
            new Row("open-one", "Not Yet", "", Area.NN, "the other")),
        List.of(new Declaration(paper, sample.getName())));
  }

  private CommandLine commandLine() {
    Terminal terminal = new Terminal(false, false, 0, Map.of());
    return Main.commandLine(new Workplace(this::catalog, () -> new House(folder), terminal));
  }

  private Ended run(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line = commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    int status = line.execute(args);
    return new Ended(status, out.toString(), err.toString());
  }

  @Test
  void everyCommandHasHelpWithAnExample() {
    assertThat(commandLine().getSubcommands()).isNotEmpty();
    commandLine()
        .getSubcommands()
        .forEach((name, command) -> {
          Ended ended = run(name, "--help");
          assertThat(ended.status()).isZero();
          assertThat(ended.out())
              .as(name)
              .contains("Usage: lapidary " + name, "Example", "  lapidary " + name)
              .contains("--stacktrace");
          assertThat(command.getCommandSpec().usageMessage().description()).isNotEmpty();
        });
    assertThat(run("--help").out()).contains("Commands:", "reproduce", "Examples:");
    assertThat(run().out()).isEqualTo(run("-h").out());
  }

  @Test
  void typosAreAnsweredWithTheRealName() {
    assertUsage("lapidary: there is no command 'methds'; did you mean methods?", "methds");
    assertUsage(
        "lapidary methods: there is no option '--jsn'; did you mean --json?", "methods", "--jsn");
    assertUsage(
        "lapidary methods: there is no option '--aera'; did you mean --area?",
        "methods",
        "--aera=nn");
    assertUsage(
        "lapidary methods: there is no area 'theroy'; did you mean theory?",
        "methods",
        "--area",
        "theroy");
    assertUsage(
        "lapidary methods: there is no status 'opne'; did you mean open?",
        "methods",
        "--status=opne");
    assertUsage(
        "lapidary reproduce: there is no method 'countng'; did you mean counting?",
        "reproduce",
        "countng");
    assertUsage("lapidary reproduce: missing required parameter: 'ID'", "reproduce");
    assertUsage("lapidary methods: 'x' is one argument too many", "methods", "x");
    assertUsage(
        "lapidary reproduce: --seeds is 1 or more, not 0", "reproduce", "counting", "--seeds=0");
    assertThat(run("reproduce", "counting", "--size", "large").err())
        .contains("large", "SMOKE, FULL");
  }

  private void assertUsage(String sentence, String... args) {
    Ended ended = run(args);
    assertThat(ended.err().lines().findFirst()).contains(sentence);
    assertThat(ended.status()).isEqualTo(Main.USAGE);
    assertThat(ended.out()).isEmpty();
  }

  @Test
  void methodsListsRowsByAreaAndStatus() {
    Ended all = run("methods");
    assertThat(all.status()).isZero();
    assertThat(all.out())
        .contains("counting  theory  declared  2401.00001  On Counting")
        .endsWith("2 methods: 0 working, 0 not holding, 1 declared, 1 open\n");
    assertThat(run("methods", "--area", "nn").out())
        .contains("open-one")
        .doesNotContain("counting");
    assertThat(run("methods", "--status", "declared").out()).doesNotContain("open-one");
    assertThat(run("methods", "--status", "not-holding").out())
        .isEqualTo("0 methods: 0 working, 0 not holding, 0 declared, 0 open\n");
  }

  @Test
  void methodsSpeaksJson() throws Exception {
    JsonNode rows = new ObjectMapper().readTree(run("methods", "--json").out());
    assertThat(rows).hasSize(2);
    assertThat(rows.at("/0/claim").asText()).isEqualTo("Two is more than one.");
    assertThat(rows.at("/0/package").asText()).isEqualTo("org.lapidary.cli.sample");
    assertThat(rows.at("/1/status").asText()).isEqualTo("open");
    assertThat(rows.at("/1").has("claim")).isFalse();
  }

  @Test
  void aReproductionWhoseChecksHoldEndsWithZero() throws Exception {
    Ended full = run("reproduce", "counting", "--size", "full");
    assertThat(full.status()).isZero();
    assertThat(full.out())
        .contains("On Counting", "Claim: Two is more than one.", "A table")
        .containsPattern("seeds +3 +>= +2 +yes\n")
        .contains("All checks hold (FULL run, 3 seeds, ");
    Ended smoke = run("reproduce", "counting", "--size", "smoke");
    assertThat(smoke.status()).isEqualTo(Main.FAILURE);
    assertThat(smoke.out()).contains("Not all checks hold (SMOKE run, 1 seed, ");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void recordKeepsTheRunAndRenewsThePage() throws Exception {
    Ended ended = run("reproduce", "counting", "--size", "full", "--record", "--json");
    assertThat(ended.status()).isZero();
    JsonNode printed = new ObjectMapper().readTree(ended.out());
    assertThat(printed.at("/figures/0/type").asText()).isEqualTo("table");
    JsonNode kept =
        new ObjectMapper().readTree(Files.readString(folder.resolve("ledger/counting.json")));
    assertThat(kept.at("/checks/0/measured").asDouble()).isEqualTo(3);
    assertThat(Files.readString(folder.resolve("METHODS.md")))
        .contains("| `counting` | On Counting |", "| **working** |");
    assertThat(run("methods", "--status", "working").out()).contains("counting");

    Ended smoke = run("reproduce", "counting", "--seeds", "2", "--record");
    assertThat(smoke.status()).isEqualTo(Main.FAILURE);
    assertThat(smoke.err()).contains("lapidary: the ledger has a FULL entry of 'counting'");
  }

  @Test
  void writeRefusesACatalogThatContradictsItself() throws Exception {
    assertThat(run("methods", "--write").status()).isZero();
    String page = Files.readString(folder.resolve("METHODS.md"));
    run("reproduce", "counting", "--size", "full", "--record");
    Path ledger = folder.resolve("ledger");
    Files.writeString(
        ledger.resolve("open-one.json"),
        Files.readString(ledger.resolve("counting.json")).replace("\"counting\"", "\"open-one\""));
    Files.writeString(folder.resolve("METHODS.md"), page);
    Ended ended = run("methods", "--write");
    assertThat(ended.status()).isEqualTo(Main.FAILURE);
    assertThat(ended.err()).contains("entry for 'open-one', which no package declares");
    assertThat(Files.readString(folder.resolve("METHODS.md"))).isEqualTo(page);
  }

  @Test
  void aFailureIsOneSentenceAndItsPlaceIsShownOnRequest() throws Exception {
    Files.createDirectories(folder.resolve("ledger"));
    Files.writeString(folder.resolve("ledger/counting.json"), "{");
    Ended ended = run("methods");
    assertThat(ended.status()).isEqualTo(Main.FAILURE);
    assertThat(ended.err().lines())
        .singleElement()
        .asString()
        .startsWith("lapidary: ")
        .contains("counting.json is not a ledger entry: not JSON at line 1");
    assertThat(run("methods", "--stacktrace").err()).contains("\tat org.lapidary.catalog.Ledger");
    assertThat(run("open", "--stacktrace").status()).isEqualTo(Main.USAGE);
    Ended open = run("reproduce", "open-one");
    assertThat(open.status()).isEqualTo(Main.FAILURE);
    assertThat(open.err()).startsWith("lapidary: 'open-one' has no package yet");
  }

  @Test
  void faultsAreSentences() {
    assertThat(Faults.sentence(new NoSuchFileException("a.txt")))
        .isEqualTo("there is no file a.txt");
    assertThat(Faults.sentence(new FileSystemException("a", null, "No space left on device")))
        .isEqualTo("a: No space left on device");
    assertThat(Faults.sentence(new UncheckedIOException(new NoSuchFileException("b"))))
        .isEqualTo("there is no file b");
    assertThat(
            Faults.sentence(
                new UncheckedIOException("cannot read the model", new IOException("bad"))))
        .isEqualTo("cannot read the model: bad");
    assertThat(Faults.sentence(new OutOfMemoryError("Java heap space")))
        .contains("LAPIDARY_JAVA_OPTS");
    assertThat(Faults.sentence(new NullPointerException())).contains("a fault of Lapidary");
    StringWriter err = new StringWriter();
    assertThat(Faults.show(new CancellationException("stopped"), new PrintWriter(err), false))
        .isEqualTo(Main.STOPPED);
  }

  @Test
  void listingMethodsLoadsNothingOfLibtorch() throws Exception {
    Path log = folder.resolve("classes");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+load:file=" + log,
                "-Dlapidary.root=" + folder,
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                "org.lapidary.cli.Main",
                "methods")
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(output).isZero();
    List<String> loaded = new ArrayList<>(Files.readAllLines(log));
    assertThat(loaded).anyMatch(line -> line.contains("org.lapidary.catalog.Catalog"));
    assertThat(loaded)
        .noneMatch(
            line -> line.contains("org.bytedeco") || line.contains("org.lapidary.tensor.Natives"));
  }
}
