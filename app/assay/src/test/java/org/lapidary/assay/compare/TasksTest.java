package org.lapidary.assay.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.data.WordVocabulary;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;

class TasksTest {
  @TempDir Path folder;

  private static Model model() {
    WordVocabulary words =
        new WordVocabulary(IntStream.range(0, 24).mapToObj(i -> "w" + i).toList(), 0);
    DecoderConfig config = DecoderConfig.gpt(24, 16, 2, 2, 16, "relu");
    Layer layer = config.build();
    layer.initialise(new Rng(3));
    return new Model(config, layer, words);
  }

  private static Comparison run(
      String task, Model model, Path text, List<Double> budgets, Map<String, String> settings) {
    ComparisonTask chosen = ComparisonTasks.of(task);
    return Comparison.run(
        chosen,
        Question.about(chosen, model, text, List.of(), budgets, 1, settings),
        Progress.silent());
  }

  @Test
  void everyTaskIsWhole() {
    for (ComparisonTask task : ComparisonTasks.all()) {
      assertThat(task.methods().keySet()).containsAll(task.usual());
      assertThat(task.budgets()).isNotEmpty().allMatch(b -> b > 0);
      assertThat(ComparisonTasks.of(task.id())).isSameAs(task);
    }
  }

  @Test
  void dictionariesTradeFeaturesForLoss() {
    Comparison c =
        run(
            "dictionaries",
            model(),
            null,
            List.of(4.0),
            Map.of("texts", "6", "length", "12", "steps", "40", "batch", "32", "features", "64"));

    assertThat(c.rows()).hasSize(5).allMatch(Comparison.Row::met);
    assertThat(c.rows())
        .filteredOn(row -> row.method().endsWith("topk"))
        .allSatisfy(row -> assertThat(row.cost()).isBetween(0.0, 4.0));
    assertThat(c.reference().cost()).isEqualTo(64); // 4 dModel hidden units
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> run("dictionaries", model(), null, List.of(99.0), Map.of("features", "64")))
        .withMessageContaining("of 64 features");
  }

  @Test
  void trainedTasksLearnMoreThanHowOftenACharacterIs() throws Exception {
    Path text = Files.writeString(folder.resolve("text"), "the cat sat on the mat. ".repeat(200));
    Map<String, String> little = Map.of("layers", "1", "context", "16", "batch", "8");

    Comparison optimizers =
        run("optimizers", null, text, List.of(30.0), with(little, "width", "16"));
    assertThat(optimizers.rows()).hasSize(4);
    assertThat(optimizers.rows().getFirst().more().mean()).as("adamw").isNegative();
    assertThat(optimizers.rows().getFirst().note()).contains("the best of 4");

    Comparison mixers = run("mixers", null, text, List.of(16.0), with(little, "steps", "60"));
    assertThat(mixers.rows())
        .hasSize(3)
        .allSatisfy(row -> {
          assertThat(row.more().mean()).as(row.method()).isNegative();
          assertThat(row.cost()).isPositive();
        });
    assertThatIllegalArgumentException()
        .isThrownBy(() -> run("mixers", model(), text, List.of(16.0), Map.of()))
        .withMessageContaining("trains models of its own");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> run("mixers", null, text, List.of(15.0), Map.of()))
        .withMessageContaining("multiple of the 4 heads");
  }

  @Test
  void theReferenceOfATrainingIsTheEntropyOfItsCharacters() throws Exception {
    Path text = Files.writeString(folder.resolve("text"), "ab".repeat(2000));
    SmallTraining small = SmallTraining.of(text, Map.of("context", "16"));
    assertThat(small.unigram()).hasSizeGreaterThan(5);
    for (double loss : small.unigram()) {
      assertThat(loss).isCloseTo(Math.log(2), within(1e-3));
    }
  }

  private static Map<String, String> with(Map<String, String> map, String key, String value) {
    Map<String, String> all = new java.util.TreeMap<>(map);
    all.put(key, value);
    return all;
  }
}
