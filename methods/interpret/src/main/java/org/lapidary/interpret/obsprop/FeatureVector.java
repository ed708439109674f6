package org.lapidary.interpret.obsprop;

import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * What an observable reads in an earlier residual stream, up to a positive factor that the input
 * decides.
 *
 * @param name the observable and the path back to here
 * @param direction y, float64 [dModel]
 * @param block the first block that has not written to the stream it reads, or only its attention
 * @param beforeMlp whether that block's attention has
 */
public record FeatureVector(String name, Tensor direction, int block, boolean beforeMlp) {

  public FeatureVector {
    direction.unscoped();
  }

  /** The site of the stream that it reads. */
  public String site() {
    if (beforeMlp) {
      return "blocks." + block + ".hook_resid_mid";
    }
    return block == 0 ? "blocks.0.hook_resid_pre" : "blocks." + (block - 1) + ".hook_resid_post";
  }

  /** y . x for rows of the stream, [n, dModel]. */
  public double[] scores(Tensor x) {
    try (Scope scope = Scope.open()) {
      return x.detach()
          .to(DType.FLOAT64)
          .matmul(direction.unsqueeze(1))
          .reshape(x.size(0))
          .toDoubles();
    }
  }

  /** The 2-norm of y, which tells how much the path can matter. */
  public double norm() {
    return Math.sqrt(dot(this));
  }

  double dot(FeatureVector other) {
    return direction.mul(other.direction).sum().item();
  }
}
