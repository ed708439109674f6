package org.lapidary.nn;

import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.Tensor;

/**
 * One block of a {@link Decoder}: attention and an MLP that read from and write to the residual
 * stream [batch, position, dModel].
 *
 * <p>Sites: {@code hook_resid_pre}, {@code hook_attn_in}, {@code hook_attn_out}, {@code
 * hook_resid_mid}, {@code hook_mlp_in}, {@code hook_mlp_out}, {@code hook_resid_post}. {@code
 * hook_attn_in} and {@code hook_mlp_in} are the stream before the norm; what the sublayers see is
 * {@code ln1.hook_normalized} times the norm's weight.
 */
public final class Block extends Layer {
  private final DecoderConfig config;
  private final int index;
  private final Norm ln1;
  private final @Nullable Norm ln1Post;
  private final @Nullable Norm ln2;
  private final @Nullable Norm ln2Post;
  private final SelfAttention attention;
  private final @Nullable Slot<UnaryLayer> mlp;

  public Block(DecoderConfig config, int index) {
    this.config = config;
    this.index = index;
    boolean sandwich = config.placement().equals("sandwich");
    boolean hasMlp = !config.mlp().equals("none");
    ln1 = child("ln1", norm());
    attention = child("attn", new SelfAttention(config, index));
    ln1Post = sandwich ? child("ln1_post", norm()) : null;
    ln2 = hasMlp && !config.extras().sharedNorm() ? child("ln2", norm()) : null;
    double deviation = 0.02 / Math.sqrt(2.0 * config.layers());
    mlp =
        switch (config.mlp()) {
          case "mlp" ->
              slot(
                  "mlp",
                  UnaryLayer.class,
                  new Mlp(
                      config.dModel(),
                      config.dMlp(),
                      config.activation(),
                      config.biases().mlp(),
                      deviation));
          case "gated" ->
              slot(
                  "mlp",
                  UnaryLayer.class,
                  new GatedMlp(
                      config.dModel(),
                      config.dMlp(),
                      config.activation(),
                      config.biases().mlp(),
                      deviation));
          default -> null;
        };
    ln2Post = sandwich && hasMlp ? child("ln2_post", norm()) : null;
  }

  private Norm norm() {
    return new Norm(
        config.norm(),
        config.dModel(),
        config.epsilon(),
        config.norm().equals("layernorm") && config.biases().norm());
  }

  /** The stream after this block; x [batch, position, dModel]. */
  public Tensor forward(Tensor stream, @Nullable KvCache cache) {
    Tensor x = site("hook_resid_pre", stream);
    boolean post = config.placement().equals("post");
    Tensor read = site("hook_attn_in", x);
    Tensor normed = post ? read : ln1.forward(read);
    Tensor a = attention.forward(normed, cache);
    a = site("hook_attn_out", ln1Post == null ? a : ln1Post.forward(a));
    Slot<UnaryLayer> channelMixer = mlp;
    if (channelMixer == null) {
      return site("hook_resid_post", post ? ln1.forward(x.add(a)) : x.add(a));
    }
    if (config.placement().equals("parallel")) {
      Tensor in = site("hook_mlp_in", x);
      Tensor m = channelMixer.get().forward(ln2 == null ? normed : ln2.forward(in));
      return site("hook_resid_post", x.add(a).add(site("hook_mlp_out", m)));
    }
    Tensor mid = site("hook_resid_mid", post ? ln1.forward(x.add(a)) : x.add(a));
    Tensor in = site("hook_mlp_in", mid);
    Tensor m = channelMixer.get().forward(post || ln2 == null ? in : ln2.forward(in));
    m = site("hook_mlp_out", ln2Post == null ? m : ln2Post.forward(m));
    Tensor sum = mid.add(m);
    return site("hook_resid_post", post && ln2 != null ? ln2.forward(sum) : sum);
  }

  public SelfAttention attention() {
    return attention;
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
