package org.lapidary.interpret.convergentlearning;

import java.util.Arrays;

/**
 * The assignment problem by the Hungarian algorithm (Kuhn, 1955) with potentials and shortest
 * augmenting paths: every row gets a column of its own, the sum of weights is the highest. Costs
 * O(rows^2 columns).
 */
public final class Assignment {
  private Assignment() {}

  /**
   * Assigns.
   *
   * @param weights [rows][columns], finite, at least as many columns as rows
   * @return the column of every row
   */
  public static int[] maximal(double[][] weights) {
    int rows = weights.length;
    int columns = rows == 0 ? 0 : weights[0].length;
    if (rows > columns) {
      throw new IllegalArgumentException(
          "every row needs a column of its own: %d rows, %d columns; transpose the weights"
              .formatted(rows, columns));
    }
    for (double[] row : weights) {
      for (double weight : row) {
        if (!Double.isFinite(weight)) {
          throw new IllegalArgumentException("weights must be finite, one was " + weight);
        }
      }
    }
    // One-based; column 0 stands for "none". u and v are the potentials of costs -weights.
    double[] u = new double[rows + 1];
    double[] v = new double[columns + 1];
    int[] rowOf = new int[columns + 1];
    for (int row = 1; row <= rows; row++) {
      int[] before = new int[columns + 1];
      double[] slack = new double[columns + 1];
      boolean[] reached = new boolean[columns + 1];
      Arrays.fill(slack, Double.POSITIVE_INFINITY);
      rowOf[0] = row;
      int column = 0;
      do {
        reached[column] = true;
        int from = rowOf[column];
        double least = Double.POSITIVE_INFINITY;
        int next = 0;
        for (int j = 1; j <= columns; j++) {
          if (!reached[j]) {
            double reduced = -weights[from - 1][j - 1] - u[from] - v[j];
            if (reduced < slack[j]) {
              slack[j] = reduced;
              before[j] = column;
            }
            if (slack[j] < least) {
              least = slack[j];
              next = j;
            }
          }
        }
        for (int j = 0; j <= columns; j++) {
          if (reached[j]) {
            u[rowOf[j]] += least;
            v[j] -= least;
          } else {
            slack[j] -= least;
          }
        }
        column = next;
      } while (rowOf[column] != 0);
      while (column != 0) {
        rowOf[column] = rowOf[before[column]];
        column = before[column];
      }
    }
    int[] columnOf = new int[rows];
    for (int j = 1; j <= columns; j++) {
      if (rowOf[j] != 0) {
        columnOf[rowOf[j] - 1] = j - 1;
      }
    }
    return columnOf;
  }
}
