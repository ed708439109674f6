package org.lapidary.interpret.taskgeometry;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.interpret.probe.LogisticProbe;
import org.lapidary.interpret.similarity.KernelAlignment;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * The geometry of a representation of some conditions.
 *
 * @param activations Z [conditions, width], means over whatever else varies
 */
public record Geometry(Tensor activations) {
  private static final double L2 = 1e-3;

  public Geometry {
    activations = activations.detach().to(DType.FLOAT64);
  }

  /** Kernel alignment with labels, one row for each condition; -1 and 1 are taken for them. */
  public double alignment(boolean[]... labels) {
    double[] values = new double[labels[0].length * labels.length];
    for (int v = 0; v < labels.length; v++) {
      for (int i = 0; i < labels[v].length; i++) {
        values[i * labels.length + v] = labels[v][i] ? 1 : -1;
      }
    }
    try (Scope scope = Scope.open()) {
      return alignment(Tensor.of(values, labels[0].length, labels.length));
    }
  }

  /** Kernel alignment with another representation [conditions, any]. */
  public double alignment(Tensor other) {
    return new KernelAlignment().between(activations, other);
  }

  /**
   * The parallelism of a dichotomy: over the pairings of its two sides the highest mean cosine
   * between the coding vectors of the pairs. Tries every pairing, so for at most 8 conditions a
   * side.
   */
  public double parallelism(boolean[] labels) {
    List<Integer> first = side(labels, true);
    List<Integer> second = side(labels, false);
    if (first.size() != second.size() || first.size() < 2 || first.size() > 8) {
      throw new IllegalArgumentException(
          "parallelism needs sides of equally many conditions, 2 to 8, were %d and %d"
              .formatted(first.size(), second.size()));
    }
    double[][] z = rows();
    return pairings(z, first, second, 0, new double[first.size()][]);
  }

  private static double pairings(
      double[][] z, List<Integer> first, List<Integer> second, int at, double[][] coding) {
    if (at == coding.length) {
      double sum = 0;
      int pairs = 0;
      for (int i = 0; i < coding.length; i++) {
        for (int j = 0; j < i; j++) {
          sum += cosine(coding[i], coding[j]);
          pairs++;
        }
      }
      return sum / pairs;
    }
    double best = Double.NEGATIVE_INFINITY;
    for (int i = at; i < second.size(); i++) {
      java.util.Collections.swap(second, at, i);
      coding[at] = difference(z[first.get(at)], z[second.get(at)]);
      best = Math.max(best, pairings(z, first, second, at + 1, coding));
      java.util.Collections.swap(second, at, i);
    }
    return best;
  }

  /**
   * Cross-condition generalisation: the accuracy of a linear classifier of {@code labels} that was
   * trained where {@code context} is true on the conditions where it is false, and the other way
   * round, on average.
   */
  public double generalisation(boolean[] labels, boolean[] context) {
    double sum = 0;
    for (boolean trained : new boolean[] {true, false}) {
      try (Scope scope = Scope.open()) {
        int[] in = indices(context, trained);
        int[] out = indices(context, !trained);
        LogisticProbe probe = LogisticProbe.fit(at(in), pick(labels, in), L2);
        sum += probe.accuracy(at(out), pick(labels, out)) / 2;
      }
    }
    return sum;
  }

  /** The share of balanced dichotomies of the conditions that a hyperplane separates. */
  public double shattering() {
    double[][] z = rows();
    int n = z.length;
    if (n % 2 != 0 || n > 16) {
      throw new IllegalArgumentException(
          "balanced dichotomies need an even number of at most 16 conditions, were " + n);
    }
    int all = 0;
    int separable = 0;
    for (int mask = 0; mask < 1 << (n - 1); mask++) { // the last condition is always on one side
      if (Integer.bitCount(mask) == n / 2) {
        all++;
        separable += Hulls.separable(z, mask) ? 1 : 0;
      }
    }
    return (double) separable / all;
  }

  /** (sum of eigenvalues)^2 / sum of their squares of the covariance over conditions. */
  public double participation() {
    try (Scope scope = Scope.open()) {
      Tensor centred = activations.sub(activations.mean(true, 0));
      double[] s = Linalg.svd(centred).s().square().toDoubles();
      double sum = 0;
      double squares = 0;
      for (double value : s) {
        sum += value;
        squares += value * value;
      }
      return squares == 0 ? 0 : sum * sum / squares;
    }
  }

  /**
   * The share of the variance over the four settings of two variables that belongs to their
   * product: with Z = m + A a + B b + C a b, ||C||^2 / (||A||^2 + ||B||^2 + ||C||^2).
   */
  public double interaction(boolean[] a, boolean[] b) {
    double[][] z = rows();
    if (z.length != 4) {
      throw new IllegalArgumentException(
          "the share of the product is that of four conditions, were " + z.length);
    }
    double[] main = {0, 0, 0};
    for (int j = 0; j < z[0].length; j++) {
      double[] effect = {0, 0, 0};
      for (int i = 0; i < 4; i++) {
        double sa = a[i] ? 1 : -1;
        double sb = b[i] ? 1 : -1;
        effect[0] += sa * z[i][j] / 4;
        effect[1] += sb * z[i][j] / 4;
        effect[2] += sa * sb * z[i][j] / 4;
      }
      for (int e = 0; e < 3; e++) {
        main[e] += effect[e] * effect[e];
      }
    }
    double sum = main[0] + main[1] + main[2];
    return sum == 0 ? 0 : main[2] / sum;
  }

  private double[][] rows() {
    int n = (int) activations.size(0);
    int width = (int) activations.size(1);
    double[] flat = activations.toDoubles();
    double[][] rows = new double[n][];
    for (int i = 0; i < n; i++) {
      rows[i] = java.util.Arrays.copyOfRange(flat, i * width, (i + 1) * width);
    }
    return rows;
  }

  private Tensor at(int[] conditions) {
    return activations.indexSelect(0, Tensor.of(conditions));
  }

  private static boolean[] pick(boolean[] values, int[] conditions) {
    boolean[] picked = new boolean[conditions.length];
    for (int i = 0; i < picked.length; i++) {
      picked[i] = values[conditions[i]];
    }
    return picked;
  }

  private static int[] indices(boolean[] values, boolean wanted) {
    return side(values, wanted).stream().mapToInt(i -> i).toArray();
  }

  private static List<Integer> side(boolean[] values, boolean wanted) {
    List<Integer> side = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      if (values[i] == wanted) {
        side.add(i);
      }
    }
    return side;
  }

  private static double[] difference(double[] a, double[] b) {
    double[] out = new double[a.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = a[i] - b[i];
    }
    return out;
  }

  private static double cosine(double[] a, double[] b) {
    double dot = 0;
    double na = 0;
    double nb = 0;
    for (int i = 0; i < a.length; i++) {
      dot += a[i] * b[i];
      na += a[i] * a[i];
      nb += b[i] * b[i];
    }
    return na == 0 || nb == 0 ? 0 : dot / Math.sqrt(na * nb);
  }
}
