package org.lapidary.compress;

import java.util.Comparator;
import java.util.stream.IntStream;

/** How well one quantity orders another. */
public final class RankCorrelation {
  private RankCorrelation() {}

  /**
   * Spearman's rho: the correlation of the ranks, equal values sharing their mean rank; in [-1, 1],
   * NaN if one side is constant.
   */
  public static double spearman(double[] x, double[] y) {
    if (x.length != y.length || x.length < 2) {
      throw new IllegalArgumentException(
          "a rank correlation needs two or more pairs, were %d and %d values"
              .formatted(x.length, y.length));
    }
    double[] a = ranks(x);
    double[] b = ranks(y);
    double middle = (x.length - 1) / 2.0;
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (a[i] - middle) * (b[i] - middle);
      aa += (a[i] - middle) * (a[i] - middle);
      bb += (b[i] - middle) * (b[i] - middle);
    }
    return ab / Math.sqrt(aa * bb);
  }

  private static double[] ranks(double[] x) {
    int[] order =
        IntStream.range(0, x.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> x[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    double[] ranks = new double[x.length];
    for (int from = 0, to; from < order.length; from = to) {
      to = from + 1;
      while (to < order.length && x[order[to]] == x[order[from]]) {
        to++;
      }
      for (int i = from; i < to; i++) {
        ranks[order[i]] = (from + to - 1) / 2.0;
      }
    }
    return ranks;
  }
}
