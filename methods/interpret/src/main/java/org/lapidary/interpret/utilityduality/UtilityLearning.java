package org.lapidary.interpret.utilityduality;

import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * A loss whose gradient raises the utility of what was shown and lowers that of competitors drawn
 * from the current choice.
 *
 * @param competitors S, drawn anew for every example; 0 takes all, each with its probability
 */
public record UtilityLearning(int competitors) {

  public UtilityLearning {
    if (competitors < 0) {
      throw new IllegalArgumentException(
          "competitors are at least 1, or 0 for all, were " + competitors);
    }
  }

  /**
   * The mean over examples of sum_s u(y'_s) / S - u(y). Only its gradient has a meaning.
   *
   * @param u utilities [n, V]
   * @param shown INT64 [n]
   */
  public Tensor loss(Tensor u, Tensor shown, Rng rng) {
    if (u.rank() != 2 || shown.rank() != 1 || u.size(0) != shown.size(0)) {
      throw new ShapeException(
          "utility learning takes utilities [n, V] and what was shown [n], was given %s and %s"
              .formatted(u.type(), shown.type()));
    }
    Tensor p = u.detach().softmax(1);
    Tensor raised = u.gather(1, shown.unsqueeze(1)).squeeze(1);
    Tensor lowered =
        competitors == 0
            ? p.mul(u).sum(false, 1)
            : u.gather(1, draw(p, competitors, rng)).mean(false, 1);
    return lowered.sub(raised).mean();
  }

  /**
   * Draws from distributions, with repetition.
   *
   * @param p [n, V], rows that sum to 1
   * @return INT64 [n, count]
   */
  static Tensor draw(Tensor p, int count, Rng rng) {
    long n = p.size(0);
    long v = p.size(1);
    Tensor below = p.cumsum(1).unsqueeze(1); // [n, 1, V]
    Tensor total = below.slice(2, v - 1, v); // rounding: not exactly 1
    Tensor at = rng.uniform(0, 1, n, count, 1).to(p.dtype()).mul(total);
    return below.le(at).to(DType.FLOAT32).sum(false, 2).clamp(0, v - 1.0).to(DType.INT64);
  }
}
