package org.lapidary.interpret.basis;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * What a chain still does when directions or interactions are taken out of it.
 *
 * @param chain on the examples that are judged
 * @param score of the last layer's activations [examples, width], higher is better
 */
public record Ablation(Chain chain, ToDoubleFunction<Tensor> score) {

  /** The whole chain's score. */
  public double whole() {
    try (Scope scope = Scope.open()) {
      return score.applyAsDouble(chain.activations().getLast());
    }
  }

  /** The score with the first {@code k} directions of one layer. */
  public double directions(int layer, Basis basis, int k) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor f = chain.activations().get(layer);
      return score.applyAsDouble(chain.from(layer, basis.kept(f, k)));
    }
  }

  /** The fewest directions of a layer whose score is at least so much; all, if none is. */
  public int fewest(int layer, Basis basis, double atLeast) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor f = chain.activations().get(layer);
      for (int k = 1; k < basis.size(); k++) {
        try (Scope one = Scope.open()) {
          if (score.applyAsDouble(chain.from(layer, basis.kept(f, k))) >= atLeast) {
            return k;
          }
        }
      }
      return basis.size();
    }
  }

  /** One interaction by its step and ends, with its share of the step. */
  private record Edge(int step, int to, int from, double share) {}

  /**
   * Scores with only the strongest interactions: every direction of a layer is computed from the
   * directions that it keeps an interaction with, the others at their mean. An interaction counts
   * by its share of its step.
   *
   * @param first the layer whose activations are given as they are
   * @param kept numbers of interactions
   */
  public double[] interactions(
      int first, List<Basis> bases, Interactions interactions, int[] kept) {
    List<Edge> edges = new ArrayList<>();
    for (int l = first; l + 1 < chain.layers(); l++) {
      double[][] step = interactions.edges().get(l);
      double total = 0;
      for (double[] row : step) {
        for (double e : row) {
          total += e;
        }
      }
      for (int i = 0; i < step.length; i++) {
        for (int j = 0; j < step[i].length; j++) {
          edges.add(new Edge(l, i, j, step[i][j] / total));
        }
      }
    }
    edges.sort(Comparator.comparingDouble(e -> -e.share));
    double[] scores = new double[kept.length];
    for (int n = 0; n < kept.length; n++) {
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        scores[n] = sparse(first, bases, edges.subList(0, Math.min(kept[n], edges.size())));
      }
    }
    return scores;
  }

  private double sparse(int first, List<Basis> bases, List<Edge> edges) {
    Tensor g = bases.get(first).of(chain.activations().get(first));
    for (int l = first; l + 1 < chain.layers(); l++) {
      Basis here = bases.get(l);
      Basis next = bases.get(l + 1);
      double[][] mask = new double[next.size()][here.size()];
      for (Edge e : edges) {
        if (e.step == l) {
          mask[e.to][e.from] = 1;
        }
      }
      List<Tensor> columns = new ArrayList<>();
      for (int i = 0; i < next.size(); i++) {
        try (Scope one = Scope.open()) {
          Tensor seen = g.mul(Tensor.of(mask[i], 1, mask[i].length));
          Tensor out = chain.steps().get(l).apply(here.back(seen, here.size()));
          columns.add(one.keep(out.sub(next.mean()).matmul(next.c().slice(1, i, i + 1))));
        }
      }
      g = Tensor.concat(1, columns);
    }
    Basis last = bases.getLast();
    return score.applyAsDouble(last.back(g, last.size()));
  }
}
