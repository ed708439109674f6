package org.lapidary.interpret.basis;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Finds the interaction basis of every layer of a chain, from the last backwards.
 *
 * @param relative eigenvalues below this share of the largest are dropped
 * @param intervals 0: Jacobians at the activations; else their mean over so many points between the
 *     mean activation and the activation
 */
public record InteractionBasis(double relative, int intervals) {
  public InteractionBasis {
    if (!(relative >= 0 && relative < 1) || intervals < 0) {
      throw new IllegalArgumentException(
          "relative is in [0, 1) and intervals at least 0, were %s and %d"
              .formatted(relative, intervals));
    }
  }

  /** Directions below 1e-5 dropped, local Jacobians. */
  public static InteractionBasis defaults() {
    return new InteractionBasis(1e-5, 0);
  }

  /**
   * One layer's basis and what it was made of.
   *
   * @param basis its strengths are the eigenvalues Lambda of G M'
   * @param gram G = E[f f^T] of centred activations [d, d]
   * @param jacobianGram M' = E[J^T J] of the next layer's coordinates [d, d]; for the last layer
   *     the unit matrix
   */
  public record Fitted(Basis basis, Tensor gram, Tensor jacobianGram) {}

  /** A basis for every layer, first to last. */
  public List<Fitted> fit(Chain chain) {
    List<Tensor> activations = chain.activations();
    List<Fitted> all = new ArrayList<>();
    Tensor last = activations.getLast();
    Basis next = Basis.principal(last, relative);
    Tensor eye = Tensor.eye(last.dtype(), last.size(1));
    all.add(new Fitted(next, Symmetric.gram(last.sub(next.mean())), eye));
    for (int l = chain.layers() - 2; l >= 0; l--) {
      Fitted fitted = layer(chain, l, activations.get(l), next);
      all.add(fitted);
      next = fitted.basis();
    }
    Collections.reverse(all);
    return all;
  }

  /** Only the bases. */
  public List<Basis> bases(Chain chain) {
    return fit(chain).stream().map(Fitted::basis).toList();
  }

  private Fitted layer(Chain chain, int l, Tensor f, Basis next) {
    try (Scope scope = Scope.open()) {
      Tensor mean = f.mean(false, 0);
      Tensor gram = Symmetric.gram(f.sub(mean));
      Symmetric g = Symmetric.of(gram, relative);
      Tensor jacobians = Jacobians.of(chain, l, f, next, intervals).gram();
      Tensor half = g.scaled(0.5); // U D^1/2
      Symmetric m = Symmetric.of(half.t().matmul(jacobians).matmul(half), relative);
      Tensor c = g.scaled(-0.5).matmul(m.scaled(0.5));
      Tensor inverse = half.matmul(m.scaled(-0.5)).t().contiguous();
      Basis basis =
          new Basis(
              scope.keep(mean), scope.keep(c), scope.keep(inverse), scope.keep(m.values().copy()));
      return new Fitted(basis, scope.keep(gram), scope.keep(jacobians));
    }
  }
}
