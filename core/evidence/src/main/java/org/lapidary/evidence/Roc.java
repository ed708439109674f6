package org.lapidary.evidence;

/** How well scores tell two classes apart, whatever the threshold. */
public final class Roc {
  private Roc() {}

  /**
   * The area under the receiver operating characteristic: the probability that a positive scores
   * above a negative, ties counted half (Mann and Whitney's U over the number of pairs).
   *
   * @throws IllegalArgumentException if a class is empty or the lengths differ
   */
  public static double area(double[] scores, boolean[] positive) {
    if (scores.length != positive.length) {
      throw new IllegalArgumentException(
          "%d scores cannot go with %d labels".formatted(scores.length, positive.length));
    }
    double[] ranks = Correlation.ranks(scores);
    double sum = 0;
    long positives = 0;
    for (int i = 0; i < scores.length; i++) {
      if (positive[i]) {
        sum += ranks[i];
        positives++;
      }
    }
    long negatives = scores.length - positives;
    if (positives == 0 || negatives == 0) {
      throw new IllegalArgumentException(
          "an area needs both classes, all %d labels are the same".formatted(scores.length));
    }
    return (sum - positives * (positives - 1) / 2.0) / ((double) positives * negatives);
  }
}
