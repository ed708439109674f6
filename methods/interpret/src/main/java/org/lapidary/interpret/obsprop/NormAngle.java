package org.lapidary.interpret.obsprop;

import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** How far a layer norm turns a direction: the angle between n and the gradient of n . LN(x). */
public final class NormAngle {
  private static final int TOGETHER = 4096;

  private NormAngle() {}

  /** The published bound on the mean angle for n ~ N(0, I), in radians; holds from d = 8 on. */
  public static double bound(int d) {
    return 2 * Math.acos(Math.sqrt(1 - 1.0 / (d - 1)));
  }

  /** The mean angle over n and x drawn from N(0, I), in radians. */
  public static double mean(int d, int draws, Rng rng) {
    double sum = 0;
    int done = 0;
    while (done < draws) {
      int count = Math.min(TOGETHER, draws - done);
      try (Scope scope = Scope.open()) {
        Tensor n = rng.normal(1, count, d).to(DType.FLOAT64);
        Tensor x = rng.normal(1, count, d).to(DType.FLOAT64);
        Tensor centred = x.sub(x.mean(true, 1));
        Tensor unit = centred.div(centred.square().sum(true, 1).sqrt());
        Tensor flat = n.sub(n.mean(true, 1)); // the gradient, but for 1 / sigma
        Tensor gradient = flat.sub(unit.mul(flat.mul(unit).sum(true, 1)));
        Tensor cosine =
            n.mul(gradient)
                .sum(false, 1)
                .div(n.square().sum(false, 1).mul(gradient.square().sum(false, 1)).sqrt());
        for (double c : cosine.toDoubles()) {
          sum += Math.acos(Math.min(1, c));
        }
      }
      done += count;
    }
    return sum / draws;
  }
}
