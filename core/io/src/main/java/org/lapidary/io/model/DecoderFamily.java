package org.lapidary.io.model;

import org.lapidary.nn.DecoderConfig;

/** A family of models over one sequence of tokens. */
interface DecoderFamily extends Family<DecoderConfig> {

  @Override
  default Class<DecoderConfig> configs() {
    return DecoderConfig.class;
  }

  @Override
  default int heads(DecoderConfig config) {
    return config.heads();
  }

  @Override
  default double weights(DecoderConfig c) {
    return (double) c.layers()
            * (2.0 * c.dModel() * c.dHead() * (c.heads() + c.kvHeads())
                + 2.0 * c.dModel() * c.dMlp())
        + (double) c.vocab() * c.dModel();
  }

  /** Buffers that older exports keep beside the weights, and a second copy of a tied matrix. */
  @Override
  default boolean harmless(String name, DecoderConfig config) {
    return name.endsWith(".attn.bias")
        || name.endsWith(".attn.masked_bias")
        || name.endsWith(".attention.bias")
        || name.endsWith(".attention.masked_bias")
        || name.endsWith("rotary_emb.inv_freq")
        || (config.tied() && name.equals("lm_head.weight"));
  }
}
