package org.lapidary.interpret.onestepgd;

import org.lapidary.interpret.tasks.RegressionPrompts;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * What a layer of linear self-attention does, beside one step of gradient descent.
 *
 * @param eta the mean of A's diagonal in units of the preconditioner S^-1
 * @param distance ||A - eta* S^-1||_F / ||eta* S^-1||_F
 * @param scalarDistance min over c of ||A - c I||_F / ||A||_F: large where the layer preconditions
 * @param fromStep mean squared difference of its predictions and the best step's
 * @param fromRidge mean squared difference of its predictions and ridge regression's
 * @param loss its mean squared error
 * @param stepLoss that of the best step, on the same prompts
 * @param ridgeLoss that of ridge regression with lambda = the noise, on the same prompts
 */
public record Identified(
    double eta,
    double distance,
    double scalarDistance,
    double fromStep,
    double fromRidge,
    double loss,
    double stepLoss,
    double ridgeLoss) {

  private static final int PIECE = 10_000;

  /**
   * Measures a layer.
   *
   * @param step the best step for these prompts
   * @param pieces of 10,000 fresh prompts
   */
  public static Identified of(
      LinearSelfAttention layer, RegressionPrompts prompts, OneStep step, int pieces, Rng rng) {
    try (Scope outer = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor best = step.matrix(prompts);
      Tensor a = layer.effective();
      LinearSelfAttention gd = LinearSelfAttention.gradientStep(best);
      double[] sums = new double[5];
      for (int i = 0; i < pieces; i++) {
        try (Scope scope = Scope.open()) {
          RegressionPrompts.Prompts p = prompts.draw(PIECE, rng.fork(i));
          Tensor own = layer.forward(p);
          Tensor one = gd.forward(p);
          Tensor ridge = p.ridge(Math.max(prompts.noise(), 1e-6));
          sums[0] += apart(own, one);
          sums[1] += apart(own, ridge);
          sums[2] += apart(own, p.target());
          sums[3] += apart(one, p.target());
          sums[4] += apart(ridge, p.target());
        }
      }
      int d = prompts.dimensions();
      Tensor identity = Tensor.eye(DType.FLOAT32, d);
      double c = a.mul(identity).sum().item() / d;
      return new Identified(
          a.mul(identity).sum().item() / best.mul(identity).sum().item() * step.eta(),
          relative(a, best, best),
          relative(a, identity.mul(c), a),
          sums[0] / pieces,
          sums[1] / pieces,
          sums[2] / pieces,
          sums[3] / pieces,
          sums[4] / pieces);
    }
  }

  private static double relative(Tensor a, Tensor b, Tensor unit) {
    return a.sub(b).norm(false).item() / unit.norm(false).item();
  }

  private static double apart(Tensor a, Tensor b) {
    return a.sub(b).square().to(DType.FLOAT64).mean().item();
  }
}
