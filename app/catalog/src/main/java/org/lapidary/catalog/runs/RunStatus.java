package org.lapidary.catalog.runs;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.lapidary.nn.Nearest;

/** How a run stands. */
public enum RunStatus {
  /** Its process lives and has not said that it is done. */
  RUNNING,
  /** It did what it was asked to. */
  OK,
  /** It ended with an error. */
  FAILED,
  /** The user stopped it. */
  STOPPED,
  /** Its process is gone and did not say why: it was killed, or the machine went down. */
  INTERRUPTED;

  /** In lower case, as files and the command line write it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The status of this name, in any case.
   *
   * @throws IllegalArgumentException naming those there are
   */
  public static RunStatus of(String word) {
    List<String> words = Arrays.stream(values()).map(RunStatus::word).toList();
    int index = words.indexOf(word.toLowerCase(Locale.ROOT));
    if (index < 0) {
      throw new IllegalArgumentException(Nearest.sentence("status", word, words));
    }
    return values()[index];
  }
}
