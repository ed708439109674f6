package org.lapidary.interpret.topologicalrsa;

import java.util.Arrays;
import org.lapidary.interpret.similarity.Dissimilarities;

/**
 * Dissimilarities ranked and scaled to [0, 1], so that many cuts of one matrix sort it once.
 *
 * @param ranks the ranked matrix
 * @param sorted its values in rising order
 */
record Ranking(Dissimilarities ranks, double[] sorted) {

  static Ranking of(Dissimilarities distances) {
    Dissimilarities ranks = distances.ranked();
    double[] sorted = ranks.upper().clone();
    Arrays.sort(sorted);
    return new Ranking(ranks, sorted);
  }

  /** The value below which a share q of all lie; linear between order statistics. */
  double quantile(double q) {
    double at = q * (sorted.length - 1);
    int below = (int) Math.floor(at);
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }
}
