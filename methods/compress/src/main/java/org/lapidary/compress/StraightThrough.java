package org.lapidary.compress;

import java.util.function.UnaryOperator;
import org.lapidary.tensor.Tensor;

/**
 * Rounding that training sees as the identity (Bengio, Leonard and Courville, 2013, arXiv
 * 1308.3432): forward q(x), backward as if it were x.
 */
public final class StraightThrough {
  private StraightThrough() {}

  /** x + (rounded - x), with the difference cut from the gradient. */
  public static Tensor pass(Tensor x, Tensor rounded) {
    return x.add(rounded.sub(x).detach());
  }

  /**
   * A view of a weight [out, ...] rounded to nearest with one scale for each output; see {@link
   * Quantized#fit}.
   */
  public static UnaryOperator<Tensor> perOutput(int bits) {
    Quantized.highest(bits);
    return w -> pass(w, roundedPerOutput(w, bits));
  }

  /** A weight [out, ...] rounded to nearest with one scale for each output, of the same shape. */
  public static Tensor roundedPerOutput(Tensor weight, int bits) {
    Tensor rows = weight.detach().reshape(weight.size(0), -1);
    int in = Math.toIntExact(rows.size(1));
    return Quantized.roundToNearest(rows, bits, in).dequantize().reshape(weight.shape());
  }
}
