package org.lapidary.interpret.convergentlearning;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.lapidary.interpret.similarity.KMeans;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Groups of units of two networks that go together, by spectral clustering of the bipartite graph
 * with weights |c_ij|: with W = [[0, |C|], [|C|^T, 0]] and D its row sums, the rows of the k
 * eigenvectors of I - D^-1/2 W D^-1/2 with the smallest eigenvalues, normalised, are clustered by
 * k-means. Costs O((A + B)^3).
 *
 * @param ofA the group of each unit of A
 * @param ofB the group of each unit of B
 */
public record SharedSubspaces(int[] ofA, int[] ofB) {
  private static final int STARTS = 20;

  /** Clusters into k groups. */
  public static SharedSubspaces of(UnitCorrelations correlations, int k, Rng rng) {
    double[][] c = correlations.between();
    int a = c.length;
    int n = a + correlations.withinB().length;
    if (k < 1 || k > n) {
      throw new IllegalArgumentException("%d units have 1 to %d groups, not %d".formatted(n, n, k));
    }
    double[] w = new double[n * n];
    double[] degree = new double[n];
    for (int i = 0; i < a; i++) {
      for (int j = a; j < n; j++) {
        double weight = Math.abs(c[i][j - a]);
        w[i * n + j] = weight;
        w[j * n + i] = weight;
        degree[i] += weight;
        degree[j] += weight;
      }
    }
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double scale = Math.sqrt(degree[i] * degree[j]);
        w[i * n + j] = (i == j ? 1 : 0) - (scale == 0 ? 0 : w[i * n + j] / scale);
      }
    }
    try (Scope scope = Scope.open()) {
      Tensor vectors = Linalg.eigh(Tensor.of(w, n, n)).vectors().slice(1, 0, k);
      Tensor norm = vectors.norm(true, 1).maximum(1e-12);
      int[] labels = KMeans.fit(KMeans.rows(vectors.div(norm)), k, STARTS, rng).labels();
      return new SharedSubspaces(Arrays.copyOf(labels, a), Arrays.copyOfRange(labels, a, n));
    }
  }

  /** Whether a group holds units of both networks. */
  public boolean shared(int group) {
    return members(ofA, group).length > 0 && members(ofB, group).length > 0;
  }

  /**
   * How much the spans of a group's units in A and in B have in common: their canonical
   * correlations, highest first, as many as the smaller side has units; empty if it is not shared.
   */
  public double[] canonical(UnitCorrelations correlations, int group) {
    int[] a = members(ofA, group);
    int[] b = members(ofB, group);
    if (a.length == 0 || b.length == 0) {
      return new double[0];
    }
    try (Scope scope = Scope.open()) {
      Tensor left = inverseRoot(part(correlations.withinA(), a, a));
      Tensor right = inverseRoot(part(correlations.withinB(), b, b));
      return Linalg.svd(left.matmul(part(correlations.between(), a, b)).matmul(right))
          .s()
          .toDoubles();
    }
  }

  private static Tensor part(double[][] all, int[] rows, int[] columns) {
    double[] values = new double[rows.length * columns.length];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < columns.length; j++) {
        values[i * columns.length + j] = all[rows[i]][columns[j]];
      }
    }
    return Tensor.of(values, rows.length, columns.length);
  }

  /** Directions without variance count as none. */
  private static Tensor inverseRoot(Tensor gram) {
    Linalg.Eigh eigh = Linalg.eigh(gram);
    Tensor kept = eigh.values().gt(1e-9).to(DType.FLOAT64);
    Tensor scale = eigh.values().maximum(1e-9).rsqrt().mul(kept);
    return eigh.vectors().mul(scale).matmul(eigh.vectors().t());
  }

  private static int[] members(int[] groups, int group) {
    return IntStream.range(0, groups.length).filter(i -> groups[i] == group).toArray();
  }

  /**
   * The adjusted Rand index of two groupings of the same things: 1 if they are the same, about 0 by
   * chance (Hubert and Arabie, 1985).
   */
  public static double adjustedRand(int[] first, int[] second) {
    if (first.length != second.length || first.length < 2) {
      throw new IllegalArgumentException(
          "two groupings of the same 2 or more things, were %d and %d"
              .formatted(first.length, second.length));
    }
    int rows = Arrays.stream(first).max().orElse(0) + 1;
    int columns = Arrays.stream(second).max().orElse(0) + 1;
    double[][] table = new double[rows][columns];
    for (int i = 0; i < first.length; i++) {
      table[first[i]][second[i]]++;
    }
    double both = 0;
    double[] column = new double[columns];
    double inFirst = 0;
    for (double[] row : table) {
      inFirst += pairs(Arrays.stream(row).sum());
      for (int j = 0; j < columns; j++) {
        both += pairs(row[j]);
        column[j] += row[j];
      }
    }
    double inSecond = Arrays.stream(column).map(SharedSubspaces::pairs).sum();
    double expected = inFirst * inSecond / pairs(first.length);
    double most = (inFirst + inSecond) / 2;
    return most == expected ? 1 : (both - expected) / (most - expected);
  }

  private static double pairs(double n) {
    return n * (n - 1) / 2;
  }
}
