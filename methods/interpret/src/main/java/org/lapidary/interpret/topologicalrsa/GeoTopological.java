package org.lapidary.interpret.topologicalrsa;

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
    return cut(Ranking.of(distances));
  }

  /** The share of dissimilarities between the quantiles, which keep their order. */
  public double width() {
    return high - low;
  }

  Dissimilarities cut(Ranking ranking) {
    double[] ranked = ranking.ranks().upper();
    double from = ranking.quantile(low);
    double to = ranking.quantile(high);
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
    return new Dissimilarities(ranking.ranks().stimuli(), cut);
  }
}
