package org.lapidary.interpret.dictionary;

import org.lapidary.tensor.Tensor;

/**
 * Sends a token to the experts that are expected to fire the fewest of their units (Yang et al.,
 * 2025, arXiv 2503.07639). The rows of an expert's encoder are taken for draws with the mean mu
 * [dIn] and the variance s^2 [dIn]; a pre-activation of the token x is then about N(mu.x, sum_k
 * s_k^2 x_k^2), and a unit fires with the probability (1 + erf(mu.x / sqrt(2 s^2.x^2))) / 2. That
 * costs O(experts dIn) a token instead of all encoders' products, has no weights of its own and
 * passes gradients to the encoders.
 *
 * @param experts how many there are
 * @param kept how many a token is sent to
 */
public record ExpertRouting(int experts, int kept) {
  private static final double EPSILON = 1e-12;

  public ExpertRouting {
    if (experts < 1 || kept < 1 || kept > experts) {
      throw new IllegalArgumentException(
          "a token is sent to 1 to %d experts, was %d of %d"
              .formatted(Math.max(1, experts), kept, experts));
    }
  }

  /**
   * How many units each expert has.
   *
   * @throws IllegalArgumentException if so many units are not equally many for each expert
   */
  public int width(long units) {
    if (units % experts != 0) {
      throw new IllegalArgumentException(
          "%d units do not give %d experts equally many each".formatted(units, experts));
    }
    return Math.toIntExact(units / experts);
  }

  /**
   * The share of each expert's units that is expected to fire, [..., experts].
   *
   * @param x tokens [..., dIn]
   * @param encoder [experts * width, dIn], one expert after another
   */
  public Tensor firing(Tensor x, Tensor encoder) {
    Tensor rows = encoder.reshape(experts, width(encoder.size(0)), encoder.size(1));
    Tensor mean = rows.mean(false, 1);
    Tensor variance = rows.sub(mean.unsqueeze(1)).square().mean(false, 1);
    Tensor spread = x.square().linear(variance, null).mul(2).add(EPSILON).sqrt();
    return x.linear(mean, null).div(spread).erf().add(1).mul(0.5);
  }

  /** -{@link #firing}: the higher, the sooner a token is sent there. */
  public Tensor scores(Tensor x, Tensor encoder) {
    return firing(x, encoder).neg();
  }

  /**
   * The weight of every expert, [..., experts]: a softmax over the kept scores, 0 for the others.
   *
   * @param scores [..., experts]
   */
  public Tensor gates(Tensor scores) {
    Tensor.Indexed top = scores.topk(kept, -1);
    return spread(scores, top);
  }

  /** {@link #gates} where the highest scores are known already. */
  public static Tensor spread(Tensor scores, Tensor.Indexed top) {
    return Tensor.zeros(scores.dtype(), scores.shape())
        .scatter(-1, top.indices(), top.values().softmax(-1));
  }

  /** A number for every expert, [..., experts], as one for each of its units. */
  public Tensor perUnit(Tensor gates, int width) {
    long[] sizes = gates.unsqueeze(-1).shape().toArray();
    sizes[sizes.length - 1] = width;
    return gates.unsqueeze(-1).expand(sizes).flatten(-2, -1);
  }
}
