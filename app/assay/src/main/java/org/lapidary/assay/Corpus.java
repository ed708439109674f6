package org.lapidary.assay;

import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lapidary.data.TextFile;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.Model;
import org.lapidary.nn.Sampler;
import org.lapidary.nn.Tokenizer;
import org.lapidary.tensor.Rng;
import org.lapidary.train.LanguageModeling;

/**
 * Token sequences to measure a model on; the held-out part overlaps with no other.
 *
 * @param training for sparse dictionaries; the calibration sequences and more
 * @param calibration for statistics and rounding
 * @param heldOut for measures
 * @param source where they come from, in words
 */
public record Corpus(int[][] training, int[][] calibration, int[][] heldOut, String source) {

  /** Dictionaries are trained on so many times the calibration text, where there is so much. */
  private static final int TRAINING = 4;

  /**
   * From a text, or sampled from the model itself at temperature 1.
   *
   * @param text UTF-8, or null
   * @param count sequences to calibrate and to measure on, at most
   * @param length tokens a sequence at most; the model's context bounds it
   * @throws IllegalArgumentException if the text is empty or too short, or the model has no
   *     tokenizer
   */
  public static Corpus of(Model model, @Nullable Path text, int count, int length, long seed) {
    Decoder decoder = model.decoder();
    int n = Math.min(length, decoder.config().context());
    if (text == null) {
      int start = start(model);
      int texts = (TRAINING + 1) * count;
      int[][] all = new Sampler(1).texts(decoder, start, texts, n, new Rng(seed));
      return new Corpus(
          Arrays.copyOfRange(all, 0, texts - count),
          Arrays.copyOfRange(all, 0, count),
          Arrays.copyOfRange(all, texts - count, texts),
          "%d texts of %d tokens written by the model".formatted(count, n));
    }
    int[] ids = encode(model, text);
    int[][] cut = LanguageModeling.cut(ids, n);
    if (cut.length < 2) {
      int shorter = Math.max(2, ids.length / 4);
      if (ids.length < 8) {
        throw new IllegalArgumentException(
            "the text %s has %d tokens; give at least 8".formatted(text, ids.length));
      }
      cut = LanguageModeling.cut(ids, shorter);
    }
    int half = Math.min(count, cut.length / 2);
    int most = Math.min(TRAINING * count, cut.length - half);
    return new Corpus(
        Arrays.copyOfRange(cut, 0, most),
        Arrays.copyOfRange(cut, 0, half),
        Arrays.copyOfRange(cut, cut.length - half, cut.length),
        "%d sequences of %d tokens of %s".formatted(half, cut[0].length, text));
  }

  /**
   * All sequences of a text that a model can read, the last words of the text left out.
   *
   * @param length tokens of a sequence at most; the model's context and the text bound it
   * @throws IllegalArgumentException if the text is empty, or the model has no tokenizer
   */
  public static int[][] sequences(Model model, Path text, int length) {
    int[] ids = encode(model, text);
    int n = Math.min(length, model.decoder().config().context());
    return LanguageModeling.cut(ids, Math.min(n, ids.length));
  }

  /** The token that begins a text. */
  public static int start(Model model) {
    Tokenizer tokenizer = model.tokenizer();
    Integer bos = tokenizer == null ? null : tokenizer.bos();
    return bos == null ? 0 : bos;
  }

  private static int[] encode(Model model, Path text) {
    Tokenizer tokenizer = model.tokenizer();
    if (tokenizer == null) {
      throw new IllegalArgumentException(
          "this model has no tokenizer, so a text cannot be read; put its tokenizer.json beside the weights, or leave --text away");
    }
    String content = TextFile.read(text);
    if (content.isBlank()) {
      throw new IllegalArgumentException(
          "the text " + text + " is empty; give one with words in it");
    }
    int[] ids = tokenizer.encode(content);
    for (int id : ids) {
      if (id >= model.decoder().config().vocab()) {
        throw new IllegalArgumentException(
            "the tokenizer gives the id %d, the model's vocabulary ends at %d; the tokenizer is of another model"
                .formatted(id, model.decoder().config().vocab() - 1));
      }
    }
    return ids;
  }
}
