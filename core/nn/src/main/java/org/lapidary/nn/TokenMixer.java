package org.lapidary.nn;

import org.lapidary.tensor.Tensor;

/**
 * The sublayer through which positions see one another: x [batch, position, dModel] to the same.
 */
public interface TokenMixer {

  Tensor forward(Tensor x, Positions positions);

  /** Whether no position sees a later one; only then can a cache of earlier ones be used. */
  default boolean causal() {
    return false;
  }
}
