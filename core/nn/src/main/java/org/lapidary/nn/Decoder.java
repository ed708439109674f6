package org.lapidary.nn;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/**
 * The backbone for sequences: token ids [batch, position] to logits [batch, position, vocab].
 *
 * <p>Sites besides those of the blocks: {@code hook_embed}, {@code hook_pos_embed} [batch,
 * position, dModel], and those of {@code ln_final}.
 */
public final class Decoder extends Layer implements UnaryLayer {
  private final DecoderConfig config;
  private final Parameter embedding;
  private final @Nullable Parameter positions;
  private final List<Block> blocks;
  private final Norm lnFinal;
  private final @Nullable Slot<UnaryLayer> unembed;

  public Decoder(DecoderConfig config) {
    this.config = config;
    embedding = parameter("embed", Tensor.zeros(config.vocab(), config.dModel()));
    positions =
        config.positions().equals("learned")
            ? parameter("pos_embed", Tensor.zeros(config.context(), config.dModel()))
            : null;
    Blocks list = child("blocks", new Blocks(config));
    blocks = list.blocks;
    lnFinal = child("ln_final", config.block().newNorm());
    unembed =
        config.tied()
            ? null
            : slot(
                "unembed",
                UnaryLayer.class,
                new Linear(config.dModel(), config.vocab(), config.biases().unembed(), 0.02));
  }

  private static final class Blocks extends Layer {
    private final DecoderConfig config;
    private final List<Block> blocks;

    Blocks(DecoderConfig config) {
      this.config = config;
      blocks = sequence(config.layers(), i -> child("" + i, new Block(config, i)));
    }

    @Override
    protected Layer blank() {
      return new Blocks(config);
    }
  }

  @Override
  public Tensor forward(Tensor tokens) {
    return forward(tokens, null);
  }

  /**
   * Logits of the given tokens, which follow those in the cache.
   *
   * @param tokens INT64 [batch, position]
   * @throws IllegalArgumentException if they do not fit into the context
   */
  public Tensor forward(Tensor tokens, @Nullable KvCache cache) {
    if (cache != null && !blocks.stream().allMatch(b -> b.mixer().causal())) {
      throw new IllegalArgumentException(
          "a cache of earlier tokens needs causal attention; the token mixer of this model is "
              + config.mixer());
    }
    Tensor x = embed(tokens, cache == null ? 0 : cache.length());
    for (Block block : blocks) {
      x = block.forward(x, cache);
    }
    if (cache != null) {
      cache.advance(tokens.size(1));
    }
    return unembed(x);
  }

  /** The residual stream before the first block. */
  public Tensor embed(Tensor tokens, long first) {
    if (tokens.rank() != 2 || tokens.dtype() != DType.INT64) {
      throw new org.lapidary.tensor.ShapeException(
          "a decoder takes int64 token ids [batch, position], was " + tokens.type());
    }
    long length = tokens.size(1);
    if (first + length > config.context()) {
      throw new IllegalArgumentException(
          "%d tokens do not fit into this model's context of %d"
              .formatted(first + length, config.context()));
    }
    Tensor x = embedding.value().embedding(tokens);
    if (config.extras().embeddingScale() != 1) {
      x = x.mul(config.extras().embeddingScale());
    }
    x = site("hook_embed", x);
    if (positions != null) {
      Tensor p =
          positions
              .value()
              .slice(0, first, first + length)
              .unsqueeze(0)
              .expand(tokens.size(0), length, config.dModel());
      x = x.add(site("hook_pos_embed", p));
    }
    return x;
  }

  /** Logits of a residual stream [..., dModel]: the final norm and the unembedding. */
  public Tensor unembed(Tensor stream) {
    Tensor x = lnFinal.forward(stream);
    Tensor logits = unembed == null ? x.linear(embedding.value(), null) : unembed.get().forward(x);
    double cap = config.extras().logitSoftcap();
    return cap == 0 ? logits : logits.div(cap).tanh().mul(cap);
  }

  public DecoderConfig config() {
    return config;
  }

  public List<Block> blocks() {
    return blocks;
  }

  public Norm lnFinal() {
    return lnFinal;
  }

  /** The embedding table [vocab, dModel]. */
  public Parameter embedding() {
    return embedding;
  }

  /** The unembedding as [vocab, dModel]; the embedding where they are tied. */
  public Tensor unembedding() {
    if (unembed == null) {
      return embedding.value();
    }
    if (unembed.get() instanceof Linear linear) {
      return linear.weight().value();
    }
    throw new IllegalStateException("the unembedding is packed; use the dense model");
  }

  @Override
  protected void draw(Rng rng) {
    embedding.set(rng.normal(0.02, config.vocab(), config.dModel()));
    if (positions != null) {
      positions.set(rng.normal(0.02, config.context(), config.dModel()));
    }
  }

  @Override
  protected Layer blank() {
    return new Decoder(config);
  }
}
