package org.lapidary.cli;

/** A command that computes, and of which a run is therefore kept ({@link Recording}). */
interface Recorded {
  /** Whether it will compute, now that its options are known. */
  default boolean records() {
    return true;
  }
}
