package org.lapidary.interpret.dictionary;

import org.lapidary.tensor.Rng;

/** Where training pairs come from. */
@FunctionalInterface
public interface PairSource {

  /** Pairs of tokens drawn at random; the tensors belong to the caller's scope. */
  Pairs next(int tokens, Rng rng);

  /** The same outputs as both sides: what an autoencoder learns. */
  default PairSource outputs() {
    return (tokens, rng) -> {
      Pairs pairs = next(tokens, rng);
      return new Pairs(pairs.output(), pairs.output());
    };
  }
}
