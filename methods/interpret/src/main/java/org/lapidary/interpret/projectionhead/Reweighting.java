package org.lapidary.interpret.projectionhead;

import org.lapidary.nn.Layer;
import org.lapidary.nn.Parameter;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Tensor;

/**
 * A head without parameters, diag(1, 1/kappa, 1/kappa^2, ...), that is dropped after training: the
 * loss sees late coordinates faintly, so the encoder must write features that it would otherwise
 * suppress there larger. kappa = 1 is no head.
 */
public final class Reweighting extends Layer implements UnaryLayer {
  private final int width;
  private final double kappa;
  private final Parameter scales;

  /**
   * For features [batch, width].
   *
   * @param kappa at least 1
   */
  public Reweighting(int width, double kappa) {
    if (!(kappa >= 1)) {
      throw new IllegalArgumentException("kappa must be 1 or more, was " + kappa);
    }
    this.width = width;
    this.kappa = kappa;
    float[] values = new float[width];
    for (int i = 0; i < width; i++) {
      values[i] = (float) Math.pow(kappa, -i);
    }
    scales = buffer("scales", Tensor.of(values));
  }

  @Override
  public Tensor forward(Tensor x) {
    return x.mul(scales.value());
  }

  @Override
  protected Layer blank() {
    return new Reweighting(width, kappa);
  }
}
