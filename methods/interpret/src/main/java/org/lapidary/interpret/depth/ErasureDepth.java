package org.lapidary.interpret.depth;

import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Residual erasure: the stream of one earlier token is set to zero before one layer, and the
 * prediction at the last position is watched. While the token is still needed the prediction
 * changes.
 *
 * @param effect {@code effect[l][p]}: 2-norm of the change of the last logits when position p is
 *     erased before layer l
 */
public record ErasureDepth(double[][] effect) {

  /** Measures one prompt, INT64 [1, position]. */
  public static ErasureDepth of(Model model, Tensor tokens) {
    int layers = model.decoder().config().layers();
    int positions = Math.toIntExact(tokens.size(1)) - 1;
    double[][] effect = new double[layers][positions];
    try (Scope outer = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor clean = model.forward(tokens).select(1, -1);
      for (int l = 0; l < layers; l++) {
        for (int p = 0; p < positions; p++) {
          try (Scope scope = Scope.open()) {
            Tensor erased =
                model
                    .with(Intervention.ablate("blocks." + l + ".hook_resid_pre", p))
                    .forward(tokens)
                    .select(1, -1);
            effect[l][p] = erased.sub(clean).norm(false).item();
          }
        }
      }
    }
    return new ErasureDepth(effect);
  }

  /** How many layers still need an earlier token: effects up to a share of the largest are none. */
  public int depth(double share) {
    double largest = 0;
    for (double[] row : effect) {
      for (double e : row) {
        largest = Math.max(largest, e);
      }
    }
    int depth = 0;
    for (int l = 0; l < effect.length; l++) {
      for (double e : effect[l]) {
        if (largest > 0 && e > share * largest) {
          depth = l + 1;
        }
      }
    }
    return depth;
  }
}
