package org.lapidary.evidence;

import java.util.function.BooleanSupplier;

/**
 * Where long work reports, and where it learns that it should stop. A bar in the terminal, a live
 * line on a page, or nothing.
 */
public interface Progress {

  /** A new piece of work begins; {@code steps} is how many steps it has, or -1 if unknown. */
  void begin(String what, long steps);

  /**
   * Steps done since {@link #begin}.
   *
   * @param note a short figure worth watching ("loss 2.31"), or empty
   */
  void step(long done, String note);

  /** The work begun last is over. */
  void end();

  /** Whether the user asked to stop. Long loops look once a step and keep what they have. */
  default boolean stopped() {
    return false;
  }

  /** Says nothing. */
  static Progress silent() {
    return stoppable(() -> false);
  }

  /** Says nothing, stops when told to. */
  static Progress stoppable(BooleanSupplier stopped) {
    return new Progress() {
      @Override
      public void begin(String what, long steps) {}

      @Override
      public void step(long done, String note) {}

      @Override
      public void end() {}

      @Override
      public boolean stopped() {
        return stopped.getAsBoolean();
      }
    };
  }
}
