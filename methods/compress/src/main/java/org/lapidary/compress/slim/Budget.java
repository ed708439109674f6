package org.lapidary.compress.slim;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How small the block matrices must become, or how little may be lost. */
public sealed interface Budget {

  /** Average bits a weight, what scales and positions cost included. */
  record Bits(double bits) implements Budget {}

  /** Share of the bytes in float32. */
  record Share(double share) implements Budget {}

  /** The most that the loss may rise, as a share of the loss before. */
  record LossIncrease(double share) implements Budget {}

  Pattern FORM = Pattern.compile("([0-9]*\\.?[0-9]+)(bits|x)");

  /**
   * Reads {@code 3.0bits} or {@code 0.3x}.
   *
   * @throws IllegalArgumentException naming the allowed forms
   */
  static Budget parse(String text) {
    Matcher m = FORM.matcher(text.strip());
    if (!m.matches()) {
      throw new IllegalArgumentException(
          "the budget '%s' is not understood; write for example 3.0bits (a weight) or 0.3x (of the float32 size)"
              .formatted(text));
    }
    double value = Double.parseDouble(m.group(1));
    if (m.group(2).equals("bits")) {
      if (!(value > 0 && value <= 32)) {
        throw new IllegalArgumentException(
            "a budget is more than 0 and at most 32 bits, was " + text);
      }
      return new Bits(value);
    }
    if (!(value > 0 && value <= 1)) {
      throw new IllegalArgumentException("a budget is more than 0x and at most 1x, was " + text);
    }
    return new Share(value);
  }

  /** Reads a share such as {@code 1%} or {@code 0.01}. */
  static Budget parseLossIncrease(String text) {
    String number = text.strip();
    double scale = 1;
    if (number.endsWith("%")) {
      number = number.substring(0, number.length() - 1);
      scale = 0.01;
    }
    try {
      double value = Double.parseDouble(number) * scale;
      if (value > 0 && value < 10) {
        return new LossIncrease(value);
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw new IllegalArgumentException(
        "the loss increase '%s' is not understood; write for example 1%% or 0.01".formatted(text));
  }
}
