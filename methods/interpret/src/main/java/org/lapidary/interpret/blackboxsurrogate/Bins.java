package org.lapidary.interpret.blackboxsurrogate;

import java.util.Arrays;

/**
 * A table's columns as bins between quantiles, so that the best split is found by counting.
 *
 * @param codes [column][row], the bin
 * @param edges [column], thresholds; a value is in the first bin whose edge it does not exceed
 */
record Bins(byte[][] codes, float[][] edges) {
  private static final int MOST = 64;

  static Bins of(float[][] x) {
    int p = x[0].length;
    byte[][] codes = new byte[p][x.length];
    float[][] edges = new float[p][];
    float[] column = new float[x.length];
    for (int j = 0; j < p; j++) {
      for (int i = 0; i < x.length; i++) {
        column[i] = x[i][j];
      }
      edges[j] = edges(column.clone());
      for (int i = 0; i < x.length; i++) {
        int at = Arrays.binarySearch(edges[j], column[i]);
        codes[j][i] = (byte) (at >= 0 ? at : -at - 1);
      }
    }
    return new Bins(codes, edges);
  }

  /** Means of neighbouring values at up to 63 quantiles, rising. */
  private static float[] edges(float[] values) {
    Arrays.sort(values);
    float[] found = new float[MOST - 1];
    int count = 0;
    for (int q = 1; q < MOST; q++) {
      int at = (int) ((long) values.length * q / MOST);
      if (at > 0 && values[at - 1] < values[at]) {
        float edge = values[at - 1] + (values[at] - values[at - 1]) / 2;
        if (edge < values[at] && (count == 0 || edge > found[count - 1])) {
          found[count++] = edge;
        }
      }
    }
    return Arrays.copyOf(found, count);
  }
}
