package org.lapidary.interpret.incontext;

import org.lapidary.interpret.tasks.LabelledPoints;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Tensor;

/**
 * What a linear learner needs of the first i points, i = 0 .. n - 1.
 *
 * @param gram S = X^T X, float64 [sequences, n, d, d]
 * @param moments X^T Y, float64 [sequences, n, d]
 */
record Prefixes(Tensor gram, Tensor moments) {

  static Prefixes of(LabelledPoints points) {
    LabelledPoints p = points.to(DType.FLOAT64);
    Tensor outer = p.x().unsqueeze(3).mul(p.x().unsqueeze(2));
    Tensor products = p.x().mul(p.y().unsqueeze(2));
    return new Prefixes(outer.cumsum(1).sub(outer), products.cumsum(1).sub(products));
  }

  /** The largest eigenvalue of S [sequences, n, 1]; 1 where S is 0. */
  Tensor largest() {
    Tensor most = Linalg.eigh(gram).values().max(true, 2);
    return Tensor.where(most.gt(1e-12), most, Tensor.ones(DType.FLOAT64, most.shape()));
  }
}
