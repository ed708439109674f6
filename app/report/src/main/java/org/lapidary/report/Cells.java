package org.lapidary.report;

/** Text measured in the columns of a terminal. */
final class Cells {
  private Cells() {}

  /**
   * The text with control characters made visible, so that nothing a model or a file says can move
   * the cursor, ring the bell or recolour the screen.
   */
  static String visible(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c -> {
          if (c == '\n') {
            out.append('⏎');
          } else if (c < 0x20) {
            out.appendCodePoint(0x2400 + c);
          } else if (c >= 0x7F && c < 0xA0 || invisible(c) || c >= 0xD800 && c < 0xE000) {
            out.append('\uFFFD');
          } else {
            out.appendCodePoint(c);
          }
        });
    return out.toString();
  }

  /** Characters that reorder or hide what stands around them. */
  private static boolean invisible(int c) {
    return c >= 0x200B && c <= 0x200F
        || c >= 0x2028 && c <= 0x202E
        || c >= 0x2060 && c <= 0x206F
        || c == 0xFEFF;
  }

  /** Columns that the text takes: 2 for a wide East Asian character or an emoji, 0 for a mark. */
  static int width(String text) {
    return text.codePoints().map(Cells::width).sum();
  }

  private static int width(int c) {
    int type = Character.getType(c);
    if (type == Character.NON_SPACING_MARK
        || type == Character.ENCLOSING_MARK
        || type == Character.FORMAT) {
      return 0;
    }
    boolean wide =
        c >= 0x1100 && c <= 0x115F
            || c >= 0x2E80 && c <= 0xA4CF
            || c >= 0xAC00 && c <= 0xD7A3
            || c >= 0xF900 && c <= 0xFAFF
            || c >= 0xFE30 && c <= 0xFE6F
            || c >= 0xFF00 && c <= 0xFF60
            || c >= 0xFFE0 && c <= 0xFFE6
            || c >= 0x1F300 && c <= 0x1FAFF
            || c >= 0x20000 && c <= 0x3FFFD;
    return wide ? 2 : 1;
  }

  /** The text if it fits, else as much as does and an ellipsis. */
  static String fit(String text, int columns) {
    if (width(text) <= columns) {
      return text;
    }
    StringBuilder out = new StringBuilder();
    int used = 0;
    for (int c : text.codePoints().toArray()) {
      used += width(c);
      if (used > columns - 1) {
        break;
      }
      out.appendCodePoint(c);
    }
    return columns > 0 ? out.append('…').toString() : "";
  }

  static String left(String text, int columns) {
    return text + " ".repeat(Math.max(0, columns - width(text)));
  }

  static String right(String text, int columns) {
    return " ".repeat(Math.max(0, columns - width(text))) + text;
  }
}
