package org.lapidary.compress.hawqv2;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Eigenvalues of one diagonal block of a Hessian from products with it (Lanczos, 1950; the density
 * as in Ghorbani, Krishnan and Xiao, 2019, arXiv 1901.10159).
 *
 * @param nodes estimates of eigenvalues, ascending
 * @param weights of each in the spectral density; they sum to 1
 */
public record Lanczos(double[] nodes, double[] weights) {

  /** The largest eigenvalue found. */
  public double top() {
    return nodes[nodes.length - 1];
  }

  /**
   * Some steps from a random direction, with full reorthogonalisation.
   *
   * @param gradient of the loss with respect to {@code block}, itself differentiable
   * @param block the parameter
   * @param steps at most; fewer where the block has fewer rows or an invariant space is found
   */
  public static Lanczos run(Tensor gradient, Tensor block, int steps, Rng rng) {
    int most = (int) Math.min(steps, block.elements());
    if (most < 1) {
      throw new IllegalArgumentException("Lanczos needs at least one step, was " + steps);
    }
    List<Double> diagonal = new ArrayList<>();
    List<Double> beside = new ArrayList<>();
    try (Scope scope = Scope.open()) {
      List<Tensor> basis = new ArrayList<>();
      Tensor v = rng.normal(1, block.shape().toArray()).to(block.dtype());
      v = v.div(v.norm(false));
      while (true) {
        basis.add(v);
        Tensor product =
            Autograd.hessianVector(List.of(gradient), List.of(block), List.of(v), true).getFirst();
        diagonal.add(product.mul(v).sum().item());
        for (int pass = 0; pass < 2; pass++) {
          for (Tensor b : basis) {
            product = product.sub(b.mul(product.mul(b).sum()));
          }
        }
        double length = product.norm(false).item();
        if (basis.size() == most || length < 1e-10) {
          break;
        }
        beside.add(length);
        v = product.div(length);
      }
    }
    return spectrum(diagonal, beside);
  }

  private static Lanczos spectrum(List<Double> diagonal, List<Double> beside) {
    int n = diagonal.size();
    double[] t = new double[n * n];
    for (int i = 0; i < n; i++) {
      t[i * n + i] = diagonal.get(i);
      if (i + 1 < n) {
        t[i * n + i + 1] = beside.get(i);
        t[(i + 1) * n + i] = beside.get(i);
      }
    }
    try (Scope scope = Scope.open()) {
      Linalg.Eigh eigh = Linalg.eigh(Tensor.of(t, n, n));
      double[] first = eigh.vectors().select(0, 0).square().toDoubles();
      return new Lanczos(eigh.values().toDoubles(), first);
    }
  }
}
