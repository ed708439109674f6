package org.lapidary.catalog;

import java.util.Arrays;
import java.util.List;
import org.lapidary.nn.Nearest;

/** How far a row has come. */
public enum Status {
  /** A FULL run is in the ledger and all its checks hold. */
  WORKING("working"),
  /** A FULL run is in the ledger and not all of its checks hold. */
  NOT_HOLDING("not holding"),
  /** The method has a package; no FULL run is in the ledger. */
  DECLARED("declared"),
  /** Nothing yet. */
  OPEN("open");

  private final String word;

  Status(String word) {
    this.word = word;
  }

  public String word() {
    return word;
  }

  public static List<String> words() {
    return Arrays.stream(values()).map(Status::word).toList();
  }

  /**
   * The status of that word; a dash may stand for the space.
   *
   * @throws IllegalArgumentException naming the nearest status
   */
  public static Status of(String typed) {
    for (Status status : values()) {
      if (status.word.equals(typed.replace('-', ' '))) {
        return status;
      }
    }
    throw new IllegalArgumentException(Nearest.sentence("status", typed, words()));
  }
}
