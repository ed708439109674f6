package org.lapidary.nn;

import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

/**
 * One block of a {@link Decoder} or {@link MetaFormer}: a token mixer and a channel mixer that read
 * from and write to the residual stream [batch, position, dModel].
 *
 * <p>Sites: {@code hook_resid_pre}, {@code hook_attn_in}, {@code hook_attn_out}, {@code
 * hook_resid_mid}, {@code hook_mlp_in}, {@code hook_mlp_out}, {@code hook_resid_post}; where the
 * token mixer is no attention, {@code hook_mixer_in} and {@code hook_mixer_out}. {@code
 * hook_attn_in} and {@code hook_mlp_in} are the stream before the norm; what the sublayers see is
 * {@code ln1.hook_normalized} times the norm's weight. In a post-norm block {@code hook_resid_mid}
 * and {@code hook_resid_post} are the sums before the norms, and {@code hook_normalized_resid_post}
 * is what the next block reads.
 */
public final class Block extends Layer {
  private final BlockConfig config;
  private final int index;
  private final String mixerName;
  private final Norm ln1;
  private final @Nullable Norm ln1Post;
  private final @Nullable Norm ln2;
  private final @Nullable Norm ln2Post;
  private final Slot<TokenMixer> mixer;
  private final @Nullable Slot<UnaryLayer> mlp;
  private final @Nullable Parameter scale1;
  private final @Nullable Parameter scale2;

  public Block(DecoderConfig config, int index) {
    this(config.block(), index);
  }

  public Block(BlockConfig config, int index) {
    this.config = config;
    this.index = index;
    boolean sandwich = config.placement().equals("sandwich");
    boolean hasMlp = !config.mlp().equals("none");
    mixerName = Slots.isAttention(config.mixer()) ? "attn" : "mixer";
    ln1 = child("ln1", config.newNorm());
    mixer = slot(mixerName, TokenMixer.class, Slots.newTokenMixer(config, index));
    ln1Post = sandwich ? child("ln1_post", config.newNorm()) : null;
    ln2 = hasMlp && !config.extras().sharedNorm() ? child("ln2", config.newNorm()) : null;
    mlp = hasMlp ? slot("mlp", UnaryLayer.class, Slots.newChannelMixer(config, index)) : null;
    ln2Post = sandwich && hasMlp ? child("ln2_post", config.newNorm()) : null;
    scale1 = config.layerScale() == 0 ? null : parameter("scale1", startingScale());
    scale2 = config.layerScale() == 0 || !hasMlp ? null : parameter("scale2", startingScale());
  }

  private Tensor startingScale() {
    return Tensor.full(DType.FLOAT32, Shape.of(config.dModel()), config.layerScale());
  }

  /** The stream after this block; x [batch, position, dModel]. */
  public Tensor forward(Tensor stream, @Nullable KvCache cache) {
    return forwardAt(stream, Positions.following(cache));
  }

  /** The stream after this block, of positions about which more is known. */
  public Tensor forwardAt(Tensor stream, Positions positions) {
    Tensor x = site("hook_resid_pre", stream);
    boolean post = config.placement().equals("post");
    Tensor read = site("hook_" + mixerName + "_in", x);
    Tensor normed = post ? read : ln1.forward(read);
    Tensor a = scaled(mixer.get().forward(normed, positions), scale1);
    a = site("hook_" + mixerName + "_out", ln1Post == null ? a : ln1Post.forward(a));
    Slot<UnaryLayer> channelMixer = mlp;
    if (channelMixer == null) {
      return after(x.add(a), ln1);
    }
    if (config.placement().equals("parallel")) {
      Tensor in = site("hook_mlp_in", x);
      Tensor m = scaled(channelMixer.get().forward(ln2 == null ? normed : ln2.forward(in)), scale2);
      return site("hook_resid_post", x.add(a).add(site("hook_mlp_out", m)));
    }
    Tensor mid = site("hook_resid_mid", x.add(a));
    mid = post ? ln1.forward(mid) : mid;
    Tensor in = site("hook_mlp_in", mid);
    Tensor m =
        scaled(channelMixer.get().forward(post || ln2 == null ? in : ln2.forward(in)), scale2);
    m = site("hook_mlp_out", ln2Post == null ? m : ln2Post.forward(m));
    return after(mid.add(m), ln2);
  }

  private Tensor after(Tensor sum, @Nullable Norm last) {
    Tensor x = site("hook_resid_post", sum);
    return config.placement().equals("post") && last != null
        ? site("hook_normalized_resid_post", last.forward(x))
        : x;
  }

  private static Tensor scaled(Tensor x, @Nullable Parameter scale) {
    return scale == null ? x : x.mul(scale.value());
  }

  /**
   * The token mixer, where it is the standard attention.
   *
   * @throws IllegalStateException where it is another
   */
  public SelfAttention attention() {
    if (mixer.get() instanceof SelfAttention attention) {
      return attention;
    }
    throw new IllegalStateException(
        "the token mixer of '%s' is a %s, not an attention with queries and keys"
            .formatted(path(), mixer.get().getClass().getSimpleName()));
  }

  public TokenMixer mixer() {
    return mixer.get();
  }

  /** The channel mixer; null in an attention-only model. */
  public @Nullable UnaryLayer mlp() {
    return mlp == null ? null : mlp.get();
  }

  /** The norm before attention (after it, in a post-norm model). */
  public Norm ln1() {
    return ln1;
  }

  /** The norm before the MLP; null where it shares the first. */
  public @Nullable Norm ln2() {
    return ln2;
  }

  @Override
  protected Layer blank() {
    return new Block(config, index);
  }
}
