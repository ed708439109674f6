package org.lapidary.interpret.tasks;

/** How many are asked for. */
final class Counts {
  private Counts() {}

  static void positive(int count, String task) {
    if (count < 1) {
      throw new IllegalArgumentException(
          "at least 1 pair of '%s' must be asked for, was %d".formatted(task, count));
    }
  }
}
