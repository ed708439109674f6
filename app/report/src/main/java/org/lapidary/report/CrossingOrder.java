package org.lapidary.report;

import java.util.Arrays;
import java.util.Comparator;

/** The order of the vertices in each layer: barycentre sweeps, the best of which is kept. */
final class CrossingOrder {
  private static final int SWEEPS = 24;

  private final Layers layers;
  private final int[] position;

  private CrossingOrder(Layers layers) {
    this.layers = layers;
    this.position = new int[layers.count()];
  }

  /** {@code order[layer]} lists vertices from left to right. */
  static int[][] of(Layers layers) {
    return new CrossingOrder(layers).best();
  }

  private int[][] best() {
    int[][] order = first();
    int[][] best = copy(order);
    long fewest = crossings(order);
    for (int sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
      boolean down = sweep % 2 == 0;
      for (int i = 1; i < order.length; i++) {
        int layer = down ? i : order.length - 1 - i;
        sort(order[layer], down ? layers.above() : layers.below());
      }
      long crossings = crossings(order);
      if (crossings < fewest) {
        fewest = crossings;
        best = copy(order);
      }
    }
    return best;
  }

  /** In the order of a depth-first walk, which keeps what belongs together side by side. */
  private int[][] first() {
    int depth = Arrays.stream(layers.layer()).max().orElse(-1) + 1;
    int[] size = new int[depth];
    for (int layer : layers.layer()) {
      size[layer]++;
    }
    int[][] order = new int[depth][];
    for (int layer = 0; layer < depth; layer++) {
      order[layer] = new int[size[layer]];
    }
    int[] filled = new int[depth];
    boolean[] seen = new boolean[layers.count()];
    int[] stack =
        new int[layers.count() + Arrays.stream(layers.below()).mapToInt(b -> b.length).sum()];
    for (int start = 0; start < layers.count(); start++) {
      if (layers.above()[start].length > 0) {
        continue;
      }
      int top = 0;
      stack[top++] = start;
      while (top > 0) {
        int v = stack[--top];
        if (seen[v]) {
          continue;
        }
        seen[v] = true;
        int layer = layers.layer()[v];
        position[v] = filled[layer];
        order[layer][filled[layer]++] = v;
        int[] below = layers.below()[v];
        for (int i = below.length - 1; i >= 0; i--) {
          stack[top++] = below[i];
        }
      }
    }
    return order;
  }

  private void sort(int[] layer, int[][] neighbours) {
    double[] barycentre = new double[layer.length];
    Integer[] index = new Integer[layer.length];
    for (int i = 0; i < layer.length; i++) {
      index[i] = i;
      barycentre[i] =
          Arrays.stream(neighbours[layer[i]]).mapToDouble(u -> position[u]).average().orElse(i);
    }
    Arrays.sort(index, Comparator.comparingDouble(i -> barycentre[i])); // stable
    int[] before = layer.clone();
    for (int i = 0; i < layer.length; i++) {
      layer[i] = before[index[i]];
      position[layer[i]] = i;
    }
  }

  private long crossings(int[][] order) {
    long sum = 0;
    for (int layer = 0; layer + 1 < order.length; layer++) {
      for (int i = 0; i < order[layer + 1].length; i++) {
        position[order[layer + 1][i]] = i;
      }
      sum += crossings(order[layer], order[layer + 1].length);
    }
    return sum;
  }

  /** Counts pairs of edges in the wrong order with a Fenwick tree over the lower layer. */
  private long crossings(int[] upper, int lower) {
    long[] tree = new long[lower + 1];
    long seen = 0;
    long crossings = 0;
    for (int v : upper) {
      int[] ends = Arrays.stream(layers.below()[v]).map(u -> position[u]).sorted().toArray();
      for (int end : ends) {
        long upTo = 0;
        for (int i = end + 1; i > 0; i -= i & -i) {
          upTo += tree[i];
        }
        crossings += seen - upTo;
      }
      for (int end : ends) {
        for (int i = end + 1; i <= lower; i += i & -i) {
          tree[i]++;
        }
        seen++;
      }
    }
    return crossings;
  }

  private static int[][] copy(int[][] order) {
    return Arrays.stream(order).map(int[]::clone).toArray(int[][]::new);
  }
}
