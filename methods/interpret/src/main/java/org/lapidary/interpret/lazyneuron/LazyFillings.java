package org.lapidary.interpret.lazyneuron;

import java.util.Map;
import org.lapidary.nn.Fillings;

/** Offers the channel mixer {@code top-k-mlp:k}; without k a sixteenth of the units is kept. */
public final class LazyFillings implements Fillings {

  @Override
  public Map<String, Maker> channelMixers() {
    return Map.of(
        "top-k-mlp",
        (config, index, size) ->
            new TopKMlp(config, size == 0 ? TopK.ofWidth(config.dMlp()) : new TopK(size)));
  }
}
