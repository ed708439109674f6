package org.lapidary.interpret.onestepgd;

import java.util.List;
import org.lapidary.interpret.tasks.RegressionPrompts;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Trainer;

/**
 * Whether the loss has a vanishing gradient at a layer.
 *
 * @param norm of the mean gradient over all batches
 * @param standardError sqrt of the sum of the squared standard errors of its entries: what the norm
 *     would be on average if the gradient vanished
 */
public record Stationarity(double norm, double standardError) {

  /** The norm in standard errors. */
  public double errors() {
    return norm / standardError;
  }

  /** Estimates from batches of fresh prompts, at least 2. */
  public static Stationarity of(
      LinearSelfAttention layer, RegressionPrompts prompts, int batches, int batch, Rng rng) {
    if (batches < 2) {
      throw new IllegalArgumentException("a standard error needs 2 batches, was given " + batches);
    }
    layer.requiresGrad(true);
    List<Tensor> parameters = Trainer.parameters(layer);
    double[][] gradients = new double[batches][];
    for (int b = 0; b < batches; b++) {
      try (Scope scope = Scope.open()) {
        Tensor loss = layer.loss(prompts.draw(batch, rng.fork(b)));
        List<Tensor> flat =
            Autograd.grad(loss, parameters).stream()
                .map(g -> g.reshape(g.elements()).to(DType.FLOAT64))
                .toList();
        gradients[b] = Tensor.concat(0, flat).toDoubles();
      }
    }
    double norm = 0;
    double error = 0;
    for (int i = 0; i < gradients[0].length; i++) {
      double mean = 0;
      double squares = 0;
      for (double[] gradient : gradients) {
        mean += gradient[i] / batches;
        squares += gradient[i] * gradient[i] / batches;
      }
      norm += mean * mean;
      error += Math.max(0, squares - mean * mean) / (batches - 1);
    }
    return new Stationarity(Math.sqrt(norm), Math.sqrt(error));
  }
}
