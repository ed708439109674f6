package org.lapidary.compress;

import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Tensor;

/** How much a weight matters, by published scores; W [out, in], the larger the more. */
public enum Scores {
  /** |W_ij|. */
  MAGNITUDE,
  /** |W_ij| * sqrt(E[x_j^2]) (Sun et al., 2024, arXiv 2306.11695). */
  WANDA,
  /** W_ij^2 / [H^-1]_jj, H = E[x x^T] + damping (Frantar and Alistarh, 2023, arXiv 2301.00774). */
  SPARSEGPT;

  /** float64 [out, in]. */
  public Tensor of(Tensor weight, InputStatistics inputs) {
    Tensor w = weight.detach().to(DType.FLOAT64);
    return switch (this) {
      case MAGNITUDE -> w.abs();
      case WANDA -> w.abs().mul(inputs.secondMoment().sqrt());
      case SPARSEGPT -> w.square().div(Linalg.inverse(damped(inputs.meanGram())).diagonal());
    };
  }

  /** H plus 1% of its mean diagonal; features that are never active get 1, so that H is regular. */
  public static Tensor damped(Tensor gram) {
    Tensor diagonal = gram.diagonal();
    double damping = Math.max(1e-12, 0.01 * diagonal.mean().item());
    Tensor dead = diagonal.eq(0).to(DType.FLOAT64);
    Tensor eye = Tensor.eye(DType.FLOAT64, gram.size(0));
    return gram.add(eye.mul(dead.add(damping)));
  }
}
