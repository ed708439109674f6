package org.lapidary.interpret.moex;

import java.util.Map;
import org.lapidary.interpret.dictionary.ExpertRouting;
import org.lapidary.nn.BlockConfig;
import org.lapidary.nn.Fillings;
import org.lapidary.nn.Layer;

/**
 * Offers the channel mixers {@code moe-x:M} (ReLU experts chosen by sparsity) and {@code moe:M}
 * (experts with the block's activation and a learned router), with M experts, by default 8, of
 * which a token goes to 2.
 */
public final class MoeXFillings implements Fillings {
  private static final int EXPERTS = 8;
  private static final int KEPT = 2;

  @Override
  public Map<String, Maker> channelMixers() {
    return Map.of(
        "moe-x",
        (config, index, size) -> layer(config, size, "relu", ExpertMlp.Router.SPARSITY),
        "moe",
        (config, index, size) ->
            layer(config, size, config.activation(), ExpertMlp.Router.LEARNED));
  }

  private static Layer layer(
      BlockConfig config, int size, String activation, ExpertMlp.Router router) {
    ExpertRouting routing = new ExpertRouting(size == 0 ? EXPERTS : size, KEPT);
    return new ExpertMlp(ExpertMlp.Config.of(config, routing, activation, router));
  }
}
