package org.lapidary.compress.essential;

import java.util.Arrays;
import java.util.Optional;

/**
 * Quality by sparsity.
 *
 * @param levels sparsities, rising from 0
 * @param quality at each; the larger the better, such as an accuracy or the negative of a loss
 */
public record SparsityCurve(double[] levels, double[] quality) {

  public SparsityCurve {
    levels = levels.clone();
    quality = quality.clone();
    if (levels.length != quality.length || levels.length == 0 || levels[0] != 0) {
      throw new IllegalArgumentException(
          "a curve has one quality for each level and starts at sparsity 0, had levels %s and %d qualities"
              .formatted(Arrays.toString(levels), quality.length));
    }
    for (int i = 1; i < levels.length; i++) {
      if (!(levels[i] > levels[i - 1])) {
        throw new IllegalArgumentException("levels rise, were " + Arrays.toString(levels));
      }
    }
  }

  /**
   * The largest sparsity up to which no level loses more than a share of the dense quality:
   * quality(0) - quality(s) &lt;= tolerance |quality(0)|.
   */
  public double tolerated(double tolerance) {
    double floor = quality[0] - tolerance * Math.abs(quality[0]);
    int i = 0;
    while (i + 1 < levels.length && quality[i + 1] >= floor) {
      i++;
    }
    return levels[i];
  }

  /**
   * Where two lines meet that fit the curve best.
   *
   * @param sparsity the level at which the second begins
   * @param before slope of the first, quality per unit of sparsity
   * @param after slope of the second
   */
  public record Knee(double sparsity, double before, double after) {

    /**
     * How many times steeper the curve falls after the knee; infinite after a level or rising part.
     */
    public double steepening() {
      return before == 0 ? Double.POSITIVE_INFINITY : Math.abs(after) / Math.abs(before);
    }

    /** Whether it is a bend at all: the second line is at least three times as steep. */
    public boolean valid() {
      return steepening() >= 3;
    }
  }

  /**
   * The split of the levels up to the first one that has lost half of the distance to chance, for
   * which two least-squares lines leave the smallest squared error. Both lines see the level at the
   * split.
   *
   * @param chance the quality of guessing
   * @return empty if fewer than three levels are left
   */
  public Optional<Knee> knee(double chance) {
    int last = 0;
    double half = (quality[0] + chance) / 2;
    while (last + 1 < levels.length && quality[last] > half) {
      last++;
    }
    Knee best = null;
    double least = Double.POSITIVE_INFINITY;
    for (int split = 1; split < last; split++) {
      Line first = Line.through(levels, quality, 0, split);
      Line second = Line.through(levels, quality, split, last);
      double error = first.error + second.error;
      if (error < least) {
        least = error;
        best = new Knee(levels[split], first.slope, second.slope);
      }
    }
    return Optional.ofNullable(best);
  }

  /** A least-squares line and the sum of its squared residuals. */
  private record Line(double slope, double error) {
    static Line through(double[] x, double[] y, int from, int to) {
      int n = to - from + 1;
      double mx = Arrays.stream(x, from, to + 1).sum() / n;
      double my = Arrays.stream(y, from, to + 1).sum() / n;
      double xx = 0;
      double xy = 0;
      for (int i = from; i <= to; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        xy += (x[i] - mx) * (y[i] - my);
      }
      double slope = xy / xx;
      double error = 0;
      for (int i = from; i <= to; i++) {
        double r = y[i] - my - slope * (x[i] - mx);
        error += r * r;
      }
      return new Line(slope, error);
    }
  }
}
