package org.lapidary.interpret.dictionary;

import org.lapidary.tensor.Tensor;

/** How a dictionary's pre-activations [..., features] become sparse, non-negative activations. */
public sealed interface Activation {

  /** Activations of the same shape. */
  Tensor apply(Tensor pre);

  /** max(0, pre); made sparse by an L1 penalty in training. */
  record Relu() implements Activation {
    @Override
    public Tensor apply(Tensor pre) {
      return pre.relu();
    }
  }

  /**
   * The k largest of a token, those above 0 (Gao et al., 2024, arXiv 2406.04093).
   *
   * @param k at least 1
   */
  record TopK(int k) implements Activation {
    public TopK {
      if (k < 1) {
        throw new IllegalArgumentException("k must be at least 1, was " + k);
      }
    }

    @Override
    public Tensor apply(Tensor pre) {
      Tensor.Indexed top = pre.topk(k, -1);
      Tensor zeros = Tensor.zeros(pre.dtype(), pre.shape());
      return zeros.scatter(-1, top.indices(), top.values().relu());
    }
  }
}
