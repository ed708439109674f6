package org.lapidary.compress.hawqv2;

import static java.util.Objects.requireNonNull;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Decomposition;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** The sensitivity of HAWQ (Dong et al., 2019, arXiv 1905.03696), to compare with. */
final class TopEigenvalues {
  private TopEigenvalues() {}

  /**
   * The largest eigenvalue of the loss's Hessian over each layer's weight.
   *
   * @param loss of a model on calibration data
   * @param steps of {@link Lanczos} for each layer
   * @return by layer path
   */
  static Map<String, Double> of(Model model, Function<Model, Tensor> loss, int steps, Rng rng) {
    Map<String, Tensor> weights = new LinkedHashMap<>();
    HawqV2.layers(model)
        .forEach((path, layer) -> weights.put(path, layer.parameterAt("weight").tensor()));
    weights.values().forEach(w -> w.requiresGrad(true));
    Map<String, Double> top = new LinkedHashMap<>();
    try (Scope scope = Scope.open();
        var ignored = Autograd.enableGrad()) {
      Tensor value;
      try (var parts = Decomposition.on()) {
        value = loss.apply(model);
      }
      List<Tensor> gradients = Autograd.grad(value, List.copyOf(weights.values()), true);
      for (String path : weights.keySet()) {
        Tensor gradient = gradients.get(top.size());
        top.put(path, Lanczos.run(gradient, requireNonNull(weights.get(path)), steps, rng).top());
      }
    } finally {
      weights.values().forEach(w -> w.requiresGrad(false));
    }
    return top;
  }
}
