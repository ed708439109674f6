package org.lapidary.assay;

/**
 * How much an assay looks at.
 *
 * @param sequences texts in each half of the corpus, at most
 * @param length tokens of a text, at most
 * @param dictionarySteps steps of training for each sparse dictionary
 */
public record Effort(int sequences, int length, int dictionarySteps) {

  /** Some minutes for a model of a few million parameters. */
  public static Effort standard() {
    return new Effort(64, 128, 1500);
  }

  /** A first look, in a fraction of the time, with wider intervals. */
  public static Effort quick() {
    return new Effort(16, 64, 100);
  }

  public Effort {
    if (sequences < 1 || length < 2 || dictionarySteps < 1) {
      throw new IllegalArgumentException(
          "an assay needs at least 1 sequence of 2 tokens and 1 step, was given %d, %d and %d"
              .formatted(sequences, length, dictionarySteps));
    }
  }
}
