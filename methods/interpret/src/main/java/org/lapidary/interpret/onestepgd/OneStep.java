package org.lapidary.interpret.onestepgd;

import org.lapidary.evidence.Estimate;
import org.lapidary.interpret.tasks.RegressionPrompts;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * The best single step: yhat = eta x_q^T S^-1 g, g = sum_i y_i x_i.
 *
 * @param eta the step size
 * @param loss the mean squared error it reaches; NaN where there is no closed form
 */
public record OneStep(double eta, double loss) {

  /** For linear functions: eta = 1 / (n + d + 1 + s2), loss d + s2 - n d eta. */
  public static OneStep ofLinear(RegressionPrompts prompts) {
    if (!(prompts.functions() instanceof RegressionPrompts.Functions.Linear)) {
      throw new IllegalArgumentException(
          "the closed form is that of linear functions; estimate the step for "
              + prompts.functions());
    }
    int n = prompts.examples();
    int d = prompts.dimensions();
    double eta = 1 / (n + d + 1 + prompts.noise());
    return new OneStep(eta, d + prompts.noise() - n * d * eta);
  }

  /**
   * eta = E[u_f S^-1 g'] / E[g'^T S^-1 g'] from drawn prompts, where g' = sum y_i S^-1/2 x_i for
   * inputs that are not isotropic; for isotropic ones E[u_f g] / E||g||^2.
   *
   * @param draws how many prompts, in pieces
   * @return with 95% of the uncertainty of a ratio of means
   */
  public static Estimate estimate(RegressionPrompts prompts, int draws, Rng rng) {
    int piece = Math.min(draws, 10_000);
    int pieces = draws / piece;
    double[] ratios = new double[pieces];
    try (var ignored = Autograd.noGrad()) {
      double[] deviations = prompts.deviations();
      for (int i = 0; i < pieces; i++) {
        try (Scope scope = Scope.open()) {
          Tensor scale = Tensor.of(deviations.clone(), deviations.length);
          RegressionPrompts.Prompts p = prompts.draw(piece, rng.fork(i));
          Tensor g = p.moments().to(DType.FLOAT64).div(scale);
          Tensor slope = p.slope().to(DType.FLOAT64).mul(scale);
          ratios[i] = slope.mul(g).sum().item() / g.square().sum().item();
        }
      }
    }
    return Estimate.of(ratios);
  }

  /** A = eta S^-1 [d, d], float32. */
  public Tensor matrix(RegressionPrompts prompts) {
    int d = prompts.dimensions();
    double[] diagonal = new double[d * d];
    for (int i = 0; i < d; i++) {
      diagonal[i * d + i] = eta / (prompts.deviations()[i] * prompts.deviations()[i]);
    }
    return Tensor.of(diagonal, d, d).to(DType.FLOAT32);
  }
}
