package org.lapidary.interpret.basis;

import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Tensor;

/**
 * A positive semidefinite matrix by its eigenvectors, largest first.
 *
 * @param values [r], those above a share of the largest
 * @param vectors [d, r]
 */
record Symmetric(Tensor values, Tensor vectors) {

  /** {@code relative}: eigenvalues below this share of the largest are dropped. */
  static Symmetric of(Tensor matrix, double relative) {
    Linalg.Eigh eigh = Linalg.eigh(matrix.add(matrix.t()).mul(0.5));
    Tensor values = eigh.values().flip(0);
    double[] all = values.toDoubles();
    int kept = 0;
    while (kept < all.length && all[kept] > 0 && all[kept] >= relative * all[0]) {
      kept++;
    }
    return new Symmetric(
        values.slice(0, 0, kept), eigh.vectors().flip(1).slice(1, 0, kept).contiguous());
  }

  int rank() {
    return (int) values.size(0);
  }

  /** E[x x^T] over rows of x [n, d], in float64. */
  static Tensor gram(Tensor x) {
    Tensor y = x.detach().to(DType.FLOAT64);
    return y.t().matmul(y).div(Math.max(1, y.size(0)));
  }

  /** The vectors with their columns times a power of the values, [d, r]. */
  Tensor scaled(double power) {
    return vectors.mul(values.pow(power));
  }
}
