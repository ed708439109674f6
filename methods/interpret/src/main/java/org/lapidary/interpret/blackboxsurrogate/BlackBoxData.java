package org.lapidary.interpret.blackboxsurrogate;

import org.lapidary.tensor.Rng;

/**
 * Tables of which ten columns matter: logit = 1.5 (x0 + x1 - x2) + 2 x3 x4 + 1.5 sin(2 x5) + 1.5
 * [|x6| > 1] + x7 + x8 - x9, all columns standard normal; the last columns are copies of others
 * without meaning with a correlation of 0.7.
 */
final class BlackBoxData {
  private BlackBoxData() {}

  /** Columns that a ranking can find alone: those of the product are left out. */
  static final int[] MARGINAL = {0, 1, 2, 5, 6, 7, 8, 9};

  static Table draw(int rows, int columns, int copies, Rng rng) {
    float[][] x = new float[rows][columns];
    int[] y = new int[rows];
    int first = columns - copies;
    for (int i = 0; i < rows; i++) {
      float[] v = x[i];
      for (int j = 0; j < columns; j++) {
        double own = rng.nextGaussian();
        v[j] = (float) (j < first ? own : 0.7 * v[10 + (j - first)] + Math.sqrt(1 - 0.49) * own);
      }
      double logit =
          1.5 * (v[0] + v[1] - v[2])
              + 2 * v[3] * v[4]
              + 1.5 * Math.sin(2 * v[5])
              + (Math.abs(v[6]) > 1 ? 1.5 : 0)
              + v[7]
              + v[8]
              - v[9];
      y[i] = rng.nextDouble() < 1 / (1 + Math.exp(-logit)) ? 1 : 0;
    }
    return new Table(x, y);
  }
}
