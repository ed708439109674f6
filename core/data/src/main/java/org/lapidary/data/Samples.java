package org.lapidary.data;

import java.util.Arrays;

/**
 * Labelled vectors.
 *
 * @param values [sample, dimension]
 * @param labels [sample], from 0
 */
public record Samples(float[] values, int[] labels, int dimension) {

  /**
   * @throws IllegalArgumentException if the lengths do not fit
   */
  public Samples {
    if (values.length != (long) labels.length * dimension) {
      throw new IllegalArgumentException(
          values.length + " values for " + labels.length + " samples of " + dimension);
    }
  }

  public int count() {
    return labels.length;
  }

  /** One vector, copied. */
  public float[] row(int sample) {
    return Arrays.copyOfRange(values, sample * dimension, (sample + 1) * dimension);
  }

  /** Samples {@code from} to {@code to - 1}, copied. */
  public Samples rows(int from, int to) {
    return new Samples(
        Arrays.copyOfRange(values, from * dimension, to * dimension),
        Arrays.copyOfRange(labels, from, to),
        dimension);
  }
}
