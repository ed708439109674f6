package org.lapidary.nn;

import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.Decomposition;
import org.lapidary.tensor.Tensor;

/**
 * Multi-head self-attention with grouped queries, causal or not. x [batch, position, dModel] to the
 * same.
 *
 * <p>Sites: {@code hook_q}, {@code hook_k}, {@code hook_v}, {@code hook_z} [batch, position, head,
 * dHead] (with {@code hook_rot_q}, {@code hook_rot_k} after rotation), {@code hook_attn_scores} and
 * {@code hook_pattern} [batch, head, query, key], {@code hook_result} [batch, position, head,
 * dModel], each head's part of the output.
 */
public final class SelfAttention extends Layer implements TokenMixer {
  private final BlockConfig config;
  private final int index;
  private final boolean causal;
  private final Slot<UnaryLayer> q;
  private final Slot<UnaryLayer> k;
  private final Slot<UnaryLayer> v;
  private final Slot<UnaryLayer> o;
  private final @Nullable Norm qNorm;
  private final @Nullable Norm kNorm;

  public SelfAttention(BlockConfig config, int index, boolean causal) {
    this.config = config;
    this.index = index;
    this.causal = causal;
    int inner = config.heads() * config.dHead();
    int kv = config.kvHeads() * config.dHead();
    boolean bias = config.biases().qkv();
    q = slot("q", UnaryLayer.class, new Linear(config.dModel(), inner, bias, 0.02));
    k = slot("k", UnaryLayer.class, new Linear(config.dModel(), kv, bias, 0.02));
    v = slot("v", UnaryLayer.class, new Linear(config.dModel(), kv, bias, 0.02));
    o =
        slot(
            "o",
            UnaryLayer.class,
            new Linear(
                inner, config.dModel(), config.biases().attentionOut(), config.outDeviation()));
    boolean norms = config.extras().qkNorm();
    qNorm =
        norms ? child("q_norm", new Norm(config.norm(), config.dHead(), config.epsilon())) : null;
    kNorm =
        norms ? child("k_norm", new Norm(config.norm(), config.dHead(), config.epsilon())) : null;
  }

  @Override
  public boolean causal() {
    return causal;
  }

  @Override
  public Tensor forward(Tensor x, Positions positions) {
    KvCache cache = positions.cache();
    long batch = x.size(0);
    long length = x.size(1);
    Tensor queries = heads(q.get().forward(x), config.heads());
    Tensor keys = heads(k.get().forward(x), config.kvHeads());
    Tensor values = site("hook_v", heads(v.get().forward(x), config.kvHeads()));
    if (qNorm != null && kNorm != null) {
      queries = qNorm.forward(queries);
      keys = kNorm.forward(keys);
    }
    queries = site("hook_q", queries);
    keys = site("hook_k", keys);
    Rope rope = config.rope();
    if (rope != null) {
      long first = cache == null ? 0 : cache.length();
      queries = site("hook_rot_q", rope.rotate(queries, first));
      keys = site("hook_rot_k", rope.rotate(keys, first));
    }
    if (cache != null) {
      KvCache.Pair all = cache.append(index, keys, values);
      keys = all.keys();
      values = all.values();
    }
    Tensor z =
        attend(
            queries.transpose(1, 2),
            spread(keys).transpose(1, 2),
            spread(values).transpose(1, 2),
            positions.padding());
    z = site("hook_z", z.transpose(1, 2));
    if (wanted("hook_result") && o.get() instanceof Linear linear) {
      return results(z, linear);
    }
    return o.get().forward(z.reshape(batch, length, (long) config.heads() * config.dHead()));
  }

  private Tensor heads(Tensor x, int heads) {
    return x.reshape(x.size(0), x.size(1), heads, config.dHead());
  }

  /** Every group of query heads reads one head of keys: [b, p, kvHead, d] to [b, p, head, d]. */
  private Tensor spread(Tensor x) {
    int group = config.heads() / config.kvHeads();
    if (group == 1) {
      return x;
    }
    long b = x.size(0);
    long p = x.size(1);
    return x.unsqueeze(3)
        .expand(b, p, config.kvHeads(), group, config.dHead())
        .reshape(b, p, config.heads(), config.dHead());
  }

  /** q, k, v [batch, head, position, dHead]; hidden BOOL [batch, key]. */
  private Tensor attend(Tensor queries, Tensor keys, Tensor values, @Nullable Tensor hidden) {
    DecoderConfig.Extras extras = config.extras();
    double scale =
        extras.attentionScale() == 0 ? 1 / Math.sqrt(config.dHead()) : extras.attentionScale();
    long n = queries.size(2);
    long m = keys.size(2);
    boolean windowed =
        extras.window() > 0 && m > extras.window() && index % extras.windowEvery() == 0;
    boolean plain =
        extras.attentionSoftcap() == 0 && !wanted("hook_attn_scores") && !wanted("hook_pattern");
    if (plain) {
      Tensor unseen = windowed ? tooFar(n, m) : null;
      if (hidden != null) {
        Tensor h = overKeys(hidden);
        unseen = unseen == null ? h : unseen.or(h);
      }
      Tensor mask =
          unseen == null
              ? null
              : Tensor.zeros(unseen.shape().toArray())
                  .to(queries.dtype())
                  .maskedFill(unseen, Double.NEGATIVE_INFINITY);
      return Tensor.attention(queries, keys, values, mask, causal, scale);
    }
    Tensor scores = queries.matmul(keys.t()).mul(scale);
    if (extras.attentionSoftcap() != 0) {
      scores = scores.div(extras.attentionSoftcap()).tanh().mul(extras.attentionSoftcap());
    }
    if (causal) {
      scores = scores.maskedFill(Decomposition.causalMask(n, m), Double.NEGATIVE_INFINITY);
    }
    if (hidden != null) {
      scores = scores.maskedFill(overKeys(hidden), Double.NEGATIVE_INFINITY);
    }
    if (windowed) {
      scores = scores.maskedFill(tooFar(n, m), Double.NEGATIVE_INFINITY);
    }
    scores = site("hook_attn_scores", scores);
    return site("hook_pattern", scores.softmax(-1)).matmul(values);
  }

  private static Tensor overKeys(Tensor hidden) {
    return hidden.reshape(hidden.size(0), 1, 1, hidden.size(1));
  }

  /** BOOL [queries, keys], true where a key lies outside the window. */
  private Tensor tooFar(long n, long m) {
    Tensor row = Tensor.arange(n).add(m - n - config.extras().window()).reshape(n, 1);
    return Tensor.arange(m).reshape(1, m).le(row);
  }

  private Tensor results(Tensor z, Linear out) {
    Tensor w = out.weight().value().reshape(config.dModel(), config.heads(), config.dHead());
    Tensor parts = site("hook_result", Tensor.einsum("bphd,mhd->bphm", z, w));
    Tensor sum = parts.sum(false, 2);
    return out.bias() == null ? sum : sum.add(out.bias().value());
  }

  @Override
  protected Layer blank() {
    return new SelfAttention(config, index, causal);
  }
}
