package org.lapidary.compress.essential;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Holds weights of a model at zero while it trains: it computes with W * mask, so dropped weights
 * get no gradient. At the end the products are stored.
 */
public final class FixedMasks implements AutoCloseable {
  private final Map<Parameter, Tensor> masks = new LinkedHashMap<>();

  /** Masks a model in place. */
  public FixedMasks(Model model, Map<String, Tensor> masks) {
    Map<String, Linear> matrices = BlockMatrices.of(model);
    masks.forEach((path, mask) -> {
      Linear linear = matrices.get(path);
      if (linear == null) {
        throw new IllegalArgumentException(
            "there is no matrix '%s'; there are %s".formatted(path, matrices.keySet()));
      }
      Tensor m = mask.to(DType.FLOAT32).unscoped();
      this.masks.put(linear.weight(), m);
      linear.weight().view(w -> w.mul(m));
    });
  }

  @Override
  public void close() {
    try (Scope scope = Scope.open()) {
      masks.forEach((parameter, mask) -> {
        parameter.view(null);
        parameter.set(scope.keep(parameter.tensor().detach().mul(mask)));
        mask.close();
      });
    }
  }
}
