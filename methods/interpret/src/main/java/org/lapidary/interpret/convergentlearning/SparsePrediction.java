package org.lapidary.interpret.convergentlearning;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Units of B from few units of A: for every unit b the weights m that minimise mean((b - a m)^2) /
 * 2 + lambda ||m||_1 over standardised units (the mapping layer), found by coordinate descent on
 * the correlations alone: with G those within A and c those of A with b, mean((b - a m)^2) = 1 - 2
 * c m + m G m. A round costs O(A^2).
 *
 * @param lambda the price of a weight
 */
public record SparsePrediction(double lambda) {
  private static final int ROUNDS = 10_000;
  private static final double TOLERANCE = 1e-10;
  private static final int PATH = 60;
  private static final double LEAST_LAMBDA = 1e-4;

  /**
   * Weights on the units of A.
   *
   * @param weights m
   */
  public record Row(double[] weights) {

    /** How many are not 0. */
    public int nonzeros() {
      return (int) Arrays.stream(weights).filter(w -> w != 0).count();
    }

    /** The share of the variance of unit b that they explain; below 0 if worse than the mean. */
    public double explained(UnitCorrelations of, int b) {
      double sum = 0;
      for (int i = 0; i < weights.length; i++) {
        if (weights[i] != 0) {
          double product = 0;
          for (int j = 0; j < weights.length; j++) {
            product += of.withinA()[i][j] * weights[j];
          }
          sum += weights[i] * (2 * of.between()[i][b] - product);
        }
      }
      return sum;
    }
  }

  public SparsePrediction {
    if (!(lambda > 0)) {
      throw new IllegalArgumentException("lambda must be above 0, was " + lambda);
    }
  }

  /** Fits unit b. */
  public Row fit(UnitCorrelations of, int b) {
    return fit(of, b, new double[of.withinA().length]);
  }

  private Row fit(UnitCorrelations of, int b, double[] start) {
    double[][] g = of.withinA();
    double[] m = start.clone();
    for (int round = 0; round < ROUNDS; round++) {
      double moved = 0;
      for (int i = 0; i < m.length; i++) {
        if (g[i][i] == 0) {
          continue;
        }
        double left = of.between()[i][b] + m[i]; // G_ii = 1
        for (int j = 0; j < m.length; j++) {
          left -= g[i][j] * m[j];
        }
        double next = Math.signum(left) * Math.max(0, Math.abs(left) - lambda);
        moved = Math.max(moved, Math.abs(next - m[i]));
        m[i] = next;
      }
      if (moved < TOLERANCE) {
        break;
      }
    }
    return new Row(m);
  }

  /** All units of B. */
  public List<Row> fit(UnitCorrelations of) {
    List<Row> rows = new ArrayList<>();
    for (int b = 0; b < of.withinB().length; b++) {
      rows.add(fit(of, b));
    }
    return rows;
  }

  /** Fits with lambda falling from where the first weight appears down to 1e-4 of that. */
  public static List<Row> path(UnitCorrelations of, int b) {
    double most = 0;
    for (double[] row : of.between()) {
      most = Math.max(most, Math.abs(row[b]));
    }
    List<Row> path = new ArrayList<>();
    Row last = new Row(new double[of.withinA().length]);
    for (int i = 0; i < PATH && most > 0; i++) {
      double lambda = most * Math.pow(LEAST_LAMBDA, (double) i / (PATH - 1));
      last = new SparsePrediction(lambda).fit(of, b, last.weights());
      path.add(last);
    }
    return path;
  }

  /** The last of a path with at most so many weights. */
  public static Row few(UnitCorrelations of, int b, int most) {
    Row chosen = new Row(new double[of.withinA().length]);
    for (Row row : path(of, b)) {
      chosen = row.nonzeros() <= most ? row : chosen;
    }
    return chosen;
  }

  /** Without a price, on all units. */
  public static Row full(UnitCorrelations of, int b) {
    double[] all = new double[of.withinA().length];
    for (int i = 0; i < all.length; i++) {
      all[i] = of.withinA()[i][i];
    }
    return leastSquares(of, b, new Row(all));
  }

  /**
   * The fewest weights of a path that explain this share of what all explain, once fitted anew
   * without the price.
   */
  public static int needed(UnitCorrelations of, int b, double share) {
    double wanted = share * full(of, b).explained(of, b);
    for (Row row : path(of, b)) {
      if (leastSquares(of, b, row).explained(of, b) >= wanted) {
        return row.nonzeros();
      }
    }
    return of.withinA().length;
  }

  private static Row leastSquares(UnitCorrelations of, int b, Row support) {
    int[] kept =
        java.util.stream.IntStream.range(0, support.weights.length)
            .filter(i -> support.weights[i] != 0)
            .toArray();
    double[] weights = new double[support.weights.length];
    if (kept.length == 0) {
      return new Row(weights);
    }
    double[] g = new double[kept.length * kept.length];
    double[] c = new double[kept.length];
    for (int i = 0; i < kept.length; i++) {
      c[i] = of.between()[kept[i]][b];
      for (int j = 0; j < kept.length; j++) {
        g[i * kept.length + j] = of.withinA()[kept[i]][kept[j]] + (i == j ? 1e-9 : 0);
      }
    }
    try (Scope scope = Scope.open()) {
      double[] m =
          Linalg.solve(Tensor.of(g, kept.length, kept.length), Tensor.of(c, kept.length, 1))
              .toDoubles();
      for (int i = 0; i < kept.length; i++) {
        weights[kept[i]] = m[i];
      }
    }
    return new Row(weights);
  }
}
