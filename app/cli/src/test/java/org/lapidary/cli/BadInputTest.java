package org.lapidary.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.catalog.Catalog;
import org.lapidary.catalog.House;
import org.lapidary.data.WordVocabulary;
import org.lapidary.io.model.HuggingFace;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import picocli.CommandLine;

/**
 * What users do wrong: one sentence that names file, place and remedy, and nothing half-written.
 */
class BadInputTest {
  @TempDir Path folder;
  private Path model = Path.of("");

  @BeforeEach
  void writeAModel() {
    WordVocabulary words =
        new WordVocabulary(IntStream.range(0, 12).mapToObj(i -> "w" + i).toList(), 0);
    DecoderConfig config = DecoderConfig.gpt(12, 16, 1, 2, 8, "gelu");
    Layer layer = config.build();
    layer.initialise(new Rng(0));
    model = folder.resolve("model");
    HuggingFace.save(new Model(config, layer, words), model);
  }

  private record Ended(int status, String out, String err) {}

  private Ended run(Object... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    Terminal terminal = new Terminal(false, false, 0, Map.of());
    CommandLine line =
        Main.commandLine(new Workplace(Catalog::load, () -> new House(folder), terminal));
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    int status =
        line.execute(java.util.Arrays.stream(args).map(Object::toString).toArray(String[]::new));
    return new Ended(status, out.toString(), err.toString());
  }

  private void refused(List<String> words, Object... args) {
    Ended ended = run(args);
    assertThat(ended.status()).as(ended.err()).isNotZero();
    assertThat(ended.err().lines().filter(l -> !l.startsWith("See lapidary")))
        .as("one sentence")
        .hasSize(1);
    assertThat(ended.err()).contains(words).doesNotContain("a fault of Lapidary");
  }

  @Test
  void textThatIsNotUtf8NamesFilePlaceAndRemedy() throws IOException {
    Path text = Files.write(folder.resolve("t.txt"), new byte[] {'w', '1', ' ', (byte) 0xE9, ' '});
    for (String command : List.of("assay", "diff", "compress", "train")) {
      Object[] args =
          switch (command) {
            case "diff" -> new Object[] {command, model, model, "--text", text};
            case "compress" ->
                new Object[] {
                  command, model, "--method", "dsnot", "--text", text, "--out", folder.resolve("o")
                };
            default -> new Object[] {command, model, "--text", text, "--out", folder.resolve("o")};
          };
      refused(List.of("t.txt", "byte 3", "iconv"), args);
    }
  }

  @Test
  void anEmptyTextAndOneOfUnknownWords() throws IOException {
    Path empty = Files.writeString(folder.resolve("empty.txt"), " \n");
    refused(List.of("empty.txt", "no text"), "diff", model, model, "--text", empty);
    Path strange = Files.writeString(folder.resolve("s.txt"), "w1 w2 zebra");
    assertThat(run("diff", model, model, "--text", strange).status()).isNotZero();
  }

  @Test
  void tokenIdsOutOfRangeAndAPromptLongerThanTheContext() {
    refused(List.of("12", "11"), "generate", model, "--tokens", "1,12");
    refused(List.of("-1"), "generate", model, "--tokens=-1");
    refused(List.of("'x'"), "generate", model, "--tokens", "1,x");
    refused(List.of("9", "8"), "generate", model, "--tokens", "1,2,3,4,5,6,7,8,9");
    refused(List.of("context"), "generate", model, "--prompt", "w1 w2 w3 w4 w5 w6 w7 w8 w9 w10");
  }

  @Test
  void aModelThatIsNotThereOrOfAnUnknownKind() throws IOException {
    refused(List.of("nowhere", "Hugging Face"), "info", folder.resolve("nowhere"));
    Path config = model.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("gpt2", "gtp2"));
    refused(List.of("config.json", "gtp2", "gpt2"), "info", model);
  }

  @Test
  void aTokenizerOfAnotherModel() throws IOException {
    Path tokenizer = model.resolve("tokenizer.json");
    Files.writeString(
        tokenizer,
        Files.readString(tokenizer).replaceAll("\"w11\"\\s*:\\s*11", "\"w11\": 11, \"w12\": 12"));
    refused(List.of("tokenizer.json", "12"), "generate", model, "--prompt", "w1");
  }

  @Test
  void anOutputThatExistsOrCannotBeWrittenIsLeftAsItWas() throws IOException {
    Path taken = Files.createDirectory(folder.resolve("taken"));
    Path mine = Files.writeString(taken.resolve("mine"), "mine");
    refused(List.of("taken"), "assay", model, "--out", taken);
    refused(List.of("taken"), "compress", model, "--method", "dsnot", "--out", taken);
    refused(List.of("taken"), "train", "--out", taken);
    refused(List.of("mine"), "assay", model, "--out", mine);
    Path below = mine.resolve("below");
    refused(List.of("below"), "generate", model, "--tokens", "1", "--logits", below);
    assertThat(mine).hasContent("mine");
    assertThat(taken).isDirectoryContaining(p -> p.equals(mine));
  }

  @Test
  void namesThatAreNearlyRight() {
    refused(
        List.of("'dsnt'", "dsnot"),
        "compress",
        model,
        "--method",
        "dsnt",
        "--out",
        folder.resolve("o"));
    refused(
        List.of("sparsty", "sparsity"),
        "compress",
        model,
        "--method",
        "dsnot",
        "--set",
        "sparsty=0.5",
        "--out",
        folder.resolve("o"));
    refused(
        List.of("hook_resid_pots", "hook_resid_post"),
        "capture",
        model,
        "--tokens",
        "1,2",
        "--sites",
        "blocks.0.hook_resid_pots",
        "--out",
        folder.resolve("a.safetensors"));
    refused(List.of("3.0bits"), "assay", model, "--budget", "three", "--out", folder.resolve("o"));
  }

  /** A limit on the size of files stands in for a full disk: both fail in the middle of a write. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aDiskThatFillsUpLeavesNothingHalfWritten() throws Exception {
    List<String> java =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-Dlapidary.root=" + folder,
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            "org.lapidary.cli.Main",
            "train",
            "--steps",
            "1",
            "--width",
            "64",
            "--out",
            folder.resolve("trained").toString());
    ProcessBuilder builder =
        new ProcessBuilder("bash", "-c", "ulimit -f 64; exec \"$0\" \"$@\"", java.getFirst());
    builder.command().addAll(java.subList(1, java.size()));
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(said).isEqualTo(Main.FAILURE);
    assertThat(said).contains("cannot write", "nothing was changed");
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(model);
    }
  }
}
