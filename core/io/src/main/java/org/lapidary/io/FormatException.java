package org.lapidary.io;

/**
 * A file does not hold what its format promises: cut short, damaged, hostile, or of a kind we do
 * not read. It says in one sentence which file, where, what was found, what was expected, and what
 * to do next.
 */
public final class FormatException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int LONGEST_QUOTE = 80;

  /** The offset of a fault that has no single place in the file. */
  public static final long NOWHERE = -1;

  /** The usual remedy for a file that does not fit together. */
  public static final String DAMAGED =
      "the file is damaged or cut short: copy or download it again";

  private final String file;
  private final long offset;
  private final String found;
  private final String expected;
  private final String remedy;

  /**
   * @param file the file, as the user would name it; an archive's member stands after its file
   * @param offset bytes from the start of the file, or {@link #NOWHERE}
   * @param found what stands there
   * @param expected what may stand there
   * @param remedy the next step
   */
  public FormatException(String file, long offset, String found, String expected, String remedy) {
    super(
        file
            + (offset == NOWHERE ? "" : ", byte " + offset)
            + ": found "
            + found
            + ", expected "
            + expected
            + "; "
            + remedy);
    this.file = file;
    this.offset = offset;
    this.found = found;
    this.expected = expected;
    this.remedy = remedy;
  }

  public String file() {
    return file;
  }

  /** Bytes from the start of the file, or {@link #NOWHERE}. */
  public long offset() {
    return offset;
  }

  public String found() {
    return found;
  }

  public String expected() {
    return expected;
  }

  public String remedy() {
    return remedy;
  }

  /**
   * Text from a file in quotes, shortened and with control characters escaped, fit for an error.
   */
  public static String quote(String text) {
    StringBuilder quoted = new StringBuilder("'");
    int shown = Math.min(text.length(), LONGEST_QUOTE);
    for (int i = 0; i < shown; i++) {
      char c = text.charAt(i);
      if (c < ' ' || (c >= 0x7f && c < 0xa0) || Character.isSurrogate(c)) {
        quoted.append(String.format("\\u%04x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append(shown < text.length() ? "...'" : "'").toString();
  }
}
