package org.lapidary.assay.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lapidary.assay.Corpus;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.compress.slim.Slimmer;
import org.lapidary.data.WordVocabulary;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

class CompressTaskTest {
  private static final CompressTask TASK = new CompressTask();
  private static final Map<String, String> LITTLE =
      Map.of("texts", "4", "length", "12", "group", "16", "gradual-steps", "20");

  private static Model model() {
    WordVocabulary words =
        new WordVocabulary(IntStream.range(0, 24).mapToObj(i -> "w" + i).toList(), 0);
    DecoderConfig config = DecoderConfig.gpt(24, 32, 4, 2, 16, "relu");
    Layer layer = config.build();
    layer.initialise(new Rng(3));
    return new Model(config, layer, words);
  }

  private static Map<String, String> settings() {
    Map<String, String> all = new LinkedHashMap<>(TASK.settings());
    all.putAll(LITTLE);
    return all;
  }

  private static Shrinking shrinking(Model model) {
    return new Shrinking(model, Corpus.of(model, null, 4, 12, 0), settings());
  }

  /** Every method keeps its budget, and its kernels run the model that it says. */
  @TestFactory
  List<DynamicTest> whatAMethodPacksIsSmallEnoughAndIsTheModel() {
    Model model = model();
    Shrinking shrinking = shrinking(model);
    long full = 4 * BlockMatrices.weights(model);
    float[] before = model.forward(Tensor.of(new int[] {1, 2, 3}, 1, 3)).toFloats();
    return java.util.Arrays.stream(Shrinker.values())
        .map(method ->
            DynamicTest.dynamicTest(
                method.id(),
                () -> {
                  Shrinking.Shrunk shrunk =
                      shrinking.shrink(method, full / 2, 0, Progress.silent());
                  assertThat(Shrinking.bytes(shrunk.matrices())).isBetween(1L, full / 2);
                  Tensor tokens = Tensor.of(new int[] {1, 2, 3}, 1, 3);
                  float[] dense = shrunk.model().forward(tokens).toFloats();
                  float[] packed =
                      Slimmer.pack(shrunk.model(), shrunk.matrices()).forward(tokens).toFloats();
                  assertThat(packed).containsExactly(dense, within(1e-4f));
                  assertThat(model.forward(tokens).toFloats())
                      .as("the argument stays as it is")
                      .containsExactly(before);
                }))
        .toList();
  }

  @Test
  void aBudgetBelowWhatAMethodCanBeIsRefusedInWords() {
    Comparison c =
        Comparison.run(
            TASK,
            Question.about(TASK, model(), null, TASK.usual(), List.of(0.02), 1, LITTLE),
            Progress.silent());

    assertThat(c.rows()).hasSize(TASK.usual().size()).noneMatch(Comparison.Row::met);
    assertThat(c.rows()).extracting(Comparison.Row::note).allMatch(note -> note.length() > 20);
  }

  @Test
  void aComparisonMeasuresLossSizeAndSpeedOfEach() {
    Model model = model();
    Comparison c =
        Comparison.run(
            TASK,
            Question.about(
                TASK, model, null, List.of("gptq", "wanda"), List.of(0.5, 0.3), 2, LITTLE),
            Progress.silent());

    assertThat(c.rows())
        .hasSize(4)
        .allSatisfy(row -> {
          assertThat(row.cost()).isLessThanOrEqualTo(row.budget());
          assertThat(row.speed()).isPositive();
          assertThat(row.extras().get("KL")).isNotNegative();
          assertThat(row.extras().get("bits a weight")).isCloseTo(32 * row.cost(), within(1e-9));
        });
    Corpus corpus = Corpus.of(model, null, 4, 12, 0);
    assertThat(c.reference().quality().mean())
        .isEqualTo(LanguageModeling.evaluate(model, corpus.heldOut()).mean());
  }

  @Test
  void budgetsAreSharesOrBits() {
    assertThat(TASK.budget("0.3")).isEqualTo(0.3);
    assertThat(TASK.budget("0.3x")).isEqualTo(0.3);
    assertThat(TASK.budget("4bits")).isEqualTo(0.125);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TASK.budget("small"))
        .withMessageContaining("3.0bits");
  }
}
