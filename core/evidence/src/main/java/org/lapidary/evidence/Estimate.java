package org.lapidary.evidence;

import java.util.Locale;

/**
 * A mean with its 95% interval.
 *
 * @param mean of independent samples
 * @param halfWidth of the interval: 1.96 standard errors; NaN for fewer than two samples
 * @param samples how many
 */
public record Estimate(double mean, double halfWidth, int samples) {

  /** Of independent samples, such as the losses of whole sequences. */
  public static Estimate of(double[] samples) {
    int n = samples.length;
    double sum = 0;
    for (double s : samples) {
      sum += s;
    }
    double mean = sum / n;
    double squares = 0;
    for (double s : samples) {
      squares += (s - mean) * (s - mean);
    }
    double half = n < 2 ? Double.NaN : 1.96 * Math.sqrt(squares / (n - 1) / n);
    return new Estimate(mean, half, n);
  }

  /** The standard deviation of the samples; NaN for fewer than two. */
  public double deviation() {
    return halfWidth / 1.96 * Math.sqrt(samples);
  }

  public double low() {
    return mean - halfWidth;
  }

  public double high() {
    return mean + halfWidth;
  }

  /** For example {@code 1.232 ± 0.014}. */
  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%.4g ± %.2g", mean, halfWidth);
  }
}
