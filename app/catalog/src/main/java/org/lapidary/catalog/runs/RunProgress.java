package org.lapidary.catalog.runs;

/**
 * How far a run had come when it last said so.
 *
 * @param what it was doing
 * @param done steps done
 * @param steps in all, or -1 if unknown
 * @param note a short figure worth watching ("loss 2.31"), or empty
 */
public record RunProgress(String what, long done, long steps, String note) {
  /** From 0 to 1, or NaN where the number of steps is unknown. */
  public double share() {
    return steps > 0 ? Math.clamp((double) done / steps, 0, 1) : Double.NaN;
  }
}
