package org.lapidary.compress.gradual;

import org.lapidary.nn.Layer;
import org.lapidary.nn.ModelConfig;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;

/** Trainable scalars. */
final class Counted {
  private Counted() {}

  static long parameters(ModelConfig config) {
    try (Scope scope = Scope.open()) {
      return config.build().parameterCount();
    }
  }

  static long nonZeros(Layer layer) {
    try (Scope scope = Scope.open()) {
      long count = 0;
      for (Parameter p : layer.parameters().values()) {
        count += (long) p.tensor().detach().ne(0).to(DType.FLOAT64).sum().item();
      }
      return count;
    }
  }
}
