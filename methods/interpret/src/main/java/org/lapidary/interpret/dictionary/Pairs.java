package org.lapidary.interpret.dictionary;

import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * What a dictionary reads and what it should give, token by token.
 *
 * @param input x [tokens, dIn]
 * @param output y [tokens, dOut]
 */
public record Pairs(Tensor input, Tensor output) {
  public Pairs {
    if (input.rank() != 2 || output.rank() != 2 || input.size(0) != output.size(0)) {
      throw new ShapeException(
          "pairs are [tokens, dIn] and [tokens, dOut] of equally many tokens, were %s and %s"
              .formatted(input.shape(), output.shape()));
    }
  }

  /** The number of tokens. */
  public int tokens() {
    return (int) input.size(0);
  }
}
