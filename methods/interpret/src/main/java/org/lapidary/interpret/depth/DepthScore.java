package org.lapidary.interpret.depth;

import java.util.List;
import java.util.function.Function;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

/**
 * How deep an answer is computed: integrated gradients (Sundararajan et al., 2017, arXiv
 * 1703.01365) of its value with respect to gates g_l that scale each layer's update, h_{l+1} = h_l
 * + g_l (a_l + m_l), along g = alpha (1, ..., 1).
 *
 * @param weights w_l, each layer's integrated gradient
 * @param score sum_l l |w_l| / sum_l |w_l|, layers counted from 1
 */
public record DepthScore(double[] weights, double score) {

  /**
   * Measures an answer.
   *
   * @param layers how many gates
   * @param answer from gates, float32 [layers], to a scalar, such as the answer's log-probability
   * @param steps midpoints of the integral
   */
  public static DepthScore of(int layers, Function<Tensor, Tensor> answer, int steps) {
    double[] weights = new double[layers];
    for (int i = 0; i < steps; i++) {
      try (Scope scope = Scope.open();
          var ignored = Autograd.enableGrad()) {
        double alpha = (i + 0.5) / steps;
        Tensor gates = Tensor.full(DType.FLOAT32, Shape.of(layers), alpha).requiresGrad(true);
        double[] gradient =
            Autograd.grad(answer.apply(gates), List.of(gates)).getFirst().toDoubles();
        for (int l = 0; l < layers; l++) {
          weights[l] += gradient[l] / steps;
        }
      }
    }
    double sum = 0;
    double weighted = 0;
    for (int l = 0; l < layers; l++) {
      sum += Math.abs(weights[l]);
      weighted += (l + 1) * Math.abs(weights[l]);
    }
    return new DepthScore(weights, sum == 0 ? 0 : weighted / sum);
  }
}
