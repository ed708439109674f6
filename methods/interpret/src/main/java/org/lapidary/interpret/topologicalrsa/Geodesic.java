package org.lapidary.interpret.topologicalrsa;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.lapidary.interpret.similarity.Dissimilarities;

/**
 * Lengths of shortest paths over a graph of near stimuli (Floyd and Warshall), then ranked. Stimuli
 * that no path connects are as far apart as the farthest that one does.
 *
 * @param neighbours which edges the graph keeps
 * @param ranksFirst whether edges are as long as the ranked dissimilarities, else as the
 *     dissimilarities themselves
 */
public record Geodesic(Neighbours neighbours, boolean ranksFirst) implements Transform {

  /** Which edges a graph keeps. */
  public sealed interface Neighbours {

    /** The share p of the shortest. */
    record Quantile(double p) implements Neighbours {}

    /** Of each stimulus the k nearest; an edge is kept if either end wants it. */
    record Nearest(int k) implements Neighbours {}

    /** Those that a geo-topological transform does not set to 1; its values are their lengths. */
    record TwoStep(GeoTopological cut) implements Neighbours {}
  }

  /** The shortest share of all edges, their lengths ranked. */
  public static Geodesic quantile(double p) {
    return new Geodesic(new Neighbours.Quantile(p), true);
  }

  /** The k nearest neighbours, edges as long as the dissimilarities. */
  public static Geodesic nearest(int k) {
    return new Geodesic(new Neighbours.Nearest(k), false);
  }

  @Override
  public Dissimilarities apply(Dissimilarities distances) {
    return paths(distances).ranked();
  }

  /** The lengths of the shortest paths, before they are ranked. */
  public Dissimilarities paths(Dissimilarities distances) {
    int n = distances.stimuli();
    double[][] length = edges(distances);
    for (int k = 0; k < n; k++) {
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          length[i][j] = Math.min(length[i][j], length[i][k] + length[k][j]);
        }
      }
    }
    double[] upper = new double[n * (n - 1) / 2];
    double farthest = 0;
    int at = 0;
    for (int i = 0; i < n; i++) {
      for (int j = i + 1; j < n; j++) {
        upper[at++] = length[i][j];
        farthest = Double.isInfinite(length[i][j]) ? farthest : Math.max(farthest, length[i][j]);
      }
    }
    for (int i = 0; i < upper.length; i++) {
      upper[i] = Math.min(upper[i], farthest);
    }
    return new Dissimilarities(n, upper);
  }

  private double[][] edges(Dissimilarities distances) {
    int n = distances.stimuli();
    Dissimilarities lengths = ranksFirst ? distances.ranked() : distances;
    double[][] edges = new double[n][n];
    for (int i = 0; i < n; i++) {
      Arrays.fill(edges[i], Double.POSITIVE_INFINITY);
      edges[i][i] = 0;
    }
    switch (neighbours) {
      case Neighbours.Quantile q -> {
        Ranking ranking = Ranking.of(distances);
        keep(edges, ranking.ranks(), ranking.quantile(q.p()), lengths);
      }
      case Neighbours.TwoStep t -> {
        Dissimilarities cut = t.cut().apply(distances);
        keep(edges, cut, Math.nextDown(1.0), cut);
      }
      case Neighbours.Nearest nearest -> {
        for (int i = 0; i < n; i++) {
          int self = i;
          int[] order =
              IntStream.range(0, n)
                  .filter(j -> j != self)
                  .boxed()
                  .sorted(Comparator.comparingDouble(j -> distances.between(self, j)))
                  .limit(nearest.k())
                  .mapToInt(Integer::intValue)
                  .toArray();
          for (int j : order) {
            edges[i][j] = lengths.between(i, j);
            edges[j][i] = edges[i][j];
          }
        }
      }
    }
    return edges;
  }

  /** Keeps the edges whose order is at most so much. */
  private static void keep(
      double[][] edges, Dissimilarities order, double most, Dissimilarities lengths) {
    for (int i = 0; i < edges.length; i++) {
      for (int j = 0; j < edges.length; j++) {
        if (i != j && order.between(i, j) <= most) {
          edges[i][j] = lengths.between(i, j);
        }
      }
    }
  }
}
