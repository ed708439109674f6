package org.lapidary.interpret.navigation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Whether the middle ranks of a next-token distribution are filled with tokens whose keys resemble
 * those of the first ranks, right or wrong.
 *
 * @param wrongShare of the wrong tokens of the middle ranks, those in a cluster of the first ranks
 * @param wrongBase the same of all wrong tokens
 * @param precisionInside the share of right ones among the middle ranks' tokens in such clusters;
 *     NaN if there are none
 * @param precisionOutside the same of those in others
 * @param wrongInside mean rank, from 1, of wrong tokens in such clusters
 * @param rightOutside mean rank of right tokens in others; NaN if there are none
 */
public record KeyCorrelation(
    double wrongShare,
    double wrongBase,
    double precisionInside,
    double precisionOutside,
    double wrongInside,
    double rightOutside) {

  /**
   * Of one question.
   *
   * @param logits of some tokens
   * @param clusters of the same
   * @param right whether each is a right answer
   * @param first how many ranks are the first
   * @param to the last of the middle ranks, from 1
   */
  public static KeyCorrelation of(
      double[] logits, int[] clusters, boolean[] right, int first, int to) {
    int n = logits.length;
    if (clusters.length != n || right.length != n || first < 1 || to <= first || to > n) {
      throw new IllegalArgumentException(
          "ranks %d to %d need as many tokens with clusters and answers; there are %d, %d and %d"
              .formatted(first + 1, to, n, clusters.length, right.length));
    }
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      order.add(i);
    }
    order.sort(Comparator.comparingDouble(i -> -logits[i]));
    Set<Integer> top = new HashSet<>();
    for (int r = 0; r < first; r++) {
      top.add(clusters[order.get(r)]);
    }
    Tally middle = new Tally();
    Tally rest = new Tally();
    for (int r = 0; r < n; r++) {
      int token = order.get(r);
      boolean inside = top.contains(clusters[token]);
      if (r >= first) {
        rest.add(inside, right[token], r + 1);
        if (r < to) {
          middle.add(inside, right[token], r + 1);
        }
      }
    }
    return new KeyCorrelation(
        (double) middle.wrongIn / (middle.wrongIn + middle.wrongOut),
        (double) rest.wrongIn / (rest.wrongIn + rest.wrongOut),
        (double) middle.rightIn / (middle.rightIn + middle.wrongIn),
        (double) middle.rightOut / (middle.rightOut + middle.wrongOut),
        rest.wrongInRanks / rest.wrongIn,
        rest.rightOutRanks / rest.rightOut);
  }

  private static final class Tally {
    private int wrongIn;
    private int wrongOut;
    private int rightIn;
    private int rightOut;
    private double wrongInRanks;
    private double rightOutRanks;

    void add(boolean inside, boolean right, int rank) {
      if (inside && right) {
        rightIn++;
      } else if (inside) {
        wrongIn++;
        wrongInRanks += rank;
      } else if (right) {
        rightOut++;
        rightOutRanks += rank;
      } else {
        wrongOut++;
      }
    }
  }
}
