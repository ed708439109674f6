package org.lapidary.interpret.topologicalrsa;

import java.util.Arrays;
import org.lapidary.interpret.similarity.Dissimilarities;

/**
 * Ranked dissimilarities in [0, 1] with both ends cut off: 0 below the quantile {@code low}, 1
 * above the quantile {@code high}, linear between; a step at {@code low = high}.
 *
 * @param low l in [0, 1]
 * @param high u in [l, 1]
 */
public record GeoTopological(double low, double high) implements Transform {

  public GeoTopological {
    if (!(low >= 0 && low <= high && high <= 1)) {
      throw new IllegalArgumentException(
          "quantiles are 0 <= low <= high <= 1, were %s and %s".formatted(low, high));
    }
  }

  @Override
  public Dissimilarities apply(Dissimilarities distances) {
    double[] ranked = distances.ranked().upper();
    double[] sorted = ranked.clone();
    Arrays.sort(sorted);
    double from = quantile(sorted, low);
    double to = quantile(sorted, high);
    double[] cut = new double[ranked.length];
    for (int i = 0; i < cut.length; i++) {
      if (ranked[i] < from) {
        cut[i] = 0;
      } else if (ranked[i] > to || from == to) {
        cut[i] = 1;
      } else {
        cut[i] = (ranked[i] - from) / (to - from);
      }
    }
    return new Dissimilarities(distances.stimuli(), cut);
  }

  /** Linear between order statistics. */
  static double quantile(double[] sorted, double q) {
    double at = q * (sorted.length - 1);
    int below = (int) Math.floor(at);
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }
}
