package org.lapidary.interpret.features;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lapidary.data.Texts;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.dictionary.ActivationBuffer;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.io.Safetensors;
import org.lapidary.io.TensorSource;
import org.lapidary.nn.Model;
import org.lapidary.nn.Tokenizer;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Makes a {@link FeatureIndex} of a dictionary over texts that need not all be in memory: one pass
 * of the model over them, and one product of the dictionary with the unembedding and with itself.
 * What is done is written out from time to time, can be looked at meanwhile, and is where a run
 * that was stopped or killed goes on, to the same bits.
 *
 * @param contexts places kept for a feature, each from another text
 * @param around tokens kept on either side of a place
 * @param effects tokens kept for a feature, of those whose logits it raises most, and lowers
 * @param perToken features kept for a token, of those that raise its logit most, and lower
 * @param neighbours features of the closest directions kept for a feature
 * @param saveEvery seconds between two writings, at least; longer where a writing takes long
 */
public record FeatureIndexer(
    int contexts, int around, int effects, int perToken, int neighbours, double saveEvery) {
  /** Texts run side by side, and their tokens; bounds the memory of a pass. */
  private static final int TOGETHER = 16;

  private static final int TOKENS_TOGETHER = 4096;

  /** The share of the time that goes into writing, at most. */
  private static final double WRITING = 0.05;

  /** 10 places of 21 tokens, 10 tokens each way, 32 features a token, 8 neighbours, 3 seconds. */
  public static FeatureIndexer defaults() {
    return new FeatureIndexer(10, 10, 10, 32, 8, 3);
  }

  public FeatureIndexer {
    within("contexts", contexts, 1, 1000);
    within("around", around, 0, 1000);
    within("effects", effects, 1, 1000);
    within("perToken", perToken, 1, 1000);
    within("neighbours", neighbours, 0, 1000);
    if (!(saveEvery >= 0)) {
      throw new IllegalArgumentException("saveEvery must be at least 0 seconds, was " + saveEvery);
    }
  }

  private static void within(String name, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "%s must be from %d to %d, was %d".formatted(name, least, most, value));
    }
  }

  /** With so many places of so many tokens on either side. */
  public FeatureIndexer withContexts(int count, int tokens) {
    return new FeatureIndexer(count, tokens, effects, perToken, neighbours, saveEvery);
  }

  /** With so many seconds between two writings. */
  public FeatureIndexer withSaveEvery(double seconds) {
    return new FeatureIndexer(contexts, around, effects, perToken, neighbours, seconds);
  }

  /**
   * What the index says of its origin.
   *
   * @param model its path, or another name
   * @param corpus in words
   */
  public record Origin(String model, String corpus) {}

  /**
   * Makes the index of a dictionary, or goes on with one that is not finished.
   *
   * @param folder to hold {@code features.safetensors} and {@code dictionary}; made if need be
   * @return what is in it; not complete if the progress said stop
   * @throws IllegalArgumentException if the corpus is empty, the dictionary names no site of the
   *     model, an activation is not finite, or the folder holds an index of something else
   * @throws org.lapidary.tensor.ShapeException if the dictionary has another width than its site
   */
  public IndexSummary index(
      Model model,
      Dictionary dictionary,
      Texts texts,
      Origin origin,
      Path folder,
      Progress progress) {
    if (texts.count() == 0 || texts.length() == 0) {
      throw new IllegalArgumentException(
          "an index is made from texts and the corpus is empty; give at least one text of one token");
    }
    if (dictionary.inputSite().isEmpty()) {
      throw new IllegalArgumentException(
          "this dictionary names no site to read from; give one with at(input, output)");
    }
    String missing = LogitEffects.missing(model, dictionary);
    IndexSummary summary =
        new IndexSummary(
            origin.model(),
            origin.corpus(),
            dictionary.inputSite(),
            dictionary.outputSite(),
            dictionary.features(),
            model.decoder().config().vocab(),
            texts.count(),
            0,
            texts.length(),
            contexts,
            around,
            missing == null ? "" : missing,
            Fingerprint.of(this, dictionary, texts));
    Path file = folder.resolve(IndexFile.NAME);
    FeatureTables tables = new FeatureTables(dictionary.features(), contexts, 2 * around + 1);
    if (Files.exists(file)) {
      try (TensorSource source = Safetensors.open(file)) {
        IndexSummary there = FeatureIndex.summary(file.toString(), source);
        if (!there.fingerprint().equals(summary.fingerprint())) {
          throw new IllegalArgumentException(
              "the folder %s holds an index of another dictionary, corpus or other settings; give another folder, or remove it"
                  .formatted(folder));
        }
        if (there.complete() && source.names().contains("nearest")) {
          return there;
        }
        tables = IndexFile.read(source, file.toString(), there);
        summary = there;
      }
    }
    prepare(folder, dictionary);
    return run(model, dictionary, texts, summary, tables, file, missing == null, progress);
  }

  private IndexSummary run(
      Model model,
      Dictionary dictionary,
      Texts texts,
      IndexSummary from,
      FeatureTables tables,
      Path file,
      boolean withEffects,
      Progress progress) {
    IndexSummary summary = from;
    String @Nullable [] tokens = tokens(model);
    int together = Math.clamp(TOKENS_TOGETHER / texts.length(), 1, TOGETHER);
    progress.begin("indexing %d features".formatted(tables.features), texts.count());
    try {
      long saved = System.nanoTime();
      double writing = 0;
      while (!summary.complete() && !progress.stopped()) {
        int first = summary.textsDone();
        int[][] part = new int[Math.min(together, texts.count() - first)][];
        Arrays.setAll(part, i -> texts.at(first + i));
        add(model, dictionary, first, part, tables);
        summary = summary.done(first + part.length);
        progress.step(summary.textsDone(), firing(tables, summary));
        double since = (System.nanoTime() - saved) / 1e9;
        if (since > Math.max(saveEvery, writing / WRITING) && !summary.complete()) {
          long start = System.nanoTime();
          IndexFile.write(file, summary, tables, tokens, null);
          saved = System.nanoTime();
          writing = (saved - start) / 1e9;
        }
      }
      if (!summary.complete()) {
        IndexFile.write(file, summary, tables, tokens, null);
        return summary;
      }
      long[] alive =
          IntStream.range(0, tables.features)
              .filter(f -> tables.firing[f] > 0)
              .asLongStream()
              .toArray();
      IndexFile.Ending ending =
          new IndexFile.Ending(
              Neighbours.of(dictionary, alive, neighbours),
              withEffects ? LogitEffects.of(model, dictionary, alive, effects, perToken) : null);
      IndexFile.write(file, summary, tables, tokens, ending);
      return summary;
    } finally {
      progress.end();
    }
  }

  private static void add(
      Model model, Dictionary dictionary, int first, int[][] part, FeatureTables tables) {
    try (Scope scope = Scope.open()) {
      String site = dictionary.inputSite();
      Tensor read = ActivationBuffer.harvest(model, site, site, part).input();
      int length = part[0].length;
      for (int i = 0; i < part.length; i++) {
        Tensor x = read.slice(0, (long) i * length, (i + 1L) * length);
        tables.add(first + i, part[i], FiredText.of(dictionary, x));
      }
    }
  }

  private static String firing(FeatureTables tables, IndexSummary summary) {
    double all = Arrays.stream(tables.firing).sum();
    return String.format(Locale.ROOT, "%.1f fire on a token", all / summary.tokens());
  }

  private static void prepare(Path folder, Dictionary dictionary) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write to " + folder + ": " + e.getMessage(), e);
    }
    Path own = folder.resolve(IndexFile.DICTIONARY);
    if (!Files.exists(own)) {
      dictionary.save(own);
    }
  }

  /** The texts of all ids, as they are shown; null if the model has no tokenizer. */
  private static String @Nullable [] tokens(Model model) {
    Tokenizer tokenizer = model.tokenizer();
    if (tokenizer == null) {
      return null;
    }
    String[] tokens = new String[model.decoder().config().vocab()];
    int known = tokenizer.vocab();
    Arrays.setAll(tokens, id -> id < known ? tokenizer.token(id) : "[" + id + "]");
    return tokens;
  }

  /** The settings that what is counted depends on. */
  String key() {
    return "%d %d %d %d %d".formatted(contexts, around, effects, perToken, neighbours);
  }
}
