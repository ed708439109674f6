package org.lapidary.report;

/**
 * The horizontal place of every vertex: each layer in turn moves as close to its neighbours as its
 * order and widths allow, which is a least-squares problem with an exact answer (pool adjacent
 * violators).
 */
final class Columns {
  private static final int SWEEPS = 40;

  private final Layers layers;
  private final int[][] order;
  private final double[] width;
  private final double[] x;
  private final int nodes;

  Columns(Layers layers, int[][] order, double[] width) {
    this.layers = layers;
    this.order = order;
    this.width = width;
    this.x = new double[layers.count()];
    int bends = 0;
    for (int[] chain : layers.chains()) {
      bends += Math.max(0, chain.length - 2);
    }
    this.nodes = layers.count() - bends;
    for (int[] layer : order) {
      for (int i = 1; i < layer.length; i++) {
        x[layer[i]] = x[layer[i - 1]] + apart(layer[i - 1], layer[i]);
      }
    }
  }

  double[] x() {
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
      boolean down = sweep % 2 == 0;
      boolean settled = sweep >= SWEEPS / 2; // from then on both sides pull
      for (int i = 0; i < order.length; i++) {
        place(order[down ? i : order.length - 1 - i], down || settled, !down || settled);
      }
    }
    return x;
  }

  private double apart(int left, int right) {
    boolean bends = left >= nodes && right >= nodes;
    return (width[left] + width[right]) / 2 + (bends ? 0 : LayeredLayout.BETWEEN_NODES);
  }

  /** Straight long edges matter most: a bend pulls eight times as hard at a bend. */
  private double pull(int v, int u) {
    return v >= nodes ? (u >= nodes ? 8 : 2) : (u >= nodes ? 2 : 1);
  }

  /**
   * With offset_i the least distance of vertex i from the first, x_i - offset_i must not fall from
   * left to right: an isotonic regression.
   */
  private void place(int[] layer, boolean above, boolean below) {
    int n = layer.length;
    double[] mean = new double[n]; // of a block
    double[] weight = new double[n];
    int[] size = new int[n];
    int blocks = 0;
    double offset = 0;
    double[] offsets = new double[n];
    for (int i = 0; i < n; i++) {
      int v = layer[i];
      if (i > 0) {
        offset += apart(layer[i - 1], v);
      }
      offsets[i] = offset;
      double sum = 1e-3 * x[v];
      double total = 1e-3;
      for (int u : above ? layers.above()[v] : NONE) {
        sum += pull(v, u) * x[u];
        total += pull(v, u);
      }
      for (int u : below ? layers.below()[v] : NONE) {
        sum += pull(v, u) * x[u];
        total += pull(v, u);
      }
      mean[blocks] = sum / total - offset;
      weight[blocks] = total;
      size[blocks] = 1;
      blocks++;
      while (blocks > 1 && mean[blocks - 2] > mean[blocks - 1]) {
        double both = weight[blocks - 2] + weight[blocks - 1];
        mean[blocks - 2] =
            (mean[blocks - 2] * weight[blocks - 2] + mean[blocks - 1] * weight[blocks - 1]) / both;
        weight[blocks - 2] = both;
        size[blocks - 2] += size[blocks - 1];
        blocks--;
      }
    }
    int i = 0;
    for (int block = 0; block < blocks; block++) {
      for (int k = 0; k < size[block]; k++, i++) {
        x[layer[i]] = mean[block] + offsets[i];
      }
    }
  }

  private static final int[] NONE = {};
}
