package org.lapidary.report;

import com.fasterxml.jackson.databind.JsonNode;

/** Text made safe for HTML, SVG and scripts. */
final class Html {
  private Html() {}

  /** For text and quoted attributes. Characters that XML does not allow become U+FFFD. */
  static String escape(String text) {
    StringBuilder out = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(c -> {
          switch (c) {
            case '&' -> out.append("&amp;");
            case '<' -> out.append("&lt;");
            case '>' -> out.append("&gt;");
            case '"' -> out.append("&quot;");
            case '\'' -> out.append("&#39;");
            case '\n', '\t' -> out.append((char) c);
            default -> {
              boolean allowed =
                  c >= 0x20
                      && (c < 0x7F || c > 0x9F)
                      && !(c >= 0xD800 && c < 0xE000)
                      && (c & 0xFFFE) != 0xFFFE;
              out.appendCodePoint(allowed ? c : 0xFFFD);
            }
          }
        });
    return out.toString();
  }

  /** Escaped, with {@code <code>} for what stands between back-ticks. */
  static String inline(String text) {
    return escape(text).replaceAll("`([^`\\n]+)`", "<code>$1</code>");
  }

  /** JSON for a script element, which must not meet {@code </script>} or {@code <!--} in it. */
  static String json(JsonNode node) {
    return node.toString()
        .replace("<", "\\u003c")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029");
  }
}
