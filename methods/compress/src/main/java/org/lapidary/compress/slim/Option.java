package org.lapidary.compress.slim;

import java.util.ArrayList;
import java.util.List;

/**
 * What one matrix may become.
 *
 * @param pattern which weights are kept
 * @param bits 2, 3, 4, 8, or 16 for half precision
 */
public record Option(Pattern pattern, int bits) {

  /** Which weights of a matrix are kept. */
  public enum Pattern {
    DENSE("dense"),
    /** Half of every row. */
    UNSTRUCTURED("50%"),
    /** Two of every four neighbours in a row. */
    TWO_FOUR("2:4");

    private final String label;

    Pattern(String label) {
      this.label = label;
    }

    public String label() {
      return label;
    }
  }

  public static final List<Integer> WIDTHS = List.of(2, 3, 4, 8, 16);

  /** Every option that a matrix with rows of {@code in} weights can take. */
  public static List<Option> all(int in) {
    List<Option> options = new ArrayList<>();
    for (Pattern pattern : Pattern.values()) {
      if (pattern == Pattern.TWO_FOUR && in % 4 != 0) {
        continue;
      }
      for (int bits : WIDTHS) {
        options.add(new Option(pattern, bits));
      }
    }
    return options;
  }

  /** For example {@code 4 bits 2:4}. */
  @Override
  public String toString() {
    return bits + " bits " + pattern.label();
  }
}
