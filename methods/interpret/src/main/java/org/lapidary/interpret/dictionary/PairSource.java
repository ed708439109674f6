package org.lapidary.interpret.dictionary;

import java.util.Map;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/** Where training pairs come from. */
@FunctionalInterface
public interface PairSource {

  /** Pairs of tokens drawn at random; the tensors belong to the caller's scope. */
  Pairs next(int tokens, Rng rng);

  /**
   * What later pairs depend on besides their {@code rng}, by name, for a checkpoint; nothing for a
   * source that does not remember what it gave.
   */
  default Map<String, Tensor> memory() {
    return Map.of();
  }

  /** Goes on as the source did whose {@link #memory} this is; the tensors stay the caller's. */
  default void restore(Map<String, Tensor> memory) {}

  /** The same outputs as both sides: what an autoencoder learns. */
  default PairSource outputs() {
    PairSource both = this;
    return new PairSource() {
      @Override
      public Pairs next(int tokens, Rng rng) {
        Pairs pairs = both.next(tokens, rng);
        return new Pairs(pairs.output(), pairs.output());
      }

      @Override
      public Map<String, Tensor> memory() {
        return both.memory();
      }

      @Override
      public void restore(Map<String, Tensor> memory) {
        both.restore(memory);
      }
    };
  }
}
