package org.lapidary.compress.gradual;

/**
 * The sparsity at a step (section 3, equation 1): with t0 = begin and n updates dt = every apart,
 *
 * <p>s_t = s_f + (s_i - s_f) (1 - (t - t0) / (n dt))^3 for t0 &lt;= t &lt;= t0 + n dt,
 *
 * <p>s_i before and s_f after. Much goes early, when there is much to spare, and little at the end.
 *
 * @param initial s_i
 * @param last s_f, at least s_i, below 1
 * @param begin t0, steps
 * @param every dt, steps
 * @param updates n; with 0 the sparsity jumps from s_i to s_f at t0
 */
public record CubicSchedule(double initial, double last, long begin, long every, int updates) {

  public CubicSchedule {
    if (!(initial >= 0 && initial <= last && last < 1)) {
      throw new IllegalArgumentException(
          "sparsity rises, 0 <= initial <= last < 1; was from %s to %s".formatted(initial, last));
    }
    if (begin < 0 || every < 1 || updates < 0) {
      throw new IllegalArgumentException(
          "a ramp begins at step 0 or later and has its updates at least one step apart, was begin %d, every %d, %d updates"
              .formatted(begin, every, updates));
    }
  }

  /** From 0 to {@code last} with updates {@code every} steps, the last at or before {@code end}. */
  public static CubicSchedule between(double last, long begin, long end, long every) {
    if (every < 1 || end < begin) {
      throw new IllegalArgumentException(
          "a ramp from step %d to %d with updates every %d steps is none"
              .formatted(begin, end, every));
    }
    return new CubicSchedule(0, last, begin, every, Math.toIntExact((end - begin) / every));
  }

  /** Everything at once. */
  public static CubicSchedule jump(double last, long at) {
    return new CubicSchedule(0, last, at, 1, 0);
  }

  /** t0 + n dt, the step of the last update. */
  public long end() {
    return begin + every * updates;
  }

  /** s_t. */
  public double at(long step) {
    if (step < begin) {
      return initial;
    }
    if (step >= end()) {
      return last;
    }
    double left = 1 - (double) (step - begin) / (every * updates);
    return Math.max(initial, last + (initial - last) * left * left * left); // against rounding
  }

  /** Whether masks are chosen anew after so many steps. */
  public boolean updatesAt(long step) {
    return step >= begin && step <= end() && (step - begin) % every == 0;
  }
}
