package org.lapidary.assay.compare;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lapidary.data.CharVocabulary;
import org.lapidary.data.TextFile;
import org.lapidary.data.generate.SmallLanguage;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.nn.Tokenizer;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.DivergedException;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Optimizer;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/**
 * Trains small decoders from the beginning on one text: nine tenths of it, the rest held out.
 *
 * @param tokenizer of the text
 * @param training token ids
 * @param validation sequences of which a choice may be made
 * @param heldOut sequences for measures
 * @param settings of the task
 * @param source what the text is
 */
record SmallTraining(
    Tokenizer tokenizer,
    int[] training,
    int[][] validation,
    int[][] heldOut,
    Map<String, String> settings,
    String source) {
  private static final int GENERATED = 200_000;
  private static final int MOST = 64;

  /** What tasks that train have for settings. */
  static SortedMap<String, String> defaults() {
    return new TreeMap<>(
        Map.of(
            "layers", "2",
            "width", "48",
            "heads", "4",
            "context", "48",
            "batch", "16",
            "steps", "300",
            "rate", "2e-3"));
  }

  /** Of a text, single characters; without one, of the generated language. */
  static SmallTraining of(@Nullable Path text, Map<String, String> settings) {
    Tokenizer tokenizer;
    int[] ids;
    if (text == null) {
      tokenizer = SmallLanguage.vocabulary();
      ids = SmallLanguage.stream(GENERATED, 0);
    } else {
      String content = TextFile.read(text);
      CharVocabulary characters = CharVocabulary.of(content);
      tokenizer = characters;
      ids = characters.encode(content);
    }
    int length = ComparisonTask.whole(settings, "context", 4);
    int cut = ids.length / 10 * 9;
    int[][] rest = LanguageModeling.cut(Arrays.copyOfRange(ids, cut, ids.length), length);
    if (rest.length < 4) {
      throw new IllegalArgumentException(
          "%d tokens of text are too few for sequences of %d, of which a tenth is held out; give more text or set context lower"
              .formatted(ids.length, length));
    }
    int half = Math.min(MOST, rest.length / 2);
    return new SmallTraining(
        tokenizer,
        Arrays.copyOf(ids, cut),
        Arrays.copyOf(rest, half),
        Arrays.copyOfRange(rest, half, 2 * half),
        settings,
        "%d held-out sequences of %d tokens of %s"
            .formatted(half, length, text == null ? "the generated language" : text));
  }

  /** A GPT of the settings. */
  DecoderConfig config() {
    int width = ComparisonTask.whole(settings, "width", 1);
    int heads = ComparisonTask.whole(settings, "heads", 1);
    if (width % heads != 0) {
      throw new IllegalArgumentException(
          "width is a multiple of heads, were %d and %d".formatted(width, heads));
    }
    return DecoderConfig.gpt(
        tokenizer.vocab(),
        width,
        ComparisonTask.whole(settings, "layers", 1),
        heads,
        ComparisonTask.whole(settings, "context", 4),
        "gelu");
  }

  /**
   * A trained model, or null if its loss was not finite any more.
   *
   * @param optimizer makes one for the parameters
   */
  @Nullable Model train(
      DecoderConfig config,
      Function<List<Tensor>, Optimizer> optimizer,
      int steps,
      double rate,
      long seed,
      Progress progress) {
    Layer layer = config.build();
    layer.initialise(new Rng(seed));
    Model model = new Model(config, layer, tokenizer);
    int batch = ComparisonTask.whole(settings, "batch", 1);
    try (Optimizer chosen = optimizer.apply(Trainer.parameters(layer))) {
      new Trainer(
              layer,
              chosen,
              LanguageModeling.task(model, training, batch, config.context() - 1),
              Trainer.Settings.of(
                      steps, Schedule.cosine(rate, Math.max(1, steps / 20), steps, rate / 20), seed)
                  .withClip(1))
          .run(Progress.stoppable(progress::stopped));
    } catch (DivergedException e) {
      return null;
    }
    layer.requiresGrad(false);
    return model;
  }

  /** What a training must beat: how often each token is. */
  Trial.Measured reference() {
    return new Trial.Measured(
        0, unigram(), Trial.UNMEASURED, Map.of(), true, "how often each token is, nothing else");
  }

  /** The loss of saying how often each token is, text by text: what any model must beat. */
  double[] unigram() {
    double[] counts = new double[tokenizer.vocab()];
    Arrays.fill(counts, 1);
    for (int id : training) {
      counts[id]++;
    }
    double all = Arrays.stream(counts).sum();
    return Arrays.stream(heldOut)
        .mapToDouble(text ->
            Arrays.stream(text)
                .skip(1)
                .mapToDouble(id -> -Math.log(counts[id] / all))
                .average()
                .orElseThrow())
        .toArray();
  }
}
