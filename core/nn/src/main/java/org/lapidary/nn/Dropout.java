package org.lapidary.nn;

import java.util.function.Supplier;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/**
 * In training, zeros elements with probability p and divides the others by 1 - p; else the
 * identity. The trainer binds the source of randomness, a new one each step.
 */
public final class Dropout extends Layer implements UnaryLayer {
  private static final ScopedValue<Rng> RNG = ScopedValue.newInstance();

  private final double probability;

  public Dropout(double probability) {
    if (!(probability >= 0 && probability < 1)) {
      throw new IllegalArgumentException("a dropout probability is in [0, 1), was " + probability);
    }
    this.probability = probability;
  }

  /** Runs with a source from which dropout layers draw. */
  public static <T> T drawing(Rng rng, Supplier<T> work) {
    return ScopedValue.where(RNG, rng).call(work::get);
  }

  @Override
  public Tensor forward(Tensor x) {
    if (!isTraining() || probability == 0) {
      return x;
    }
    if (!RNG.isBound()) {
      throw new IllegalStateException(
          "dropout in training needs randomness; run the forward pass in Dropout.drawing");
    }
    Tensor kept = RNG.get().bernoulli(1 - probability, x.shape().toArray());
    return x.mul(kept.div(1 - probability));
  }

  @Override
  protected Layer blank() {
    return new Dropout(probability);
  }
}
