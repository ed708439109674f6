package org.lapidary.interpret.basis;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * How strongly directions of a layer act on those of the next: E_ij = E[(d g_i / d g_j)^2 g_j^2],
 * where g are a layer's coordinates.
 *
 * @param edges for every step [directions of the next layer][directions of this]
 */
public record Interactions(List<double[][]> edges) {
  public Interactions {
    edges = List.copyOf(edges);
  }

  /** Of a chain in some bases, one for each layer; see {@link InteractionBasis} for intervals. */
  public static Interactions of(Chain chain, List<Basis> bases, int intervals) {
    if (bases.size() != chain.layers()) {
      throw new IllegalArgumentException(
          "a chain of %d layers needs as many bases, were %d"
              .formatted(chain.layers(), bases.size()));
    }
    List<Tensor> activations = chain.activations();
    List<double[][]> edges = new ArrayList<>();
    for (int l = 0; l + 1 < chain.layers(); l++) {
      Basis here = bases.get(l);
      Tensor f = activations.get(l);
      try (Scope scope = Scope.open()) {
        edges.add(Jacobians.of(chain, l, f, bases.get(l + 1), intervals).edges(here, f));
      }
    }
    return new Interactions(edges);
  }
}
