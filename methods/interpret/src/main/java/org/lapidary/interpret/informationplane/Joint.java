package org.lapidary.interpret.informationplane;

import java.util.Arrays;

/**
 * A discrete joint distribution of X and a binary label: what an information plane is measured on.
 *
 * @param px P(x)
 * @param positive P(y = 1 | x)
 */
public record Joint(double[] px, double[] positive) {

  public Joint {
    if (px.length == 0 || px.length != positive.length) {
      throw new IllegalArgumentException(
          "P(x) and P(y = 1 | x) are of the same 1 or more x, were %d and %d"
              .formatted(px.length, positive.length));
    }
    double sum = 0;
    for (int i = 0; i < px.length; i++) {
      sum += px[i];
      if (!(px[i] >= 0 && positive[i] >= 0 && positive[i] <= 1)) {
        throw new IllegalArgumentException(
            "probabilities lie in [0, 1]; of x %d they were %s and %s"
                .formatted(i, px[i], positive[i]));
      }
    }
    if (Math.abs(sum - 1) > 1e-9) {
      throw new IllegalArgumentException("P(x) sums to 1, summed to " + sum);
    }
  }

  /** Evenly distributed x. */
  public static Joint uniform(double[] positive) {
    double[] px = new double[positive.length];
    Arrays.fill(px, 1.0 / positive.length);
    return new Joint(px, positive);
  }

  /** P(y = 1). */
  public double label() {
    double sum = 0;
    for (int i = 0; i < px.length; i++) {
      sum += px[i] * positive[i];
    }
    return sum;
  }

  /** I(X; Y) in bits. */
  public double information() {
    double conditional = 0;
    for (int i = 0; i < px.length; i++) {
      conditional += px[i] * entropy(positive[i]);
    }
    return entropy(label()) - conditional;
  }

  /** Where a representation stands: bits about the input and about the label. */
  public record Point(double input, double label) {}

  /**
   * I(X; T) and I(T; Y) of a representation that is a function of x: I(X; T) = H(T), I(T; Y) = H(Y)
   * - sum_t P(t) H(Y | t).
   *
   * @param code t of every x; equal numbers are the same t
   */
  public Point of(int[] code) {
    if (code.length != px.length) {
      throw new IllegalArgumentException(
          "%d codes for %d inputs".formatted(code.length, px.length));
    }
    int codes = Arrays.stream(code).max().orElse(-1) + 1;
    double[] pt = new double[codes];
    double[] py = new double[codes];
    for (int i = 0; i < code.length; i++) {
      pt[code[i]] += px[i];
      py[code[i]] += px[i] * positive[i];
    }
    double h = 0;
    double conditional = 0;
    for (int t = 0; t < codes; t++) {
      if (pt[t] > 0) {
        h -= pt[t] * log2(pt[t]);
        conditional += pt[t] * entropy(py[t] / pt[t]);
      }
    }
    return new Point(h, entropy(label()) - conditional);
  }

  /** The same with x of equal P(y = 1 | x) as one: all that matters of x for y. */
  public Joint sufficient() {
    double[] levels = Arrays.stream(positive).distinct().sorted().toArray();
    double[] mass = new double[levels.length];
    for (int i = 0; i < px.length; i++) {
      mass[Arrays.binarySearch(levels, positive[i])] += px[i];
    }
    return new Joint(mass, levels);
  }

  /** The entropy of a coin in bits. */
  static double entropy(double p) {
    return p <= 0 || p >= 1 ? 0 : -p * log2(p) - (1 - p) * log2(1 - p);
  }

  static double log2(double x) {
    return Math.log(x) / Math.log(2);
  }
}
