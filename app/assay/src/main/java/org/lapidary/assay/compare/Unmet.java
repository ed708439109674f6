package org.lapidary.assay.compare;

/** A method cannot meet a budget; its row says so. */
final class Unmet extends Exception {
  private static final long serialVersionUID = 1L;

  private final String words;

  Unmet(String words) {
    super(words);
    this.words = words;
  }

  /** Why, in words. */
  String words() {
    return words;
  }
}
