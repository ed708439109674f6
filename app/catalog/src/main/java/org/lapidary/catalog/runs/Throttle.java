package org.lapidary.catalog.runs;

import java.util.function.LongSupplier;

/** Lets through so many a second on average, and a few at once. */
final class Throttle {
  private static final double AT_ONCE = 8;
  private static final double A_SECOND = 4;

  private final LongSupplier clock; // ns
  private double left = AT_ONCE;
  private long last;

  Throttle(LongSupplier clock) {
    this.clock = clock;
    this.last = clock.getAsLong();
  }

  boolean lets() {
    long now = clock.getAsLong();
    left = Math.min(AT_ONCE, left + (now - last) / 1e9 * A_SECOND);
    last = now;
    if (left < 1) {
      return false;
    }
    left--;
    return true;
  }
}
