package org.lapidary.interpret.utilityduality;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** From utilities to probabilities. */
public interface Transform {

  /**
   * Probabilities of the outputs.
   *
   * @param u utilities [..., V]
   * @return [..., V], rows that sum to 1
   */
  Tensor probabilities(Tensor u);

  /** As it is called in tables, with its parameters. */
  String name();

  /** P ~ exp(beta u); beta 1 is the softmax. */
  record Power(double beta) implements Transform {
    @Override
    public Tensor probabilities(Tensor u) {
      return u.mul(beta).softmax(-1);
    }

    @Override
    public String name() {
      return "power %.3g".formatted(beta);
    }
  }

  /** P ~ max(softmax(u) - eps / V, 0), the inverse of training on smoothed targets. */
  record SmoothingInverse(double epsilon) implements Transform {
    public SmoothingInverse {
      if (!(epsilon >= 0 && epsilon < 1)) {
        throw new IllegalArgumentException("smoothing is from 0 to below 1, was " + epsilon);
      }
    }

    @Override
    public Tensor probabilities(Tensor u) {
      Tensor p = u.softmax(-1);
      return normalised(p.sub(epsilon / u.size(-1)).maximum(0), p);
    }

    @Override
    public String name() {
      return "smoothing inverse %.3g".formatted(epsilon);
    }
  }

  /** P ~ max(softmax(u) - c, 0)^beta. */
  record AffineRatio(double c, double beta) implements Transform {
    @Override
    public Tensor probabilities(Tensor u) {
      Tensor p = u.softmax(-1);
      return normalised(p.sub(c).maximum(0).pow(beta), p);
    }

    @Override
    public String name() {
      return "affine ratio %.3g, %.3g".formatted(c, beta);
    }
  }

  /** The weights over their sum; where that is 0, the probabilities as they are. */
  private static Tensor normalised(Tensor weights, Tensor p) {
    Tensor sum = weights.sum(true, -1);
    return Tensor.where(sum.gt(0), weights.div(sum.maximum(1e-30)), p);
  }

  /** The mean -log P of what was shown, in nats; P is at least 1e-9. */
  default double nats(Tensor u, Tensor shown) {
    try (Scope scope = Scope.open()) {
      Tensor p = probabilities(u).gather(1, shown.unsqueeze(1));
      return -p.maximum(1e-9).log().mean().item();
    }
  }

  /**
   * The transform with which held-out demonstrations are likeliest, of all three families.
   *
   * @param u [n, V]
   * @param shown INT64 [n]
   */
  static Transform fit(Tensor u, Tensor shown) {
    List<Transform> candidates = new ArrayList<>();
    double[] betas = {0.5, 0.7, 0.85, 0.95, 1, 1.05, 1.2, 1.5, 2, 3};
    double v = u.size(1);
    for (double beta : betas) {
      candidates.add(new Power(beta));
    }
    for (int i = 0; i <= 40; i++) {
      candidates.add(new SmoothingInverse(0.005 * i));
    }
    for (int i = 1; i <= 10; i++) {
      for (double beta : new double[] {0.85, 0.95, 1.05, 1.2}) {
        candidates.add(new AffineRatio(0.02 * i / v, beta));
      }
    }
    Transform best = new Power(1);
    double least = best.nats(u, shown);
    for (Transform t : candidates) {
      double nats = t.nats(u, shown);
      if (nats < least) {
        least = nats;
        best = t;
      }
    }
    return best;
  }
}
