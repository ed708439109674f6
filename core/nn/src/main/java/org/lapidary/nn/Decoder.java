package org.lapidary.nn;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * The backbone for sequences: token ids [batch, position] to logits [batch, position, vocab]; with
 * the head {@code pooler} to the last stream [batch, position, dModel].
 *
 * <p>Sites besides those of the blocks: {@code hook_embed}, {@code hook_pos_embed}, {@code
 * hook_token_type_embed} [batch, position, dModel], and those of {@code embed_ln} and {@code
 * ln_final}.
 */
public final class Decoder extends Layer implements UnaryLayer {
  private final DecoderConfig config;
  private final Parameter embedding;
  private final @Nullable Parameter positions;
  private final @Nullable Parameter tokenTypes;
  private final @Nullable Norm embedNorm;
  private final List<Block> blocks;
  private final @Nullable Linear dense;
  private final Norm lnFinal;
  private final @Nullable Parameter unembedBias;
  private final @Nullable Slot<UnaryLayer> unembed;

  public Decoder(DecoderConfig config) {
    this.config = config;
    embedding = parameter("embed", Tensor.zeros(config.vocab(), config.dModel()));
    positions =
        config.positions().equals("learned")
            ? parameter("pos_embed", Tensor.zeros(config.context(), config.dModel()))
            : null;
    DecoderConfig.Ends ends = config.ends();
    tokenTypes =
        ends.tokenTypes() == 0
            ? null
            : parameter("token_type_embed", Tensor.zeros(ends.tokenTypes(), config.dModel()));
    embedNorm = ends.embedNorm() ? child("embed_ln", config.block().newNorm()) : null;
    Blocks list = child("blocks", new Blocks(config));
    blocks = list.blocks;
    boolean pooler = ends.head().equals("pooler");
    dense =
        switch (ends.head()) {
          case "norm" -> null;
          default ->
              child(
                  pooler ? "pooler" : "mlm_head",
                  new Linear(config.dModel(), config.dModel(), true, 0.02));
        };
    lnFinal =
        child(
            "ln_final",
            pooler
                ? new Norm("none", config.dModel(), config.epsilon())
                : config.block().newNorm());
    boolean bare = pooler || config.tied();
    unembedBias =
        config.tied() && !pooler && config.biases().unembed()
            ? parameter("unembed_bias", Tensor.zeros((long) config.vocab()))
            : null;
    unembed =
        bare
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

  /**
   * The same for sequences of several segments or of unequal lengths.
   *
   * @param types INT64 [batch, position], which embedding of a token type is added; null: the first
   * @param padding BOOL [batch, position], true where there is no token; null: nowhere
   */
  public Tensor encode(Tensor tokens, @Nullable Tensor types, @Nullable Tensor padding) {
    if (padding != null
        && (padding.dtype() != DType.BOOL || !padding.shape().equals(tokens.shape()))) {
      throw new ShapeException(
          "padding is bool of the tokens' shape %s, was %s"
              .formatted(tokens.shape(), padding.type()));
    }
    Tensor x = embed(tokens, types, 0);
    Positions all = new Positions(null, 0, 0, padding);
    for (Block block : blocks) {
      x = block.forwardAt(x, all);
    }
    return unembed(x);
  }

  /**
   * tanh(W h + b) of the first token's last stream h (BERT); [batch, position, dModel] to [batch,
   * dModel].
   */
  public Tensor pooled(Tensor stream) {
    if (dense == null || !config.ends().head().equals("pooler")) {
      throw new IllegalStateException(
          "only a model with the head 'pooler' pools; this one has '%s'"
              .formatted(config.ends().head()));
    }
    return dense.forward(stream.select(1, 0)).tanh();
  }

  /** The residual stream after the last block [batch, position, dModel]. */
  public Tensor stream(Tensor tokens) {
    Tensor x = embed(tokens, 0);
    for (Block block : blocks) {
      x = block.forward(x, null);
    }
    return x;
  }

  /** The residual stream before the first block. */
  public Tensor embed(Tensor tokens, long first) {
    return embed(tokens, null, first);
  }

  private Tensor embed(Tensor tokens, @Nullable Tensor types, long first) {
    if (tokens.rank() != 2 || tokens.dtype() != DType.INT64) {
      throw new ShapeException(
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
    x = typed(x, types, tokens);
    return embedNorm == null ? x : embedNorm.forward(x);
  }

  private Tensor typed(Tensor x, @Nullable Tensor types, Tensor tokens) {
    if (tokenTypes == null) {
      if (types != null) {
        throw new IllegalArgumentException("this model has no token types, but some were given");
      }
      return x;
    }
    Tensor table = tokenTypes.value();
    if (types == null) {
      Tensor first = table.select(0, 0).reshape(1, 1, config.dModel());
      return x.add(site("hook_token_type_embed", first.expand(x.shape().toArray())));
    }
    if (types.dtype() != DType.INT64 || !types.shape().equals(tokens.shape())) {
      throw new ShapeException(
          "token types are int64 of the tokens' shape %s, were %s"
              .formatted(tokens.shape(), types.type()));
    }
    return x.add(site("hook_token_type_embed", table.embedding(types)));
  }

  /**
   * Logits of a residual stream [..., dModel]: the final norm and the unembedding, after the dense
   * layer of a masked-token head; the stream itself where the head is {@code pooler}.
   */
  public Tensor unembed(Tensor stream) {
    if (config.ends().head().equals("pooler")) {
      return stream;
    }
    Tensor x =
        lnFinal.forward(
            dense == null ? stream : Slots.activate(config.activation(), dense.forward(stream)));
    Tensor logits =
        unembed == null
            ? x.linear(embedding.value(), unembedBias == null ? null : unembedBias.value())
            : unembed.get().forward(x);
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
    if (config.ends().head().equals("pooler")) {
      throw new IllegalStateException("a model with the head 'pooler' has no unembedding");
    }
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
    if (tokenTypes != null) {
      tokenTypes.set(rng.normal(0.02, config.ends().tokenTypes(), config.dModel()));
    }
  }

  @Override
  protected Layer blank() {
    return new Decoder(config);
  }
}
