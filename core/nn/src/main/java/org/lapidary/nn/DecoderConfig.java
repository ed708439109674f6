package org.lapidary.nn;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A language model over one sequence. Covers GPT-2, GPT-NeoX, Llama, Mistral, Qwen, Gemma and Phi,
 * and the encoder BERT, by its settings alone.
 *
 * @param family the name of the published family, or {@code decoder}
 * @param vocab number of token ids
 * @param dModel width of the residual stream
 * @param layers number of blocks
 * @param heads attention heads
 * @param kvHeads heads of keys and values; fewer than heads is grouped-query attention
 * @param dHead width of a head
 * @param dMlp hidden width of the MLP
 * @param context longest sequence
 * @param norm {@code layernorm}, {@code rmsnorm}, {@code rmsnorm1p} or {@code none}
 * @param epsilon of the norms
 * @param placement {@code pre}, {@code post}, {@code sandwich} (before and after each sublayer, as
 *     in Gemma 2) or {@code parallel} (both sublayers read the same stream, as in GPT-NeoX and Phi)
 * @param mixer the token mixer: {@code attention} is causal, {@code bidirectional-attention} is
 *     not; see {@link Slots#tokenMixers}
 * @param mlp the channel mixer: {@code mlp}, {@code gated} or {@code none}; see {@link
 *     Slots#channelMixers}
 * @param activation see {@link Slots#ACTIVATIONS}
 * @param positions {@code learned}, {@code rope} or {@code none}
 * @param rope for {@code rope}
 * @param biases which projections have one
 * @param extras what few families have
 * @param tied whether the unembedding is the embedding
 * @param ends what stands before the first block and after the last
 */
public record DecoderConfig(
    String family,
    int vocab,
    int dModel,
    int layers,
    int heads,
    int kvHeads,
    int dHead,
    int dMlp,
    int context,
    String norm,
    double epsilon,
    String placement,
    String mixer,
    String mlp,
    String activation,
    String positions,
    @Nullable Rope rope,
    Biases biases,
    Extras extras,
    boolean tied,
    Ends ends)
    implements ModelConfig {

  /** Which projections have a bias. */
  public record Biases(
      boolean qkv, boolean attentionOut, boolean mlp, boolean unembed, boolean norm) {
    public static final Biases NONE = new Biases(false, false, false, false, false);
    public static final Biases ALL = new Biases(true, true, true, false, true);
  }

  /**
   * What few families have.
   *
   * @param sharedNorm one norm for both sublayers of a parallel block (Phi)
   * @param qkNorm queries and keys are normalised per head (Qwen 3)
   * @param embeddingScale the embedding is multiplied by it (Gemma: sqrt(dModel))
   * @param attentionScale scores are multiplied by it; 0 means 1/sqrt(dHead)
   * @param attentionSoftcap scores become c tanh(score / c); 0 means off (Gemma 2)
   * @param logitSoftcap the same for logits
   * @param window keys further back than this are not seen; 0 means all (Mistral)
   * @param windowEvery only layers with index % windowEvery == 0 have the window (Gemma 2: 2), 1:
   *     all
   */
  public record Extras(
      boolean sharedNorm,
      boolean qkNorm,
      double embeddingScale,
      double attentionScale,
      double attentionSoftcap,
      double logitSoftcap,
      int window,
      int windowEvery) {
    public static final Extras NONE = new Extras(false, false, 1, 0, 0, 0, 0, 1);
  }

  /**
   * What stands before the first block and after the last.
   *
   * @param tokenTypes kinds of tokens that have an embedding each, such as BERT's two segments; 0:
   *     none
   * @param embedNorm whether the sum of the embeddings is normalised
   * @param head {@code norm}: a final norm and the unembedding; {@code masked-lm}: BERT's, a dense
   *     layer, the activation, a norm and the unembedding; {@code pooler}: the last stream comes
   *     out as it is, and {@link Decoder#pooled} has a dense layer for the first token's
   */
  public record Ends(int tokenTypes, boolean embedNorm, String head) {
    public static final Ends PLAIN = new Ends(0, false, "norm");

    public Ends {
      Slots.check("head", head, "norm", "masked-lm", "pooler");
      if (tokenTypes < 0) {
        throw new IllegalArgumentException("tokenTypes must not be negative, was " + tokenTypes);
      }
    }
  }

  /** With plain ends. */
  public DecoderConfig(
      String family,
      int vocab,
      int dModel,
      int layers,
      int heads,
      int kvHeads,
      int dHead,
      int dMlp,
      int context,
      String norm,
      double epsilon,
      String placement,
      String mixer,
      String mlp,
      String activation,
      String positions,
      @Nullable Rope rope,
      Biases biases,
      Extras extras,
      boolean tied) {
    this(
        family,
        vocab,
        dModel,
        layers,
        heads,
        kvHeads,
        dHead,
        dMlp,
        context,
        norm,
        epsilon,
        placement,
        mixer,
        mlp,
        activation,
        positions,
        rope,
        biases,
        extras,
        tied,
        Ends.PLAIN);
  }

  public DecoderConfig {
    Slots.check("norm", norm, Norm.KINDS.toArray(String[]::new));
    Slots.check("norm placement", placement, "pre", "post", "sandwich", "parallel");
    Slots.checkMixers(mixer, mlp);
    Slots.check("activation", activation, Slots.ACTIVATIONS.toArray(String[]::new));
    Slots.check("positions", positions, "learned", "rope", "none");
    positive("vocab", vocab);
    positive("dModel", dModel);
    positive("heads", heads);
    positive("kvHeads", kvHeads);
    positive("dHead", dHead);
    positive("dMlp", dMlp);
    positive("context", context);
    if (layers < 0) {
      throw new IllegalArgumentException("layers must not be negative, was " + layers);
    }
    if (heads % kvHeads != 0) {
      throw new IllegalArgumentException(
          "heads must be a multiple of kvHeads, were %d and %d".formatted(heads, kvHeads));
    }
    if (positions.equals("rope") && (rope == null || rope.dims() > dHead)) {
      throw new IllegalArgumentException(
          "rope positions need rotary settings within dHead " + dHead);
    }
  }

  private static void positive(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(what + " must be at least 1, was " + value);
    }
  }

  /** A pre-norm transformer with learned positions and a plain MLP, as GPT-2 has. */
  public static DecoderConfig gpt(
      int vocab, int dModel, int layers, int heads, int context, String activation) {
    return new DecoderConfig(
        "decoder",
        vocab,
        dModel,
        layers,
        heads,
        heads,
        dModel / heads,
        4 * dModel,
        context,
        "layernorm",
        1e-5,
        "pre",
        "attention",
        "mlp",
        activation,
        "learned",
        null,
        Biases.ALL,
        Extras.NONE,
        false);
  }

  /**
   * A BERT encoder with its masked-token head (Devlin et al., 2019, arXiv 1810.04805): post-norm
   * attention in both directions, learned positions, two token types, a tied unembedding with bias.
   */
  public static DecoderConfig bert(int vocab, int dModel, int layers, int heads, int context) {
    return new DecoderConfig(
        "bert",
        vocab,
        dModel,
        layers,
        heads,
        heads,
        dModel / heads,
        4 * dModel,
        context,
        "layernorm",
        1e-12,
        "post",
        "bidirectional-attention",
        "mlp",
        "gelu",
        "learned",
        null,
        new Biases(true, true, true, true, true),
        Extras.NONE,
        true,
        new Ends(2, true, "masked-lm"));
  }

  /** A Llama-type transformer: RMS norm, rotary positions, gated SiLU MLP, no biases. */
  public static DecoderConfig llama(
      int vocab,
      int dModel,
      int layers,
      int heads,
      int kvHeads,
      int dMlp,
      int context,
      boolean tied) {
    return new DecoderConfig(
        "llama",
        vocab,
        dModel,
        layers,
        heads,
        kvHeads,
        dModel / heads,
        dMlp,
        context,
        "rmsnorm",
        1e-5,
        "pre",
        "attention",
        "gated",
        "silu",
        "rope",
        new Rope(10000, dModel / heads, null),
        Biases.NONE,
        Extras.NONE,
        tied);
  }

  /** What each block is made of. */
  public BlockConfig block() {
    return new BlockConfig(
        dModel,
        layers,
        heads,
        kvHeads,
        dHead,
        dMlp,
        context,
        norm,
        epsilon,
        placement,
        mixer,
        mlp,
        activation,
        positions.equals("rope") ? rope : null,
        biases,
        extras,
        0);
  }

  /** The same with another hidden width of the MLP. */
  public DecoderConfig withMlp(int hidden) {
    return new DecoderConfig(
        family,
        vocab,
        dModel,
        layers,
        heads,
        kvHeads,
        dHead,
        hidden,
        context,
        norm,
        epsilon,
        placement,
        mixer,
        mlp,
        activation,
        positions,
        rope,
        biases,
        extras,
        tied,
        ends);
  }

  /** The same with other fillings of the slots norm, placement, token and channel mixer. */
  public DecoderConfig withSlots(
      String norms, String place, String tokenMixer, String channelMixer) {
    return new DecoderConfig(
        family,
        vocab,
        dModel,
        layers,
        heads,
        kvHeads,
        dHead,
        dMlp,
        context,
        norms,
        epsilon,
        place,
        tokenMixer,
        channelMixer,
        activation,
        positions,
        rope,
        biases,
        extras,
        tied,
        ends);
  }

  /** The same with another number of blocks. */
  public DecoderConfig withLayers(int count) {
    return new DecoderConfig(
        family,
        vocab,
        dModel,
        count,
        heads,
        kvHeads,
        dHead,
        dMlp,
        context,
        norm,
        epsilon,
        placement,
        mixer,
        mlp,
        activation,
        positions,
        rope,
        biases,
        extras,
        tied,
        ends);
  }

  /** The same with another vocabulary. */
  public DecoderConfig withVocab(int ids) {
    return new DecoderConfig(
        family,
        ids,
        dModel,
        layers,
        heads,
        kvHeads,
        dHead,
        dMlp,
        context,
        norm,
        epsilon,
        placement,
        mixer,
        mlp,
        activation,
        positions,
        rope,
        biases,
        extras,
        tied,
        ends);
  }

  /** The same with other ends. */
  public DecoderConfig withEnds(Ends others) {
    return new DecoderConfig(
        family,
        vocab,
        dModel,
        layers,
        heads,
        kvHeads,
        dHead,
        dMlp,
        context,
        norm,
        epsilon,
        placement,
        mixer,
        mlp,
        activation,
        positions,
        rope,
        biases,
        extras,
        tied,
        others);
  }

  /** The same with another longest sequence. */
  public DecoderConfig withContext(int tokens) {
    return new DecoderConfig(
        family,
        vocab,
        dModel,
        layers,
        heads,
        kvHeads,
        dHead,
        dMlp,
        tokens,
        norm,
        epsilon,
        placement,
        mixer,
        mlp,
        activation,
        positions,
        rope,
        biases,
        extras,
        tied,
        ends);
  }

  @Override
  public Layer build() {
    return new Decoder(this);
  }

  @Override
  public Map<String, Object> summary() {
    Map<String, Object> m = new LinkedHashMap<>();
    m.put("family", family);
    m.put("layers", layers);
    m.put("dModel", dModel);
    m.put(
        "heads", kvHeads == heads ? "" + heads : heads + " (" + kvHeads + " for keys and values)");
    m.put("dHead", dHead);
    m.put("dMlp", dMlp + " " + (mlp.equals("gated") ? "gated " : "") + activation);
    m.put("vocab", vocab + (tied ? " (tied)" : ""));
    m.put("context", context);
    m.put("norm", norm + " " + placement);
    if (!mixer.equals("attention")) {
      m.put("mixer", mixer);
    }
    if (!ends.head().equals("norm")) {
      m.put("head", ends.head());
    }
    m.put("positions", positions);
    return m;
  }
}
