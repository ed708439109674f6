package org.lapidary.nn;

import org.lapidary.tensor.Tensor;

/** A layer that maps one tensor to one tensor; what most slots take. */
public interface UnaryLayer {
  Tensor forward(Tensor x);
}
