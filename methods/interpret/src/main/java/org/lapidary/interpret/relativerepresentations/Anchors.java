package org.lapidary.interpret.relativerepresentations;

import java.util.Arrays;
import org.lapidary.interpret.similarity.KMeans;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/** Which samples are the anchors; all give the numbers of m different rows. */
public enum Anchors {
  /** Drawn evenly. */
  RANDOM {
    @Override
    int[] chosen(Tensor x, int m, Rng rng) {
      return Arrays.copyOf(rng.permutation((int) x.size(0)), m);
    }
  },
  /** One at random, then always the sample farthest from all anchors so far. */
  FARTHEST {
    @Override
    int[] chosen(Tensor x, int m, Rng rng) {
      double[][] rows = KMeans.rows(x);
      double[] distance = new double[rows.length];
      Arrays.fill(distance, Double.POSITIVE_INFINITY);
      int[] chosen = new int[m];
      int next = rng.nextInt(rows.length);
      for (int i = 0; i < m; i++) {
        chosen[i] = next;
        double[] last = rows[chosen[i]];
        distance[chosen[i]] = -1;
        for (int r = 0; r < rows.length; r++) {
          distance[r] = Math.min(distance[r], KMeans.squared(rows[r], last));
          next = distance[r] > distance[next] ? r : next;
        }
      }
      return chosen;
    }
  },
  /** The samples nearest to the centres of m clusters (k-means), each taken once. */
  CLUSTERS {
    @Override
    int[] chosen(Tensor x, int m, Rng rng) {
      double[][] rows = KMeans.rows(x);
      double[][] centres = KMeans.fit(rows, m, 3, rng).centres();
      boolean[] taken = new boolean[rows.length];
      int[] chosen = new int[m];
      for (int c = 0; c < m; c++) {
        double least = Double.POSITIVE_INFINITY;
        for (int r = 0; r < rows.length; r++) {
          double distance = KMeans.squared(rows[r], centres[c]);
          if (!taken[r] && distance < least) {
            least = distance;
            chosen[c] = r;
          }
        }
        taken[chosen[c]] = true;
      }
      return chosen;
    }
  };

  abstract int[] chosen(Tensor x, int m, Rng rng);

  /**
   * Chooses.
   *
   * @param x [n, d] embeddings or inputs
   * @param m from 1 to n
   */
  public int[] choose(Tensor x, int m, Rng rng) {
    if (m < 1 || m > x.size(0)) {
      throw new IllegalArgumentException(
          "%d samples have 1 to %d anchors, not %d".formatted(x.size(0), x.size(0), m));
    }
    return chosen(x, m, rng);
  }
}
