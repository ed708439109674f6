package org.lapidary.interpret.linearinterpreter;

import org.lapidary.nn.Layer;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Tensor;

/**
 * Doubles the sides of a grey image [n, 1, size, size] by cubic convolution (Keys, 1981, a = -1/2),
 * pixels being areas and the border repeated: B x B^T.
 */
final class Bicubic extends Layer implements UnaryLayer {
  private static final double A = -0.5;

  private final int size;
  private final Tensor b; // [2 size, size]

  Bicubic(int size) {
    this.size = size;
    float[] rows = new float[2 * size * size];
    for (int out = 0; out < 2 * size; out++) {
      double at = (out + 0.5) / 2 - 0.5;
      int base = (int) Math.floor(at);
      for (int tap = base - 1; tap <= base + 2; tap++) {
        int in = Math.clamp(tap, 0, size - 1);
        rows[out * size + in] += (float) weight(Math.abs(at - tap));
      }
    }
    b = Tensor.of(rows, 2L * size, size).unscoped();
  }

  private static double weight(double t) {
    if (t <= 1) {
      return ((A + 2) * t - (A + 3)) * t * t + 1;
    }
    return t < 2 ? A * (((t - 5) * t + 8) * t - 4) : 0;
  }

  @Override
  public Tensor forward(Tensor x) {
    return b.matmul(x).matmul(b.t());
  }

  @Override
  protected Layer blank() {
    return new Bicubic(size);
  }
}
