package org.lapidary.train;

import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/** What is trained for: the loss of a step. */
@FunctionalInterface
public interface Task {

  /**
   * The scalar loss of one step, differentiable in the model's parameters. Everything random (which
   * examples, dropout) is drawn from {@code rng}, which depends on the seed and the step alone;
   * that is what makes training resume with the same bits in the middle of an epoch.
   *
   * @param step counted from 0
   */
  Tensor loss(long step, Rng rng);
}
