package org.lapidary.assay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.compress.slim.Budget;
import org.lapidary.data.WordVocabulary;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.features.FeatureIndex;
import org.lapidary.io.model.Models;
import org.lapidary.kernels.PackedMatrix;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.report.Report;
import org.lapidary.report.Section;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

class AssayTest {
  private static final Effort LITTLE = new Effort(3, 12, 4);

  @TempDir Path folder;

  private static Model model() {
    WordVocabulary words =
        new WordVocabulary(IntStream.range(0, 24).mapToObj(i -> "w" + i).toList(), 0);
    DecoderConfig config = DecoderConfig.gpt(24, 32, 2, 2, 16, "relu");
    Layer layer = config.build();
    layer.initialise(new Rng(3));
    return new Model(config, layer, words);
  }

  private AssaySettings settings(Path out) {
    return new AssaySettings(null, null, new Budget.Bits(5), "w3 w4 w5", out, 1, 0, LITTLE);
  }

  @Test
  void everyStageStandsInTheReportInItsOrder() throws IOException {
    Path out = folder.resolve("out");
    List<String> told = new ArrayList<>();
    Report report =
        new Assay(settings(out), Progress.silent()).telling(s -> told.add(s.id())).run(model());
    assertThat(told)
        .containsExactly("anatomy", "activity", "features", "sensitivity", "slimming", "evidence");
    assertThat(report.sections())
        .extracting(Section::id)
        .containsExactly(
            "anatomy", "activity", "features", "sensitivity", "slimming", "evidence", "run");
    JsonNode json = new ObjectMapper().readTree(out.resolve("report.json").toFile());
    assertThat(StreamSupport.stream(json.get("sections").spliterator(), false))
        .extracting(s -> s.get("id").asText())
        .containsExactlyElementsOf(report.sections().stream().map(Section::id).toList());
    assertThat(json.at("/sections/5/blocks/1/entries/2/key").asText()).isEqualTo("KL divergence");
    assertThat(json.at("/sections/5/blocks/1/entries/2/numbers/mean").asDouble()).isPositive();
    assertThat(Files.readString(out.resolve("report.html")))
        .contains("Circuit of", "found again", "</html>");
  }

  @Test
  void everyDictionaryIsKeptWithAnIndexOfItsFeatures() {
    Path out = folder.resolve("out");
    Model model = model();
    new Assay(settings(out), Progress.silent()).run(model);
    for (String name :
        List.of("block-0-transcoder", "block-0-sae", "block-1-transcoder", "block-1-sae")) {
      Path kept = out.resolve("features").resolve(name);
      try (FeatureIndex index = FeatureIndex.open(kept)) {
        assertThat(index.summary().complete()).isTrue();
        assertThat(index.hasEffects()).isTrue();
        assertThat(index.summary().features()).isEqualTo(FeatureIndex.dictionary(kept).features());
        Model original = Models.load(Path.of(index.summary().model()));
        Tensor tokens = Tensor.of(new int[] {0, 1, 2}, 1, 3);
        assertThat(original.forward(tokens).toFloats())
            .containsExactly(model.forward(tokens).toFloats());
      }
    }
  }

  @Test
  void theSlimmedModelCanBeOpenedAndItsPackedFormKeepsTheBudget() {
    Path out = folder.resolve("out");
    Model model = model();
    new Assay(settings(out), Progress.silent()).run(model);
    Model slimmed = Models.load(out.resolve("model"));
    assertThat(slimmed.config().summary()).containsEntry("dModel", 32);
    Tensor tokens = Tensor.of(new int[] {0, 1, 2}, 1, 3);
    assertThat(slimmed.forward(tokens).shape()).isEqualTo(model.forward(tokens).shape());
    float[] dense = slimmed.forward(tokens).toFloats();
    assertThat(PackedFile.model(out.resolve("model")).forward(tokens).toFloats())
        .containsExactly(dense, within(1e-4f));
    var packed = PackedFile.read(out.resolve("model").resolve(PackedFile.NAME));
    assertThat(packed).hasSize(2 * 6);
    long bytes = packed.values().stream().mapToLong(PackedMatrix::bytes).sum();
    long weights = packed.values().stream().mapToLong(m -> (long) m.rows() * m.columns()).sum();
    assertThat(8.0 * bytes / weights).isLessThanOrEqualTo(5);
  }

  @Test
  void whatWasDoneBeforeAStopIsInAReadableReport() throws IOException {
    Path out = folder.resolve("out");
    AtomicBoolean stop = new AtomicBoolean();
    Progress progress =
        new Progress() {
          @Override
          public void begin(String what, long steps) {
            stop.compareAndSet(false, what.equals("sparse features"));
          }

          @Override
          public void step(long done, String note) {}

          @Override
          public void end() {}

          @Override
          public boolean stopped() {
            return stop.get();
          }
        };
    assertThatThrownBy(() -> new Assay(settings(out), progress).run(model()))
        .isInstanceOf(CancellationException.class)
        .hasMessageContaining("report.html");
    JsonNode json = new ObjectMapper().readTree(out.resolve("report.json").toFile());
    assertThat(json.at("/sections/0/id").asText()).isEqualTo("anatomy");
    assertThat(Files.readString(out.resolve("report.html"))).contains("stopped before its end");
    assertThat(out.resolve("model")).doesNotExist();
  }

  @Test
  void aFolderWithSomethingInItIsLeftAlone() throws IOException {
    Path kept = Files.writeString(folder.resolve("mine.txt"), "mine");
    assertThatThrownBy(() -> new Assay(settings(folder), Progress.silent()).run(model()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is not empty");
    assertThat(kept).hasContent("mine");
  }

  @Test
  void tooLittleMemoryIsRefusedBeforeTheWorkBegins() {
    AssaySettings tight = settings(folder.resolve("out")).withMaxMemory(10_000_000);
    assertThatThrownBy(() -> CostEstimate.of(model(), tight))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--max-memory allows 10.0 MB");
  }

  @Test
  void memoryOverTheBoundEndsTheJobInWords() {
    MemoryGuard guard = new MemoryGuard(Progress.silent(), 1_000_000);
    assertThatThrownBy(() -> guard.step(1, "block 3"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("block 3")
        .hasMessageContaining("--max-memory allows 1.0 MB");
  }

  @Test
  void textOfAnotherTokenizerIsRefused() throws IOException {
    Path text = Files.writeString(folder.resolve("t.txt"), "w1 w2 unknown");
    Model model = model();
    assertThatThrownBy(() -> Corpus.of(model, text, 2, 8, 0))
        .hasMessageContaining("'unknown'")
        .hasMessageContaining("24");
    Path brief = Files.writeString(folder.resolve("b.txt"), "w1 w2");
    assertThatThrownBy(() -> Corpus.of(model, brief, 2, 8, 0)).hasMessageContaining("at least 8");
  }

  @Test
  void aModelOnlyOfAttentionHasNoFeatures() {
    WordVocabulary words = new WordVocabulary(List.of("a", "b", "c", "d"), 0);
    DecoderConfig config =
        DecoderConfig.gpt(4, 16, 2, 2, 16, "relu")
            .withSlots("layernorm", "pre", "attention", "none");
    Layer layer = config.build();
    layer.initialise(new Rng(0));
    AssaySettings settings =
        new AssaySettings(null, null, new Budget.Bits(6), null, folder.resolve("o"), 0, 0, LITTLE);
    Model model = new Model(config, layer, words);
    Corpus corpus = Corpus.of(model, null, 3, 12, 0);
    assertThat(FeaturesStage.run(model, corpus, null, settings, Progress.silent()).transcoders())
        .isEmpty();
  }
}
