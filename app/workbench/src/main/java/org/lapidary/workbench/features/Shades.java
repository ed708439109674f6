package org.lapidary.workbench.features;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A line of text whose tokens are shaded.
 *
 * @param tokens in order
 */
public record Shades(List<Token> tokens) {

  /**
   * A token.
   *
   * @param text as shown
   * @param shade from 0 to 1, as a style sheet reads it
   * @param says its value
   */
  public record Token(String text, String shade, String says) {}

  /** Shaded by shares of a largest value. */
  static Shades of(List<String> tokens, double[] values, double most) {
    List<Token> all = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      double share = most > 0 ? Math.clamp(values[i] / most, 0, 1) : 0;
      all.add(
          new Token(
              tokens.get(i).replace("\n", "↵"),
              String.format(Locale.ROOT, "--v:%.2f", share),
              values[i] > 0 ? FeatureReport.number(values[i]) : ""));
    }
    return new Shades(all);
  }
}
