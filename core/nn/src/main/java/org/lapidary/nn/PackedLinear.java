package org.lapidary.nn;

import org.jspecify.annotations.Nullable;
import org.lapidary.kernels.PackedMatrix;
import org.lapidary.tensor.Tensor;

/** A linear layer whose matrix is packed and multiplied by a kernel; inference only. */
public final class PackedLinear extends Layer implements UnaryLayer, Layer.Unique {
  private final PackedMatrix matrix;
  private final @Nullable Parameter bias;

  public PackedLinear(PackedMatrix matrix, @Nullable Tensor bias) {
    this.matrix = matrix;
    this.bias = bias == null ? null : parameter("bias", bias.copy());
  }

  /** x [..., in] to [..., out]. */
  @Override
  public Tensor forward(Tensor x) {
    Tensor y = site("hook_in", x).linear(matrix);
    return bias == null ? y : y.add(bias.value());
  }

  public PackedMatrix matrix() {
    return matrix;
  }

  @Override
  protected Layer blank() {
    return new PackedLinear(matrix, bias == null ? null : bias.tensor());
  }
}
