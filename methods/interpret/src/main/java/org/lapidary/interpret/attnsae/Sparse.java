package org.lapidary.interpret.attnsae;

import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** What a trained dictionary is compared with: codes of k numbers per token that learn less. */
final class Sparse {
  private Sparse() {}

  /** Principal components of activations. */
  record Components(Tensor mean, Tensor directions) {
    /** Of rows [tokens, width]; the directions are the columns of [width, width]. */
    static Components of(Tensor x) {
      try (Scope scope = Scope.open()) {
        Tensor mean = x.mean(true, 0);
        Tensor centred = x.sub(mean).to(DType.FLOAT64);
        Linalg.Eigh eigen = Linalg.eigh(centred.t().matmul(centred));
        return new Components(scope.keep(mean), scope.keep(eigen.vectors().to(DType.FLOAT32)));
      }
    }

    /** Each row from its k coefficients of largest size. */
    Tensor reconstruct(Tensor x, int k) {
      Tensor c = x.sub(mean).matmul(directions);
      Tensor.Indexed top = c.abs().topk(k, -1);
      Tensor kept =
          Tensor.zeros(c.dtype(), c.shape())
              .scatter(-1, top.indices(), c.gather(-1, top.indices()));
      return kept.matmul(directions.t()).add(mean);
    }
  }

  /**
   * Matching pursuit: k times, the direction of the largest product with what is left takes it off.
   *
   * @param directions unit rows [n, width]
   * @param mean taken off first
   */
  static Tensor pursuit(Tensor x, Tensor mean, Tensor directions, int k) {
    Tensor left = x.sub(mean);
    for (int i = 0; i < k; i++) {
      Tensor products = left.linear(directions, null);
      Tensor best = products.abs().argmax(-1);
      Tensor amount = products.gather(-1, best.unsqueeze(1));
      left = left.sub(directions.indexSelect(0, best).mul(amount));
    }
    return x.sub(left);
  }
}
