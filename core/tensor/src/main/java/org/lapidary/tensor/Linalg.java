package org.lapidary.tensor;

/** Matrix factorisations and solvers over [..., m, n], float32 or float64. */
public final class Linalg {
  private Linalg() {}

  /** x = u diag(s) vt; u [..., m, k], s [..., k] descending, vt [..., k, n]. */
  public record Svd(Tensor u, Tensor s, Tensor vt) {}

  /** x = vectors diag(values) vectors^T; values [..., n] ascending. */
  public record Eigh(Tensor values, Tensor vectors) {}

  /** x = q r, reduced; q [..., m, k], r [..., k, n]. */
  public record Qr(Tensor q, Tensor r) {}

  /** The determinant as sign [...] and log of its absolute value [...]. */
  public record SlogDet(Tensor sign, Tensor logAbs) {}

  /** The reduced singular value decomposition. */
  public static Svd svd(Tensor x) {
    return svd(x, false);
  }

  /** The singular value decomposition; with {@code fullMatrices} u and vt are square. */
  public static Svd svd(Tensor x, boolean fullMatrices) {
    Tensor[] out = Evaluator.all(new Op.Svd(fullMatrices), x);
    return new Svd(out[0], out[1], out[2]);
  }

  /** Eigenvalues and eigenvectors of symmetric matrices; only the lower triangle is read. */
  public static Eigh eigh(Tensor x) {
    Tensor[] out = Evaluator.all(new Op.Eigh(), x);
    return new Eigh(out[0], out[1]);
  }

  public static Qr qr(Tensor x) {
    Tensor[] out = Evaluator.all(new Op.Qr(), x);
    return new Qr(out[0], out[1]);
  }

  /**
   * The lower L with x = L L^T.
   *
   * @throws NativeException if x is not positive definite
   */
  public static Tensor cholesky(Tensor x) {
    return Evaluator.one(new Op.Cholesky(false), x);
  }

  /** The upper U with x = U^T U. */
  public static Tensor choleskyUpper(Tensor x) {
    return Evaluator.one(new Op.Cholesky(true), x);
  }

  /**
   * The y with a y = b; a [..., n, n], b [..., n, k].
   *
   * @throws NativeException if a is singular
   */
  public static Tensor solve(Tensor a, Tensor b) {
    return Evaluator.one(new Op.Solve(), a, b);
  }

  /** The inverse; {@link #solve} is better where a product with it is wanted. */
  public static Tensor inverse(Tensor x) {
    return Evaluator.one(new Op.Inverse(), x);
  }

  public static SlogDet slogdet(Tensor x) {
    Tensor[] out = Evaluator.all(new Op.SlogDet(), x);
    return new SlogDet(out[0], out[1]);
  }

  /**
   * Ridge regression: the w [n, k] that minimises ||a w - b||^2 + ridge ||w||^2.
   *
   * @param a [m, n]
   * @param b [m, k]
   * @param ridge at least 0; with 0, a needs full column rank
   */
  public static Tensor leastSquares(Tensor a, Tensor b, double ridge) {
    Tensor at = a.transpose(-2, -1);
    Tensor gram = at.matmul(a);
    Tensor eye = Tensor.eye(gram.dtype(), gram.shape().dim(-1));
    return solve(gram.add(eye.mul(ridge)), at.matmul(b));
  }
}
