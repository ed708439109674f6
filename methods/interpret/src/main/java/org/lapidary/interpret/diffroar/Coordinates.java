package org.lapidary.interpret.diffroar;

import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;

/**
 * The data of the paper's theorem: d blocks of one coordinate, of which one, at a random place j,
 * holds the label: x = eta g + y e_j, y in {-1, 1}.
 *
 * @param data inputs [n, d], labels 0 for -1 and 1 for 1
 * @param places j of every example
 */
public record Coordinates(Classification data, int[] places) {

  /** Draws examples. */
  public static Coordinates draw(int n, int d, double eta, Rng rng) {
    int[] places = rng.ints(n, 0, d).toArray();
    int[] labels = rng.ints(n, 0, 2).toArray();
    float[] x = rng.normal(eta, n, d).toFloats();
    for (int i = 0; i < n; i++) {
      x[i * d + places[i]] += labels[i] == 0 ? -1 : 1;
    }
    return new Coordinates(Classification.of(Tensor.of(x, n, d), labels), places);
  }

  /**
   * The share of examples whose highest score is that of the coordinate with the label.
   *
   * @param scores [n, d]
   */
  public double found(Tensor scores) {
    long[] highest = scores.argmax(1).toLongs();
    int right = 0;
    for (int i = 0; i < places.length; i++) {
      right += highest[i] == places[i] ? 1 : 0;
    }
    return (double) right / places.length;
  }
}
