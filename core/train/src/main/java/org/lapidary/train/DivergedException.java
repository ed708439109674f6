package org.lapidary.train;

/** Training met a loss that is not a finite number. */
public final class DivergedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  DivergedException(long step, double loss) {
    super(
        "the loss at step %d is %s; lower the learning rate, clip gradients, or look for bad values in the data"
            .formatted(step, loss));
  }
}
