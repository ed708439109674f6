package org.lapidary.interpret.similarity;

import java.util.Arrays;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Clusters of points around their means (Lloyd, 1982), from starts drawn in proportion to the
 * squared distance from those before (k-means++, Arthur and Vassilvitskii, 2007). A round costs O(n
 * k d).
 *
 * @param centres [k][d]
 * @param labels the centre of each point
 * @param error the sum of squared distances
 */
public record KMeans(double[][] centres, int[] labels, double error) {
  private static final int ROUNDS = 100;

  /** The best of several starts. */
  public static KMeans fit(double[][] points, int k, int starts, Rng rng) {
    if (k < 1 || k > points.length || starts < 1) {
      throw new IllegalArgumentException(
          "%d points have 1 to %d clusters from 1 or more starts, not %d from %d"
              .formatted(points.length, points.length, k, starts));
    }
    KMeans best = from(starts(points, k, rng), points);
    for (int i = 1; i < starts; i++) {
      KMeans next = from(starts(points, k, rng), points);
      best = next.error < best.error ? next : best;
    }
    return best;
  }

  private static KMeans from(double[][] centres, double[][] points) {
    int[] labels = new int[points.length];
    Arrays.fill(labels, -1);
    double error = 0;
    for (int round = 0; round < ROUNDS; round++) {
      boolean moved = false;
      error = 0;
      double[][] sums = new double[centres.length][points[0].length];
      int[] counts = new int[centres.length];
      for (int p = 0; p < points.length; p++) {
        int c = nearest(points[p], centres);
        moved |= c != labels[p];
        labels[p] = c;
        counts[c]++;
        error += squared(points[p], centres[c]);
        for (int i = 0; i < sums[c].length; i++) {
          sums[c][i] += points[p][i];
        }
      }
      if (!moved) {
        break;
      }
      for (int c = 0; c < centres.length; c++) {
        for (int i = 0; counts[c] > 0 && i < sums[c].length; i++) {
          centres[c][i] = sums[c][i] / counts[c];
        }
      }
    }
    return new KMeans(centres, labels, error);
  }

  private static double[][] starts(double[][] points, int k, Rng rng) {
    double[][] centres = new double[k][];
    double[] distance = new double[points.length];
    Arrays.fill(distance, Double.POSITIVE_INFINITY);
    int chosen = rng.nextInt(points.length);
    for (int c = 0; c < k; c++) {
      centres[c] = points[chosen].clone();
      double sum = 0;
      for (int p = 0; p < points.length; p++) {
        distance[p] = Math.min(distance[p], squared(points[p], centres[c]));
        sum += distance[p];
      }
      double left = rng.nextDouble() * sum;
      chosen = 0;
      while (chosen < points.length - 1 && (left -= distance[chosen]) >= 0) {
        chosen++;
      }
    }
    return centres;
  }

  private static int nearest(double[] point, double[][] centres) {
    int best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int c = 0; c < centres.length; c++) {
      double distance = squared(point, centres[c]);
      if (distance < least) {
        least = distance;
        best = c;
      }
    }
    return best;
  }

  /** The squared Euclidean distance. */
  public static double squared(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sum;
  }

  /** The rows of [n, ...] as points. */
  public static double[][] rows(Tensor x) {
    try (Scope scope = Scope.open()) {
      int n = (int) x.size(0);
      double[] flat = x.detach().to(DType.FLOAT64).toDoubles();
      int d = flat.length / n;
      double[][] rows = new double[n][];
      Arrays.setAll(rows, i -> Arrays.copyOfRange(flat, i * d, (i + 1) * d));
      return rows;
    }
  }
}
