package org.lapidary.train;

/** The learning rate at a step, counted from 0. */
@FunctionalInterface
public interface Schedule {
  double at(long step);

  static Schedule constant(double rate) {
    return step -> rate;
  }

  /** Rises linearly over {@code warmup} steps, then falls as half a cosine to {@code last}. */
  static Schedule cosine(double rate, long warmup, long steps, double last) {
    return step -> {
      if (step < warmup) {
        return rate * (step + 1) / warmup;
      }
      double share = Math.min(1, (double) (step - warmup) / Math.max(1, steps - warmup));
      return last + (rate - last) * 0.5 * (1 + Math.cos(Math.PI * share));
    };
  }

  /** Rises linearly over {@code warmup} steps, then falls linearly to 0. */
  static Schedule linear(double rate, long warmup, long steps) {
    return step ->
        step < warmup
            ? rate * (step + 1) / warmup
            : rate * Math.max(0, (double) (steps - step) / Math.max(1, steps - warmup));
  }

  /** Multiplies the rate by {@code factor} at each of the given steps. */
  static Schedule steps(double rate, double factor, long... milestones) {
    return step -> {
      double r = rate;
      for (long milestone : milestones) {
        if (step >= milestone) {
          r *= factor;
        }
      }
      return r;
    };
  }
}
