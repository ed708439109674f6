package org.lapidary.interpret.blackboxsurrogate;

import java.util.Arrays;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/**
 * Rows of numbers with a class each.
 *
 * @param x [row][column]
 * @param y [row], from 0
 */
public record Table(float[][] x, int[] y) {

  /**
   * @throws IllegalArgumentException if rows differ in length, are no numbers, or are not as many
   *     as classes
   */
  public Table {
    if (x.length == 0 || x.length != y.length) {
      throw new IllegalArgumentException(
          "a table needs rows and a class for each, was given %d and %d"
              .formatted(x.length, y.length));
    }
    for (int i = 0; i < x.length; i++) {
      if (x[i].length != x[0].length || y[i] < 0) {
        throw new IllegalArgumentException(
            "row %d has %d columns and class %d; the first row has %d columns, classes count from 0"
                .formatted(i, x[i].length, y[i], x[0].length));
      }
      for (int j = 0; j < x[i].length; j++) {
        if (!Float.isFinite(x[i][j])) {
          throw new IllegalArgumentException(
              "row %d, column %d is %s; fill or drop what is missing first"
                  .formatted(i, j, x[i][j]));
        }
      }
    }
  }

  public int rows() {
    return x.length;
  }

  public int columns() {
    return x[0].length;
  }

  /** One more than the largest class. */
  public int classes() {
    return 1 + Arrays.stream(y).max().orElseThrow();
  }

  /** The same rows with other classes, such as a model's predictions. */
  public Table labelled(int[] classes) {
    return new Table(x, classes);
  }

  /** Some columns, in the given order. */
  public Table columns(int... which) {
    float[][] kept = new float[x.length][which.length];
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < which.length; j++) {
        kept[i][j] = x[i][which[j]];
      }
    }
    return new Table(kept, y);
  }

  /** Rows from one to before another. */
  public Table rows(int from, int to) {
    return new Table(Arrays.copyOfRange(x, from, to), Arrays.copyOfRange(y, from, to));
  }

  /**
   * With a shuffled copy of every column after the columns: what has no meaning by construction.
   */
  public Table withShadows(Rng rng) {
    int p = columns();
    float[][] more = new float[x.length][];
    for (int i = 0; i < x.length; i++) {
      more[i] = Arrays.copyOf(x[i], 2 * p);
    }
    for (int j = 0; j < p; j++) {
      int[] order = rng.permutation(x.length);
      for (int i = 0; i < x.length; i++) {
        more[i][p + j] = x[order[i]][j];
      }
    }
    return new Table(more, y);
  }

  /** The rows as [rows, columns]. */
  public Tensor tensor() {
    float[] flat = new float[rows() * columns()];
    for (int i = 0; i < x.length; i++) {
      System.arraycopy(x[i], 0, flat, i * columns(), columns());
    }
    return Tensor.of(flat, rows(), columns());
  }

  /**
   * Means and deviations of columns.
   *
   * @param deviation 1 where a column is constant
   */
  public record Scaling(float[] mean, float[] deviation) {
    /** Of a table's columns. */
    public static Scaling of(Table table) {
      int p = table.columns();
      float[] mean = new float[p];
      float[] deviation = new float[p];
      for (int j = 0; j < p; j++) {
        double sum = 0;
        double squares = 0;
        for (float[] row : table.x) {
          sum += row[j];
          squares += (double) row[j] * row[j];
        }
        double m = sum / table.rows();
        double variance = squares / table.rows() - m * m;
        mean[j] = (float) m;
        deviation[j] = variance > 1e-12 ? (float) Math.sqrt(variance) : 1;
      }
      return new Scaling(mean, deviation);
    }

    /** Columns of mean 0 and deviation 1. */
    public Table apply(Table table) {
      float[][] scaled = new float[table.rows()][table.columns()];
      for (int i = 0; i < scaled.length; i++) {
        for (int j = 0; j < scaled[i].length; j++) {
          scaled[i][j] = (table.x[i][j] - mean[j]) / deviation[j];
        }
      }
      return new Table(scaled, table.y);
    }
  }
}
