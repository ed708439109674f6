package org.lapidary.interpret.basis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A partition of the directions of all layers into modules.
 *
 * @param module of every direction, layer by layer, numbered from 0; -1 for one without
 *     interactions
 * @param score modularity: the share of the interactions that lies inside modules, less the share
 *     that would if every direction kept its strength and chose its partners at random
 */
public record Modules(List<Integer> module, double score) {
  public Modules {
    module = List.copyOf(module);
  }

  /** How many modules there are. */
  public int count() {
    return (int) module.stream().filter(m -> m >= 0).distinct().count();
  }

  /**
   * The modules of interactions by agglomeration (Clauset, Newman and Moore, 2004): the two modules
   * whose union raises the score most become one, while any does; O(n^3). An interaction weighs
   * log(E / epsilon), at least 0. Directions have partners in neighbouring layers only, so chance
   * is what a random graph between two layers would have (Barber, 2007); chance over the whole
   * graph would cut deep networks across.
   *
   * @param epsilon interactions below this share of the strongest of their step are none
   */
  public static Modules of(Interactions interactions, double epsilon) {
    return greedy(surplus(interactions, epsilon));
  }

  /** What each pair has more than chance, of the whole; with whether a direction has any. */
  private record Surplus(double[][] share, boolean[] connected) {}

  private static Surplus surplus(Interactions interactions, double epsilon) {
    int nodes = interactions.edges().getFirst()[0].length;
    for (double[][] step : interactions.edges()) {
      nodes += step.length;
    }
    double[][] share = new double[nodes][nodes];
    boolean[] connected = new boolean[nodes];
    double all = 0;
    int from = 0;
    for (double[][] step : interactions.edges()) {
      int to = from + step[0].length;
      double[][] w = weights(step, epsilon);
      double[] in = new double[step.length];
      double[] out = new double[step[0].length];
      double total = 0;
      for (int i = 0; i < in.length; i++) {
        for (int j = 0; j < out.length; j++) {
          in[i] += w[i][j];
          out[j] += w[i][j];
          total += w[i][j];
        }
      }
      for (int i = 0; i < in.length; i++) {
        for (int j = 0; j < out.length; j++) {
          double more = total == 0 ? 0 : w[i][j] - in[i] * out[j] / total;
          share[to + i][from + j] = more;
          share[from + j][to + i] = more;
          connected[to + i] |= w[i][j] > 0;
          connected[from + j] |= w[i][j] > 0;
        }
      }
      all += total;
      from = to;
    }
    for (double[] row : share) {
      for (int j = 0; j < nodes; j++) {
        row[j] = all == 0 ? 0 : row[j] / all;
      }
    }
    return new Surplus(share, connected);
  }

  private static double[][] weights(double[][] step, double epsilon) {
    double largest = Arrays.stream(step).flatMapToDouble(Arrays::stream).max().orElse(0);
    double[][] w = new double[step.length][];
    for (int i = 0; i < w.length; i++) {
      w[i] =
          Arrays.stream(step[i])
              .map(e -> largest == 0 ? 0 : Math.max(0, Math.log(e / (epsilon * largest))))
              .toArray();
    }
    return w;
  }

  private static Modules greedy(Surplus surplus) {
    int n = surplus.share.length;
    double[][] gain = Arrays.stream(surplus.share).map(double[]::clone).toArray(double[][]::new);
    List<Integer> alive = new ArrayList<>();
    int[] module = new int[n];
    for (int i = 0; i < n; i++) {
      module[i] = surplus.connected[i] ? i : -1;
      if (surplus.connected[i]) {
        alive.add(i);
      }
    }
    double score = 0;
    while (true) {
      double best = 1e-12;
      int a = -1;
      int b = -1;
      for (int i : alive) {
        for (int j : alive) {
          if (i < j && gain[i][j] > best) {
            best = gain[i][j];
            a = i;
            b = j;
          }
        }
      }
      if (a < 0) {
        break;
      }
      score += best;
      for (int k : alive) {
        gain[a][k] += gain[b][k];
        gain[k][a] = gain[a][k];
      }
      alive.remove(Integer.valueOf(b));
      for (int i = 0; i < n; i++) {
        module[i] = module[i] == b ? a : module[i];
      }
    }
    List<Integer> numbered = new ArrayList<>();
    for (int m : module) {
      numbered.add(m < 0 ? -1 : alive.indexOf(m));
    }
    return new Modules(numbered, score);
  }
}
