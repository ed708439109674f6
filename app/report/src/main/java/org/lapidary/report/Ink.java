package org.lapidary.report;

/**
 * Colours of a terminal, from the palette of 256 that nearly all have. Without colour every method
 * gives the text as it is.
 */
record Ink(boolean colour) {
  /** The palette of the HTML report, nearest to it. */
  private static final int[] SERIES = {32, 166, 36, 133, 178, 74, 245};

  private static final String RESET = "\u001b[0m";

  String bold(String text) {
    return colour ? "\u001b[1m" + text + RESET : text;
  }

  String dim(String text) {
    return colour ? "\u001b[2m" + text + RESET : text;
  }

  String good(String text) {
    return foreground(36, text);
  }

  String bad(String text) {
    return foreground(166, text);
  }

  /** The colour of a curve. */
  String series(int index, String text) {
    return foreground(SERIES[index % SERIES.length], text);
  }

  private String foreground(int code, String text) {
    return colour ? "\u001b[38;5;" + code + "m" + text + RESET : text;
  }

  /** Text on a ground as strong as {@code share} in [-1, 1]: blue above zero, orange below. */
  String shaded(double share, String text) {
    if (!colour || Math.abs(share) < 0.02 || Double.isNaN(share)) {
      return text;
    }
    double strength = Math.min(1, Math.abs(share));
    int ground =
        share > 0
            ? rgb(mix(strength, 60, 11), mix(strength, 70, 111), mix(strength, 82, 190))
            : rgb(mix(strength, 72, 200), mix(strength, 62, 92), mix(strength, 54, 12));
    return "\u001b[38;5;231;48;5;" + ground + "m" + text + RESET;
  }

  /** Two rows of a grey picture in one character, values in [0, 1]. */
  String greys(double upper, double lower) {
    return "\u001b[38;5;" + grey(upper) + ";48;5;" + grey(lower) + "m▀" + RESET;
  }

  private static double mix(double share, double from, double to) {
    return from + share * (to - from);
  }

  private static int grey(double value) {
    return 232 + (int) Math.round(23 * Math.clamp(value, 0.0, 1.0));
  }

  /** The nearest colour of the 6 x 6 x 6 cube, components in [0, 255]. */
  private static int rgb(double red, double green, double blue) {
    return 16 + 36 * step(red) + 6 * step(green) + step(blue);
  }

  private static int step(double component) {
    return component < 48 ? 0 : component < 115 ? 1 : (int) Math.min(5, (component - 35) / 40);
  }
}
