package org.lapidary.catalog.runs;

import org.lapidary.evidence.Figure;

/**
 * A metric over time: {@code values[i]} was measured at {@code steps[i]}, in the order measured.
 */
public record MetricSeries(String name, long[] steps, double[] values) {
  public MetricSeries {
    if (steps.length != values.length) {
      throw new IllegalArgumentException(
          "metric '%s' has %d steps and %d values".formatted(name, steps.length, values.length));
    }
  }

  /** As a curve. */
  public Figure.Series series() {
    double[] x = new double[steps.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = steps[i];
    }
    return new Figure.Series(name, x, values);
  }

  /** The value measured last. */
  public double last() {
    return values.length == 0 ? Double.NaN : values[values.length - 1];
  }
}
