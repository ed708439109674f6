package org.lapidary.interpret.circuit;

import org.lapidary.nn.Activations;
import org.lapidary.nn.Norm;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * A norm with its scales held fixed, which makes it affine: x to gain * (x - mean x) / scale +
 * shift, without the mean for RMS norms.
 *
 * @param gain float64 [dModel]
 * @param shift float64 [dModel]
 * @param centred whether the mean is taken off
 * @param scales by token; empty where only the parameters matter
 */
public record FrozenNorm(Tensor gain, Tensor shift, boolean centred, double[] scales) {

  /** Parameters alone. */
  public static FrozenNorm of(Norm norm) {
    try (Scope scope = Scope.open()) {
      return new FrozenNorm(
          norm.gain().to(DType.FLOAT64).copy().unscoped(),
          norm.shift().to(DType.FLOAT64).copy().unscoped(),
          norm.kind().equals("layernorm"),
          new double[0]);
    }
  }

  /** With the scales recorded in a pass over one prompt. */
  public static FrozenNorm of(Norm norm, Activations acts, int tokens) {
    FrozenNorm parameters = of(norm);
    double[] scales = new double[tokens];
    if (norm.kind().equals("none")) {
      java.util.Arrays.fill(scales, 1);
    } else {
      scales = acts.at(norm.path() + ".hook_scale").toDoubles();
    }
    return new FrozenNorm(parameters.gain, parameters.shift, parameters.centred, scales);
  }

  /**
   * Directions v [..., dModel] after the norm as directions w before it: v . norm(x) = w . x /
   * scale + v . shift.
   */
  public Tensor pull(Tensor v) {
    Tensor w = v.mul(gain);
    return centred ? w.sub(w.mean(true, -1)) : w;
  }

  /** v . shift. */
  public double constant(Tensor v) {
    return v.mul(shift).sum().item();
  }

  /** Directions before the norm as they leave it, but for the scale. */
  public Tensor push(Tensor v) {
    return (centred ? v.sub(v.mean(true, -1)) : v).mul(gain);
  }
}
