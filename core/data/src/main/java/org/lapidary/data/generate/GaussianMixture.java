package org.lapidary.data.generate;

import java.util.Arrays;
import org.lapidary.data.Samples;

/**
 * A mixture of normal distributions with equal weights and one deviation in all directions.
 *
 * @param means [component][dimension]
 * @param deviation of every coordinate
 */
public record GaussianMixture(double[][] means, double deviation) {

  /**
   * @throws IllegalArgumentException if there are no means or they differ in length
   */
  public GaussianMixture {
    int dimension = means.length == 0 ? 0 : means[0].length;
    if (dimension == 0 || Arrays.stream(means).anyMatch(mean -> mean.length != dimension)) {
      throw new IllegalArgumentException("a mixture needs means, all of one length");
    }
    if (!(deviation >= 0)) {
      throw new IllegalArgumentException("the deviation " + deviation + " is negative");
    }
  }

  /** Components on a circle in the plane. */
  public static GaussianMixture ring(int components, double radius, double deviation) {
    double[][] means = new double[components][];
    for (int c = 0; c < components; c++) {
      double angle = 2 * Math.PI * c / components;
      means[c] = new double[] {radius * StrictMath.cos(angle), radius * StrictMath.sin(angle)};
    }
    return new GaussianMixture(means, deviation);
  }

  /** Means drawn at random, each coordinate normal with deviation {@code spread}. */
  public static GaussianMixture random(
      int components, int dimension, double spread, double deviation, long seed) {
    Draw draw = new Draw(seed);
    double[][] means = new double[components][dimension];
    for (double[] mean : means) {
      Arrays.setAll(mean, d -> spread * draw.normal());
    }
    return new GaussianMixture(means, deviation);
  }

  /** Samples; the label is the component. */
  public Samples sample(int count, long seed) {
    Draw draw = new Draw(seed);
    int dimension = means[0].length;
    float[] values = new float[Math.multiplyExact(count, dimension)];
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      labels[i] = draw.below(means.length);
      for (int d = 0; d < dimension; d++) {
        values[i * dimension + d] = (float) (means[labels[i]][d] + deviation * draw.normal());
      }
    }
    return new Samples(values, labels, dimension);
  }
}
