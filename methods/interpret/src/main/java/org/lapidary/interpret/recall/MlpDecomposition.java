package org.lapidary.interpret.recall;

import java.util.List;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * An MLP's output as the rescaled outputs of the heads before it and a vector that is the same for
 * all prompts of a task:
 *
 * <pre>m_i = sum_h beta_h a_hi + b + e_i</pre>
 *
 * by least squares over prompts i and the d entries of the vectors; the scalars beta and the vector
 * b are shared. A negative beta erases what the head says, a positive one amplifies it: in the
 * stream behind the MLP the head's output stands with the gain 1 + beta.
 *
 * @param beta one for each regressor
 * @param intercept b [d], the task vector
 */
public record MlpDecomposition(double[] beta, double[] intercept) {
  /**
   * Directions of the regressors with less than this share of the largest variance are left out.
   */
  private static final double RANK = 1e-10;

  /**
   * Fits.
   *
   * @param heads what each regressor said, every one [prompt, d]
   * @param mlp what the MLP said, [prompt, d]
   * @throws IllegalArgumentException if there is no regressor or a shape differs
   */
  public static MlpDecomposition fit(List<Tensor> heads, Tensor mlp) {
    check(heads, mlp);
    try (Scope scope = Scope.open()) {
      Tensor m = mlp.to(DType.FLOAT64);
      Tensor mean = m.mean(false, 0);
      Tensor a = columns(heads);
      Tensor means = a.mean(true, 1); // [k, 1, d]
      Tensor x = a.sub(means).reshape(heads.size(), -1);
      Tensor y = m.sub(mean).reshape(-1, 1);
      Linalg.Eigh eigen = Linalg.eigh(x.matmul(x.t()));
      Tensor largest = eigen.values().max();
      Tensor inverse =
          Tensor.where(
              eigen.values().gt(largest.mul(RANK)),
              eigen.values().reciprocal(),
              eigen.values().mul(0));
      Tensor beta =
          eigen.vectors().matmul(inverse.unsqueeze(1).mul(eigen.vectors().t().matmul(x.matmul(y))));
      Tensor intercept = mean.sub(means.squeeze(1).mul(beta).sum(false, 0));
      return new MlpDecomposition(beta.reshape(-1).toDoubles(), intercept.toDoubles());
    }
  }

  /** The share of the MLP's variance over these prompts that it foretells; may be negative. */
  public double r2(List<Tensor> heads, Tensor mlp) {
    check(heads, mlp);
    try (Scope scope = Scope.open()) {
      Tensor m = mlp.to(DType.FLOAT64);
      Tensor left = m.sub(foretold(heads));
      return 1 - left.square().sum().item() / m.sub(m.mean(true, 0)).square().sum().item();
    }
  }

  /** What it foretells the MLP will say, [prompt, d]; belongs to the caller's scope. */
  public Tensor foretold(List<Tensor> heads) {
    if (heads.size() != beta.length) {
      throw new IllegalArgumentException(
          "this was fitted to %d regressors, got %d".formatted(beta.length, heads.size()));
    }
    try (Scope scope = Scope.open()) {
      Tensor weighted = columns(heads).mul(Tensor.of(beta).reshape(-1, 1, 1)).sum(false, 0);
      return scope.keep(weighted.add(Tensor.of(intercept)));
    }
  }

  /** [regressor, prompt, d] in float64. */
  private static Tensor columns(List<Tensor> heads) {
    return Tensor.stack(heads).to(DType.FLOAT64);
  }

  private static void check(List<Tensor> heads, Tensor mlp) {
    if (heads.isEmpty()) {
      throw new IllegalArgumentException("a decomposition needs at least one head's outputs");
    }
    for (Tensor head : heads) {
      if (!head.shape().equals(mlp.shape()) || mlp.rank() != 2) {
        throw new IllegalArgumentException(
            "the outputs of heads and MLP are [prompt, d] of one shape, were %s and %s"
                .formatted(head.shape(), mlp.shape()));
      }
    }
  }
}
