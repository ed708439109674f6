package org.lapidary.interpret.projectionhead;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * A deep linear encoder W = W_L ... W_1 on independent features: feature k has the strength phi_k,
 * shared by the two views, and augmentation noise s. In expectation the spectral loss is -2 tr(W M
 * W^T) + tr((W Sigma W^T)^2) with M = diag(phi^2) and Sigma = diag(phi^2 + s^2); at its minimum W^T
 * W = Sigma^-1 M Sigma^-1, so that feature k leaves the last layer with the weight w_k = phi_k /
 * (phi_k^2 + s^2). From a small balanced start the layers share it: layer l of L has w_k^(l/L),
 * weights that are the more equal the lower the layer.
 *
 * @param phi strength of each feature
 * @param noise s
 */
public record LinearTheory(double[] phi, double noise) {

  /** w_k at the minimum. */
  public double[] post() {
    return Arrays.stream(phi).map(p -> p / (p * p + noise * noise)).toArray();
  }

  /** What layer l of L has after training from a balanced start. */
  public double[] after(int layer, int layers) {
    return Arrays.stream(post()).map(w -> Math.pow(w, (double) layer / layers)).toArray();
  }

  /**
   * Trains by gradient descent on the expected loss.
   *
   * @param start W_1 ... W_L, float64 [k, k]
   * @return the weight of every feature after each layer: the norms of the columns of W_l ... W_1
   */
  public List<double[]> train(List<Tensor> start, int steps, double rate) {
    int k = phi.length;
    try (Scope scope = Scope.open()) {
      Tensor m = diagonal(Arrays.stream(phi).map(p -> p * p).toArray());
      Tensor sigma = diagonal(Arrays.stream(phi).map(p -> p * p + noise * noise).toArray());
      List<Tensor> layers =
          new ArrayList<>(start.stream().map(w -> w.copy().requiresGrad(true)).toList());
      for (int step = 0; step < steps; step++) {
        try (Scope inner = Scope.open()) {
          Tensor w = product(layers, layers.size());
          Tensor seen = w.matmul(sigma).matmul(w.t());
          Tensor loss = seen.square().sum().sub(w.matmul(m).mul(w).sum().mul(2));
          List<Tensor> gradients = Autograd.grad(loss, layers);
          for (int l = 0; l < layers.size(); l++) {
            Tensor moved = layers.get(l).detach().sub(gradients.get(l).mul(rate));
            layers.get(l).segment().copyFrom(moved.contiguous().segment());
          }
        }
      }
      List<double[]> weights = new ArrayList<>();
      for (int l = 1; l <= layers.size(); l++) {
        weights.add(product(layers, l).detach().norm(false, 0).reshape(k).toDoubles());
      }
      return weights;
    }
  }

  private static Tensor product(List<Tensor> layers, int count) {
    Tensor w = layers.getFirst();
    for (int l = 1; l < count; l++) {
      w = layers.get(l).matmul(w);
    }
    return w;
  }

  private static Tensor diagonal(double[] values) {
    return Tensor.eye(DType.FLOAT64, values.length).mul(Tensor.of(values));
  }

  /**
   * The mean square error of ridge regression of one feature from few examples whose features have
   * these weights; all features have variance 1.
   *
   * @param target which feature is wanted
   * @param examples labelled
   * @param ridge added to the mean square of a feature
   * @param draws to average over
   */
  public static double downstream(
      double[] weights, int target, int examples, double ridge, int draws, Rng rng) {
    double sum = 0;
    try (Scope scope = Scope.open()) {
      Tensor scale = Tensor.of(weights);
      for (int draw = 0; draw < draws; draw++) {
        try (Scope inner = Scope.open()) {
          Tensor x = rng.normal(1, examples, weights.length).to(DType.FLOAT64);
          Tensor y = x.slice(1, target, target + 1L);
          Tensor v = Linalg.leastSquares(x.mul(scale), y, ridge * examples);
          double[] effective = v.reshape(weights.length).mul(scale).toDoubles();
          for (int i = 0; i < effective.length; i++) {
            double wanted = i == target ? 1 : 0;
            sum += (effective[i] - wanted) * (effective[i] - wanted);
          }
        }
      }
    }
    return sum / draws;
  }
}
