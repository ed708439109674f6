package org.lapidary.interpret.convergentlearning;

import java.util.Arrays;
import org.lapidary.interpret.similarity.Similarity;
import org.lapidary.tensor.Tensor;

/**
 * A unit of B for every unit of A.
 *
 * @param partner by unit of A
 * @param correlation with the partner
 */
public record Matching(int[] partner, double[] correlation) {

  /** How units are matched. */
  public enum Kind implements Similarity {
    /** The most correlated; several may have the same. */
    SEMI {
      @Override
      public Matching match(double[][] correlations) {
        int[] partner = new int[correlations.length];
        for (int i = 0; i < partner.length; i++) {
          for (int j = 1; j < correlations[i].length; j++) {
            partner[i] = correlations[i][j] > correlations[i][partner[i]] ? j : partner[i];
          }
        }
        return of(correlations, partner);
      }
    },
    /** One to one, with the highest sum of correlations; B has at least as many units as A. */
    BIPARTITE {
      @Override
      public Matching match(double[][] correlations) {
        return of(correlations, Assignment.maximal(correlations));
      }
    };

    /** Matches by correlations [unit of A][unit of B]. */
    public abstract Matching match(double[][] correlations);

    /** The mean correlation of the units [n, A] with their partners among [n, B]. */
    @Override
    public double between(Tensor a, Tensor b) {
      return match(UnitCorrelations.of(a, b).between()).mean();
    }
  }

  private static Matching of(double[][] correlations, int[] partner) {
    double[] matched = new double[partner.length];
    Arrays.setAll(matched, i -> correlations[i][partner[i]]);
    return new Matching(partner, matched);
  }

  /** The mean correlation. */
  public double mean() {
    return Arrays.stream(correlation).average().orElse(Double.NaN);
  }

  /** The correlations from the highest down: a curve to draw. */
  public double[] sorted() {
    double[] rising = correlation.clone();
    Arrays.sort(rising);
    double[] falling = new double[rising.length];
    Arrays.setAll(falling, i -> rising[rising.length - 1 - i]);
    return falling;
  }

  /** How many units have no partner as correlated as this: those that only A has. */
  public int unmatched(double threshold) {
    return (int) Arrays.stream(correlation).filter(c -> c < threshold).count();
  }
}
