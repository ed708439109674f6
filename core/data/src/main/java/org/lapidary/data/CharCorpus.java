package org.lapidary.data;

import java.nio.file.Path;
import java.util.Arrays;

/**
 * A text as character ids, cut once: the end is for validation.
 *
 * @param vocabulary all characters of the text
 * @param train ids of the beginning
 * @param validation ids of the rest
 */
public record CharCorpus(CharVocabulary vocabulary, int[] train, int[] validation) {

  /**
   * Splits a text.
   *
   * @param validationShare between 0 and 1; 0.1 is the custom for tinyshakespeare
   * @throws IllegalArgumentException if either part would be empty
   */
  public static CharCorpus of(String text, double validationShare) {
    CharVocabulary vocabulary = CharVocabulary.of(text);
    int[] ids = vocabulary.encode(text);
    int cut = (int) Math.round(ids.length * (1 - validationShare));
    if (cut <= 0 || cut >= ids.length) {
      throw new IllegalArgumentException(
          "a share of "
              + validationShare
              + " leaves one part of "
              + ids.length
              + " characters empty; choose a share between 0 and 1, or a longer text");
    }
    return new CharCorpus(
        vocabulary, Arrays.copyOf(ids, cut), Arrays.copyOfRange(ids, cut, ids.length));
  }

  /** The characters of tinyshakespeare; the last tenth is for validation. */
  public static CharCorpus tinyShakespeare() {
    Path folder = Datasets.get("tinyshakespeare");
    return of(TextFile.read(folder.resolve("input.txt")), 0.1);
  }
}
