package org.lapidary.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.catalog.Catalog;
import org.lapidary.catalog.House;
import org.lapidary.data.TokenFile;
import org.lapidary.data.WordVocabulary;
import org.lapidary.interpret.features.FeatureIndex;
import org.lapidary.io.model.HuggingFace;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import picocli.CommandLine;

/** Every view of a small model, as a user asks for it. */
class InterpretTest {
  @TempDir Path folder;
  private Path model = Path.of("");
  private Path text = Path.of("");
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void writeAModel() throws IOException {
    WordVocabulary words =
        new WordVocabulary(IntStream.range(0, 12).mapToObj(i -> "w" + i).toList(), 0);
    Model made = Model.random(DecoderConfig.gpt(12, 16, 2, 2, 16, "relu"), new Rng(0));
    made.layer().parameters().values().stream()
        .filter(p -> p.tensor().rank() == 2)
        .forEach(p -> p.set(p.value().mul(10)));
    model = folder.resolve("model");
    HuggingFace.save(made.withTokenizer(words), model);
    Random random = new Random(1);
    text =
        Files.writeString(
            folder.resolve("text.txt"),
            IntStream.range(0, 1200)
                .mapToObj(i -> "w" + random.nextInt(12))
                .collect(Collectors.joining(" ")));
  }

  private int run(Object... args) {
    Terminal terminal = new Terminal(false, false, 0, Map.of());
    CommandLine line =
        Main.commandLine(new Workplace(Catalog::load, () -> new House(folder), terminal));
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    for (CommandLine sub : line.getSubcommands().values()) {
      sub.setOut(new PrintWriter(out));
      sub.setErr(new PrintWriter(err));
      sub.getSubcommands()
          .values()
          .forEach(view -> {
            view.setOut(new PrintWriter(out));
            view.setErr(new PrintWriter(err));
          });
    }
    return line.execute(java.util.Arrays.stream(args).map(Object::toString).toArray(String[]::new));
  }

  private String shown(Object... args) {
    assertThat(run(args)).as(err.toString()).isEqualTo(Main.OK);
    return out.toString();
  }

  @Test
  void depthAndSparsity() {
    assertThat(shown("interpret", model, "depth", "--text", text))
        .contains("What each block adds", "Effect of skipping a block on the output");
    assertThat(shown("interpret", model, "sparsity", "--text", text))
        .contains("Hidden units of the MLPs", "share kept");
  }

  @Test
  void attributionNamesTheDifferenceAndJudgesItsCircuit() throws IOException {
    Path report = folder.resolve("report");
    assertThat(
            shown(
                "interpret",
                model,
                "attribute",
                "--clean",
                "w1 w2 w3",
                "--corrupt",
                "w1 w5 w3",
                "--plus",
                "w7",
                "--minus",
                "w4",
                "--out",
                report))
        .contains("w7 − w4 is", "Attribution by site and token", "(faithfulness)");
    assertThat(Files.readString(report.resolve("report.html"))).contains("Attribution by head");
    assertThat(report.resolve("report.json")).isNotEmptyFile();
  }

  @Test
  void aTaskBringsItsOwnPromptsWhereTheTokenizerKnowsItsWords() {
    refused("no prompt of 'induction'", "interpret", model, "attribute", "--task", "INDUCTION");
    refused("give either", "interpret", model, "attribute", "--task", "INDUCTION", "--plus", "w1");
    refused("give either", "interpret", model, "attribute", "--clean", "w1 w2");
  }

  @Test
  void probesAndComparisonsStandBesideChance() {
    assertThat(shown("interpret", model, "probe", "--token", "w3", "--text", text))
        .contains("labels shuffled");
    assertThat(shown("interpret", model, "compare", "--with", model, "--text", text))
        .contains("by chance");
  }

  @Test
  void aTranscoderIsTrainedKeptAndUsedInACircuit() {
    Path kept = folder.resolve("transcoder");
    assertThat(
            shown(
                "interpret",
                model,
                "features",
                "--layer",
                "1",
                "--features",
                "32",
                "--activation",
                "topk:4",
                "--steps",
                "50",
                "--text",
                text,
                "--save",
                kept))
        .contains("transcoder", "variance explained");
    assertThat(
            shown("interpret", model, "features", "--layer", "1", "--load", kept, "--text", text))
        .contains("32");
    assertThat(
            shown(
                "interpret",
                model,
                "circuit",
                "--prompt",
                "w1 w2",
                "--dictionary",
                kept,
                "--text",
                text))
        .contains("Circuit of", "(completeness)");
    assertThat(
            shown(
                "interpret",
                model,
                "steer",
                "--dictionary",
                kept,
                "--feature",
                "3",
                "--to",
                "2.5",
                "--prompt",
                "w1 w2",
                "--text",
                text))
        .contains("feature held", "nats per token", "Continued with the feature held");
    refused(
        "features 0 to 31",
        "interpret",
        model,
        "steer",
        "--dictionary",
        kept,
        "--feature",
        "32",
        "--text",
        text);
  }

  @Test
  void anIndexIsKeptForEveryBlockAndGoneOnWith() throws IOException {
    Path kept = folder.resolve("features");
    Object[] command = {
      "interpret",
      model,
      "features",
      "--layer",
      "all",
      "--features",
      "32",
      "--steps",
      "20",
      "--text",
      text,
      "--index",
      kept
    };
    shown(command);
    assertThat(err.toString()).contains("an index of 32 features over");
    for (int block = 0; block < 2; block++) {
      try (FeatureIndex index = FeatureIndex.open(kept.resolve("block-" + block))) {
        assertThat(index.summary().outputSite())
            .isEqualTo("blocks.%d.hook_mlp_out".formatted(block));
        assertThat(index.summary().model()).isEqualTo(model.toString());
        assertThat(index.summary().tokens()).isEqualTo(1200 / 16 * 16);
        assertThat(index.alive()).isPositive();
      }
    }
    Path first = FeatureIndex.file(kept.resolve("block-0"));
    byte[] before = Files.readAllBytes(first);
    shown(command);
    assertThat(Files.readAllBytes(first)).isEqualTo(before);
    Object sae = kept.resolve("block-0");
    refused(
        "give another folder",
        "interpret",
        model,
        "features",
        "--kind",
        "sae",
        "--text",
        text,
        "--index",
        sae);
    refused("neither --save nor", "interpret", model, "features", "--layer", "0,1", "--text", text);
    refused("numbers with commas", "interpret", model, "features", "--layer", "two");
    refused("layers 0 to 1", "interpret", model, "features", "--layer", "7");
  }

  @Test
  void aFileOfIdsIsIndexedWithoutBeingRead() throws IOException {
    Path ids = folder.resolve("ids.bin");
    TokenFile.write(ids, new Random(3).ints(500, 0, 12).toArray(), TokenFile.Width.UINT16);
    Path kept = folder.resolve("of-ids");
    shown(
        "interpret",
        model,
        "features",
        "--features",
        "32",
        "--steps",
        "20",
        "--text",
        text,
        "--ids",
        ids,
        "--index",
        kept);
    try (FeatureIndex index = FeatureIndex.open(kept)) {
      assertThat(index.summary().tokens()).isEqualTo(496);
      assertThat(index.summary().corpus()).isEqualTo(ids.toString());
    }
  }

  @Test
  void jsonIsOneDocument() throws IOException {
    String json = shown("interpret", model, "depth", "--text", text, "--json");
    assertThat(new com.fasterxml.jackson.databind.ObjectMapper().readTree(json).isObject())
        .isTrue();
  }

  @Test
  void whatIsWrongIsSaidInOneSentence() {
    refused("which view?", "interpret", model);
    refused("equal length", "interpret", model, "attribute", "--clean", "w1 w2", "--corrupt", "w1");
    refused(
        "hook_resid_pre",
        "interpret",
        model,
        "attribute",
        "--clean",
        "w1 w2",
        "--corrupt",
        "w1 w3",
        "--plus",
        "w1",
        "--minus",
        "w2",
        "--sites",
        "blocks.*.hook_resid_pr");
    refused("'w99'", "interpret", model, "probe", "--token", "w99", "--text", text);
    refused(
        "jumprelu, or topk:K with K from 1 to 32",
        "interpret",
        model,
        "features",
        "--features",
        "32",
        "--activation",
        "topk:33",
        "--text",
        text);
    refused("layers 0 to 1", "interpret", model, "features", "--layer", "2", "--text", text);
  }

  private void refused(String words, Object... args) {
    err.getBuffer().setLength(0);
    assertThat(run(args)).isNotZero();
    assertThat(err.toString()).contains(words).doesNotContain("a fault of Lapidary");
  }
}
