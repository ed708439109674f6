package org.lapidary.interpret.similarity;

import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Linear centred kernel alignment (Kornblith et al., 2019, arXiv 1905.00414): ||A^T B||_F^2 /
 * (||A^T A||_F ||B^T B||_F) with columns centred. From 0 to 1; the same under rotations and
 * scalings of either side. 0 where one side does not vary. Costs O(stimuli dA dB).
 */
public record KernelAlignment() implements Similarity {

  @Override
  public double between(Tensor a, Tensor b) {
    Similarity.check(a, b);
    try (Scope scope = Scope.open()) {
      Tensor x = centred(a);
      Tensor y = centred(b);
      double both = x.t().matmul(y).square().sum().item();
      double own = x.t().matmul(x).norm(false).item() * y.t().matmul(y).norm(false).item();
      return own == 0 ? 0 : both / own;
    }
  }

  private static Tensor centred(Tensor x) {
    Tensor wide = x.detach().to(DType.FLOAT64);
    return wide.sub(wide.mean(true, 0));
  }
}
