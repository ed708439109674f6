package org.lapidary.interpret.discretesae;

/** How well scores tell the members of a set from the others. */
public final class Roc {
  private Roc() {}

  /**
   * The area under the curve: the chance that a member scores higher than another, a tie counting
   * half.
   *
   * @throws IllegalArgumentException if there are no members or no others
   */
  public static double area(double[] scores, boolean[] members) {
    double wins = 0;
    long pairs = 0;
    for (int i = 0; i < scores.length; i++) {
      for (int j = 0; j < scores.length; j++) {
        if (members[i] && !members[j]) {
          pairs++;
          wins += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
        }
      }
    }
    if (pairs == 0) {
      throw new IllegalArgumentException("a ROC curve needs members and others");
    }
    return wins / pairs;
  }

  /** Precision, recall and F1 at the threshold where F1 is largest. */
  public record Best(double precision, double recall, double f1) {}

  /** The best threshold's figures. */
  public static Best best(double[] scores, boolean[] members) {
    Best best = new Best(0, 0, 0);
    for (double theta : scores) {
      int hit = 0;
      int taken = 0;
      int all = 0;
      for (int i = 0; i < scores.length; i++) {
        taken += scores[i] >= theta ? 1 : 0;
        all += members[i] ? 1 : 0;
        hit += scores[i] >= theta && members[i] ? 1 : 0;
      }
      double precision = (double) hit / taken;
      double recall = (double) hit / all;
      double f1 = hit == 0 ? 0 : 2 * precision * recall / (precision + recall);
      best = f1 > best.f1 ? new Best(precision, recall, f1) : best;
    }
    return best;
  }
}
