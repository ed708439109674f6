package org.lapidary.evidence;

import java.util.Arrays;

/** How one quantity goes with another. */
public final class Correlation {
  private Correlation() {}

  /** Pearson's r in [-1, 1]; NaN if one side is constant. */
  public static double pearson(double[] x, double[] y) {
    if (x.length != y.length || x.length < 2) {
      throw new IllegalArgumentException(
          "a correlation needs two or more pairs, were %d and %d values"
              .formatted(x.length, y.length));
    }
    double mx = mean(x);
    double my = mean(y);
    double xy = 0;
    double xx = 0;
    double yy = 0;
    for (int i = 0; i < x.length; i++) {
      xy += (x[i] - mx) * (y[i] - my);
      xx += (x[i] - mx) * (x[i] - mx);
      yy += (y[i] - my) * (y[i] - my);
    }
    return xy / Math.sqrt(xx * yy);
  }

  /** Spearman's rho, the correlation of the ranks; NaN if one side is constant. */
  public static double spearman(double[] x, double[] y) {
    return pearson(ranks(x), ranks(y));
  }

  /** Ranks from 0; equal values share their mean rank. Costs n log n. */
  public static double[] ranks(double[] x) {
    double[] sorted = x.clone();
    Arrays.sort(sorted);
    double[] ranks = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      ranks[i] = (below(sorted, x[i], false) + below(sorted, x[i], true) - 1) / 2.0;
    }
    return ranks;
  }

  /** How many are less than a value, or less than or equal to it. */
  private static int below(double[] sorted, double value, boolean orEqual) {
    int low = 0;
    int high = sorted.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      int order = Double.compare(sorted[middle], value);
      if (order < 0 || (orEqual && order == 0)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private static double mean(double[] x) {
    double sum = 0;
    for (double value : x) {
      sum += value;
    }
    return sum / x.length;
  }
}
