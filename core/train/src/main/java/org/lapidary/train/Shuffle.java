package org.lapidary.train;

import java.util.Arrays;
import org.lapidary.tensor.Rng;

/**
 * Batches of a shuffled data set: every example once an epoch, in an order that depends on the seed
 * and the epoch alone, so that the examples of any step can be found without having run those
 * before it.
 *
 * @param examples in the data set
 * @param batch examples a step; the rest of an epoch that fills no batch is left out
 * @param seed of the orders
 */
public record Shuffle(int examples, int batch, long seed) {
  public Shuffle {
    if (batch < 1 || batch > examples) {
      throw new IllegalArgumentException(
          "a batch has 1 to %d examples, was %d".formatted(examples, batch));
    }
  }

  public int stepsPerEpoch() {
    return examples / batch;
  }

  /** The indices of a step's examples. */
  public int[] at(long step) {
    long epoch = step / stepsPerEpoch();
    int within = (int) (step % stepsPerEpoch());
    int[] order = new Rng(seed).fork(epoch).permutation(examples);
    return Arrays.copyOfRange(order, within * batch, (within + 1) * batch);
  }
}
