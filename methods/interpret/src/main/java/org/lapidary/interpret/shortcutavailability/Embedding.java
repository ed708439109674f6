package org.lapidary.interpret.shortcutavailability;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/**
 * How available the features are in the input: x = sum_i alpha_i e_i(z_i) in R^d. e_i(z) = z w_i,
 * with orthogonal w_i of norm sqrt(d), then through so many random ReLU layers that keep its size:
 * a larger alpha makes a feature more available, more layers make it less so.
 *
 * @param directions w [2, d]
 * @param amplitudes alpha of the core and of the shortcut
 * @param layers random matrices [d, d], for each feature
 */
public record Embedding(Tensor directions, double[] amplitudes, List<List<Tensor>> layers) {

  /**
   * Draws directions and layers.
   *
   * @param dimension d, at least 2
   * @param amplitudes of the core and of the shortcut
   * @param nesting how many layers each goes through
   */
  public static Embedding draw(int dimension, double[] amplitudes, int[] nesting, Rng rng) {
    if (dimension < 2 || amplitudes.length != 2 || nesting.length != 2) {
      throw new IllegalArgumentException(
          "two features need 2 or more dimensions, 2 amplitudes and 2 depths, were %d, %d and %d"
              .formatted(dimension, amplitudes.length, nesting.length));
    }
    double[] first = gaussian(dimension, rng);
    double[] second = gaussian(dimension, rng);
    double along = dot(first, second) / dot(first, first);
    for (int i = 0; i < dimension; i++) {
      second[i] -= along * first[i];
    }
    float[] w = new float[2 * dimension];
    for (int i = 0; i < dimension; i++) {
      w[i] = (float) (first[i] * Math.sqrt(dimension / dot(first, first)));
      w[dimension + i] = (float) (second[i] * Math.sqrt(dimension / dot(second, second)));
    }
    List<List<Tensor>> layers = new ArrayList<>();
    for (int feature = 0; feature < 2; feature++) {
      List<Tensor> deep = new ArrayList<>();
      for (int l = 0; l < nesting[feature]; l++) {
        deep.add(rng.split().normal(Math.sqrt(2.0 / dimension), dimension, dimension));
      }
      layers.add(deep);
    }
    return new Embedding(Tensor.of(w, 2, dimension), amplitudes.clone(), layers);
  }

  /** Amplitudes alone. */
  public static Embedding draw(int dimension, double core, double shortcut, Rng rng) {
    return draw(dimension, new double[] {core, shortcut}, new int[2], rng);
  }

  /** Inputs [n, d] for features [n, 2]. */
  public Tensor embed(Tensor z) {
    Tensor sum = null;
    for (int feature = 0; feature < 2; feature++) {
      Tensor x = z.slice(1, feature, feature + 1L).mul(directions.slice(0, feature, feature + 1L));
      for (Tensor layer : layers.get(feature)) {
        x = x.linear(layer, null).relu();
      }
      Tensor scaled = x.mul(amplitudes[feature]);
      sum = sum == null ? scaled : sum.add(scaled);
    }
    return Objects.requireNonNull(sum);
  }

  private static double[] gaussian(int n, Rng rng) {
    double[] values = new double[n];
    Arrays.setAll(values, i -> rng.nextGaussian());
    return values;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
