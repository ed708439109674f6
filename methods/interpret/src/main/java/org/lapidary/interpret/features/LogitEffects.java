package org.lapidary.interpret.features;

import java.util.Arrays;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lapidary.interpret.circuit.FrozenNorm;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * How features move the logits directly: W_U (g * f_dec), with the gain g of the last norm and
 * without its scale, so that effects of one feature compare with each other. For each feature the
 * tokens it moves most, for each token the features that move it most.
 */
final class LogitEffects {
  /** Values of a table of effects that are there at once. */
  private static final long MOST_VALUES = 1 << 23;

  /** Sites that are the stream, or are added to it. */
  private static final Pattern STREAM =
      Pattern.compile("blocks\\.\\d+\\.hook_(mlp_out|attn_out|resid_(pre|mid|post))");

  /** The strongest of a table, up or down. */
  record Strongest(int each, int[] index, float[] effect) {}

  /** [features, each]: tokens. */
  final Strongest raised;

  final Strongest lowered;

  /** [vocab, each]: features. */
  final Strongest raising;

  final Strongest lowering;

  private LogitEffects(Strongest raised, Strongest lowered, Strongest raising, Strongest lowering) {
    this.raised = raised;
    this.lowered = lowered;
    this.raising = raising;
    this.lowering = lowering;
  }

  /** Why a dictionary's features have no direct effect on a model's logits; null if they have. */
  static @Nullable String missing(Model model, Dictionary dictionary) {
    if (!(model.layer() instanceof Decoder decoder)) {
      return "the model is no decoder";
    }
    if (!decoder.config().placement().equals("pre")) {
      return "the model's blocks are not pre-norm";
    }
    if (!STREAM.matcher(dictionary.outputSite()).matches()
        || dictionary.dOut() != decoder.config().dModel()) {
      return "the features do not write into the residual stream";
    }
    try {
      decoder.unembedding();
    } catch (IllegalStateException e) {
      return e.getMessage();
    }
    return null;
  }

  /**
   * Of the features that are alive.
   *
   * @param tokens for a feature
   * @param features for a token
   */
  static LogitEffects of(
      Model model, Dictionary dictionary, long[] alive, int tokens, int features) {
    Decoder decoder = model.decoder();
    int vocab = decoder.config().vocab();
    int n = alive.length;
    int perFeature = Math.min(tokens, vocab);
    int perToken = Math.min(features, n);
    Strongest raised = strongest(dictionary.features(), perFeature);
    Strongest lowered = strongest(dictionary.features(), perFeature);
    Strongest raising = strongest(vocab, perToken);
    Strongest lowering = strongest(vocab, perToken);
    if (n == 0) {
      return new LogitEffects(raised, lowered, raising, lowering);
    }
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor unembedding = decoder.unembedding().to(DType.FLOAT32);
      Tensor directions = dictionary.decoder().indexSelect(0, Tensor.of(alive, n));
      Tensor pushed =
          FrozenNorm.of(decoder.lnFinal()).push(directions.to(DType.FLOAT64)).to(DType.FLOAT32);
      int together = (int) Math.clamp(MOST_VALUES / vocab, 1, n);
      for (int from = 0; from < n; from += together) {
        int to = Math.min(n, from + together);
        try (Scope inner = Scope.open()) {
          Tensor effects = pushed.slice(0, from, to).linear(unembedding, null);
          byFeature(effects, 1, raised, alive, from);
          byFeature(effects, -1, lowered, alive, from);
          Tensor columns = effects.t().contiguous();
          byToken(columns, 1, raising, alive, from);
          byToken(columns, -1, lowering, alive, from);
        }
      }
    }
    return new LogitEffects(raised, lowered, raising, lowering);
  }

  private static Strongest strongest(int rows, int each) {
    int[] none = new int[rows * each];
    Arrays.fill(none, -1);
    return new Strongest(each, none, new float[none.length]);
  }

  private static void byFeature(Tensor effects, int sign, Strongest to, long[] alive, int from) {
    Tensor.Indexed top = (sign < 0 ? effects.neg() : effects).topk(to.each, 1);
    long[] tokens = top.indices().toLongs();
    float[] values = top.values().toFloats();
    for (int i = 0; i < values.length; i++) {
      int place = (int) alive[from + i / to.each] * to.each + i % to.each;
      to.index[place] = (int) tokens[i];
      to.effect[place] = sign * values[i];
    }
  }

  /** Merges the strongest features of a part with those so far. */
  private static void byToken(Tensor columns, int sign, Strongest to, long[] alive, int from) {
    int here = (int) Math.min(to.each, columns.size(1));
    Tensor.Indexed top = (sign < 0 ? columns.neg() : columns).topk(here, 1);
    long[] rows = top.indices().toLongs();
    float[] values = top.values().toFloats();
    int[] index = new int[to.each];
    float[] effect = new float[to.each];
    for (int token = 0; token < columns.size(0); token++) {
      int base = token * to.each;
      int old = 0;
      int fresh = 0;
      for (int k = 0; k < to.each; k++) {
        boolean left = old < to.each && to.index[base + old] >= 0;
        boolean more = fresh < here;
        if (!left && !more) {
          index[k] = -1;
        } else if (more && (!left || values[token * here + fresh] > sign * to.effect[base + old])) {
          index[k] = (int) alive[from + (int) rows[token * here + fresh]];
          effect[k] = sign * values[token * here + fresh++];
        } else {
          index[k] = to.index[base + old];
          effect[k] = to.effect[base + old++];
        }
      }
      System.arraycopy(index, 0, to.index, base, to.each);
      System.arraycopy(effect, 0, to.effect, base, to.each);
    }
  }
}
