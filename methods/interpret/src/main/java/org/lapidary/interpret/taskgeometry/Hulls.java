package org.lapidary.interpret.taskgeometry;

/**
 * Whether a hyperplane separates two sets of points, by Gilbert's algorithm (1966) for the shortest
 * vector between their convex hulls: every step either certifies a separating direction or moves
 * the vector towards the origin.
 */
final class Hulls {
  private Hulls() {}

  private static final int STEPS = 20_000;
  private static final double TOUCHING = 1e-4;

  /** Whether the points in a mask can be separated from the rest. */
  static boolean separable(double[][] points, int mask) {
    double[] w =
        difference(points, extreme(points, mask, null, true), extreme(points, mask, null, false));
    double scale = Math.sqrt(dot(w, w));
    for (int step = 0; step < STEPS; step++) {
      double norm = Math.sqrt(dot(w, w));
      if (norm <= TOUCHING * Math.max(scale, 1e-12)) {
        return false;
      }
      int inside = extreme(points, mask, w, true);
      int outside = extreme(points, mask, w, false);
      double[] corner = difference(points, inside, outside);
      if (dot(w, corner) > 0) { // the least margin along w is positive
        return true;
      }
      double[] edge = new double[w.length];
      for (int i = 0; i < edge.length; i++) {
        edge[i] = corner[i] - w[i];
      }
      double t = Math.clamp(-dot(w, edge) / dot(edge, edge), 0, 1);
      for (int i = 0; i < w.length; i++) {
        w[i] += t * edge[i];
      }
    }
    return false;
  }

  /** The point of a side that is least far along w (inside), or farthest (outside). */
  private static int extreme(
      double[][] points, int mask, double @org.jspecify.annotations.Nullable [] w, boolean inside) {
    int found = -1;
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < points.length; i++) {
      if (((mask >> i & 1) == 1) == inside) {
        double along = w == null ? 0 : inside ? dot(w, points[i]) : -dot(w, points[i]);
        if (along < least) {
          least = along;
          found = i;
        }
      }
    }
    return found;
  }

  private static double[] difference(double[][] points, int a, int b) {
    double[] out = new double[points[a].length];
    for (int i = 0; i < out.length; i++) {
      out[i] = points[a][i] - points[b][i];
    }
    return out;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
