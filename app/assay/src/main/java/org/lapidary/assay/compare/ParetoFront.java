package org.lapidary.assay.compare;

/** Points that no other point beats. */
final class ParetoFront {
  private ParetoFront() {}

  /**
   * Which points are on the front: no other is as good in every coordinate and better in one. Less
   * is better. A point with a NaN is never on it, and beats none. Equal points are on it together.
   *
   * @param points [point][coordinate]
   */
  static boolean[] of(double[][] points) {
    boolean[] front = new boolean[points.length];
    for (int i = 0; i < points.length; i++) {
      front[i] = known(points[i]);
      for (int j = 0; j < points.length && front[i]; j++) {
        front[i] = !(known(points[j]) && beats(points[j], points[i]));
      }
    }
    return front;
  }

  private static boolean known(double[] point) {
    for (double x : point) {
      if (Double.isNaN(x)) {
        return false;
      }
    }
    return true;
  }

  private static boolean beats(double[] a, double[] b) {
    boolean better = false;
    for (int k = 0; k < a.length; k++) {
      if (a[k] > b[k]) {
        return false;
      }
      better |= a[k] < b[k];
    }
    return better;
  }
}
