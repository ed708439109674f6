package org.lapidary.nn;

import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * A trainable tensor of a layer. What the layer computes with is {@link #value()}: the tensor
 * itself or, while a view is set, a differentiable function of it such as a mask or a
 * straight-through quantiser.
 */
public final class Parameter {
  private Tensor tensor;
  private @Nullable UnaryOperator<Tensor> view;

  Parameter(Tensor tensor) {
    this.tensor = tensor.unscoped();
  }

  /** What the layer computes with. */
  public Tensor value() {
    UnaryOperator<Tensor> v = view;
    return v == null ? tensor : v.apply(tensor);
  }

  /** The stored tensor, on which an optimizer works. */
  public Tensor tensor() {
    return tensor;
  }

  /**
   * Stores another tensor of the same shape.
   *
   * @throws ShapeException if the shape differs
   */
  public void set(Tensor replacement) {
    if (!replacement.shape().equals(tensor.shape())) {
      throw new ShapeException(
          "a parameter of shape %s cannot hold %s".formatted(tensor.shape(), replacement.shape()));
    }
    this.tensor = replacement.unscoped();
  }

  /** Computes with a function of the stored tensor; null computes with the tensor itself. */
  public void view(@Nullable UnaryOperator<Tensor> function) {
    this.view = function;
  }

  public boolean viewed() {
    return view != null;
  }

  @Nullable UnaryOperator<Tensor> viewFunction() {
    return view;
  }
}
