package org.lapidary.nn;

import java.util.Map;

/** The fillings of this module. */
final class StandardFillings implements Fillings {

  @Override
  public Map<String, Maker> tokenMixers() {
    return Map.of(
        "attention", (c, index, size) -> new SelfAttention(c, index, true),
        "bidirectional-attention", (c, index, size) -> new SelfAttention(c, index, false),
        "token-mlp", (c, index, size) -> new TokenMlp(c, size),
        "pool", (c, index, size) -> new PoolMixer(size));
  }

  @Override
  public Map<String, Maker> channelMixers() {
    return Map.of(
        "mlp",
        (c, index, size) ->
            new Mlp(c.dModel(), c.dMlp(), c.activation(), c.biases().mlp(), c.outDeviation()),
        "gated",
        (c, index, size) ->
            new GatedMlp(c.dModel(), c.dMlp(), c.activation(), c.biases().mlp(), c.outDeviation()));
  }
}
