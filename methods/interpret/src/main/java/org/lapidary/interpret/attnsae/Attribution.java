package org.lapidary.interpret.attnsae;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lapidary.interpret.circuit.FrozenNorm;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Block;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Direct feature attribution: the pre-activation of a feature of z, which is linear in z, split
 * exactly by head and source token, and the sources further by what the stream there is made of.
 * Numbers are float64. A pass over n tokens is run once; the terms of a feature cost O(n heads
 * dHead).
 */
public final class Attribution {

  /** What a part of the stream at a source token is. */
  public enum Part {
    EMBEDDING,
    FEATURE,
    ERROR,
    ATTENTION,
    MLP,
    BIAS
  }

  /**
   * A part's share of a pre-activation.
   *
   * @param layer that wrote it; -1 for the embedding and for the biases of the feature itself
   * @param feature of that layer's dictionary, -1 for others
   * @param head through which it came, -1 for none
   * @param source its token, -1 for none
   */
  public record Contribution(
      Part part, int layer, int feature, int head, int source, double value) {}

  private final Model model;
  private final int layer;
  private final Dictionary dictionary;
  private final int heads;
  private final int tokens;
  private final Activations acts;
  private final Tensor pattern;
  private final Tensor values;
  private final FrozenNorm norm;

  /**
   * Records a pass over a prompt.
   *
   * @param dictionary of z at the layer
   * @param prompt token ids, at least one
   */
  public Attribution(Model model, int layer, Dictionary dictionary, int[] prompt) {
    Linear out = AttentionSae.output(model, layer);
    if (dictionary.dIn() != out.in()) {
      throw new IllegalArgumentException(
          "the dictionary reads activations of width %d and the heads of layer %d give %d; use the one trained on this layer"
              .formatted(dictionary.dIn(), layer, out.in()));
    }
    if (prompt.length == 0) {
      throw new IllegalArgumentException("a prompt needs at least one token");
    }
    this.model = model;
    this.layer = layer;
    this.heads = model.decoder().config().heads();
    this.tokens = prompt.length;
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      this.dictionary = dictionary.to(DType.FLOAT64);
      acts =
          model.capture(
              LanguageModeling.tensor(new int[][] {prompt}),
              "{hook_embed,hook_pos_embed,blocks.*.hook_resid_pre,blocks.*.attn.hook_z,blocks.*.hook_mlp_out,"
                  + "blocks.%d.attn.hook_pattern,blocks.%d.attn.hook_v,blocks.%d.ln1.hook_scale}"
                      .formatted(layer, layer, layer));
      acts.map().values().forEach(Tensor::unscoped);
      acts.output().unscoped();
      pattern = exact(acts.at("blocks." + layer + ".attn.hook_pattern"));
      Tensor v = exact(acts.at("blocks." + layer + ".attn.hook_v"));
      int kv = (int) v.size(1);
      values =
          v.unsqueeze(2)
              .expand(tokens, kv, heads / kv, v.size(2))
              .reshape(tokens, heads, v.size(2))
              .copy()
              .unscoped();
      Block block = model.decoder().blocks().get(layer);
      norm = FrozenNorm.of(block.ln1(), acts, tokens);
    }
  }

  private static Tensor exact(Tensor activation) {
    return activation.select(0, 0).to(DType.FLOAT64).copy().unscoped();
  }

  /** The pre-activation of a feature at a token, from z itself. */
  public double preActivation(int feature, int token) {
    try (Scope scope = Scope.open()) {
      Tensor z = exact(acts.at(AttentionSae.site(layer))).select(0, token);
      return dictionary.reader(feature).mul(z.reshape(z.elements())).sum().item()
          + constant(feature);
    }
  }

  /** What the pre-activation is without any head: the encoder's bias. */
  public double constant(int feature) {
    return dictionary.encoderBias().select(0, feature).item();
  }

  /**
   * A_h(t, s) W_enc[i, head h] . v_h(s), for all features i: with {@link #constant} they sum to the
   * pre-activations at token t.
   *
   * @return [features, head, source]
   */
  public Tensor terms(int token) {
    try (Scope scope = Scope.open()) {
      int n = dictionary.features();
      Tensor read = dictionary.encoder().reshape(n, heads, dictionary.dIn() / heads); // [i, h, d]
      Tensor each = Tensor.einsum("ihd,shd->ihs", read, values);
      Tensor seen = pattern.select(1, token).unsqueeze(0); // [1, h, s]
      return scope.keep(each.mul(seen));
    }
  }

  /** The terms of one feature, [head][source]. */
  public double[][] terms(int feature, int token) {
    try (Scope scope = Scope.open()) {
      double[] flat = terms(token).select(0, feature).toDoubles();
      double[][] terms = new double[heads][];
      for (int h = 0; h < heads; h++) {
        terms[h] = java.util.Arrays.copyOfRange(flat, h * tokens, (h + 1) * tokens);
      }
      return terms;
    }
  }

  /**
   * The terms split once more: v_h(s) = W_V LN(x_s) with the norm's scale held fixed, and x_s the
   * sum of the embedding, of the features of earlier attention layers through W_O (and what those
   * do not explain), of attention layers without a dictionary, and of MLPs. All contributions sum
   * to the pre-activation.
   *
   * @param earlier dictionaries of z of earlier layers, by layer
   * @throws IllegalArgumentException if the model's blocks are not pre-norm
   */
  public List<Contribution> recursive(int feature, int token, Map<Integer, Dictionary> earlier) {
    if (!model.decoder().config().placement().equals("pre")) {
      throw new IllegalArgumentException(
          "the stream splits into its parts in pre-norm models only; this one is "
              + model.decoder().config().placement());
    }
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      List<Contribution> all = new ArrayList<>();
      all.add(new Contribution(Part.BIAS, -1, -1, -1, -1, constant(feature)));
      Linear wv = AttentionSae.projection(model, layer, "v");
      int kv = model.decoder().config().kvHeads();
      Tensor weight = wv.weight().value().to(DType.FLOAT64); // [kv * dHead, dModel]
      int dHead = (int) weight.size(0) / kv;
      Tensor reader = dictionary.reader(feature).reshape(heads, dHead);
      List<Written> written = written(earlier);
      double[] seen = pattern.select(1, token).toDoubles();
      for (int h = 0; h < heads; h++) {
        int group = h * kv / heads;
        Tensor slice = weight.slice(0, (long) group * dHead, (long) (group + 1) * dHead);
        Tensor read = reader.slice(0, h, h + 1);
        Tensor direction = read.matmul(slice).reshape(slice.size(1));
        Tensor pulled = norm.pull(direction);
        double fixed = norm.constant(direction);
        if (wv.bias() != null) {
          Tensor bias = wv.bias().value().to(DType.FLOAT64);
          fixed +=
              read.reshape(dHead)
                  .mul(bias.slice(0, (long) group * dHead, (long) (group + 1) * dHead))
                  .sum()
                  .item();
        }
        for (Written part : written) {
          part.contributions(pulled, h, seen, norm.scales(), tokens, all);
        }
        for (int s = 0; s <= token; s++) {
          double a = seen[h * tokens + s];
          all.add(new Contribution(Part.BIAS, layer, -1, h, s, a * fixed));
        }
      }
      return all;
    }
  }

  /**
   * What a layer wrote into the stream: vectors by token [tokens, dModel], or activations [tokens,
   * features] and the directions [features, dModel] that they scale.
   */
  private record Written(Part part, int layer, Tensor amounts, @Nullable Tensor directions) {
    void contributions(
        Tensor pulled,
        int head,
        double[] seen,
        double[] scales,
        int tokens,
        List<Contribution> all) {
      if (directions == null) {
        double[] each = amounts.matmul(pulled.unsqueeze(1)).toDoubles();
        for (int s = 0; s < tokens; s++) {
          double a = seen[head * tokens + s];
          if (a != 0) {
            all.add(new Contribution(part, layer, -1, head, s, a * each[s] / scales[s]));
          }
        }
        return;
      }
      double[] along = directions.matmul(pulled.unsqueeze(1)).toDoubles();
      double[] f = amounts.toDoubles();
      for (int s = 0; s < tokens; s++) {
        double a = seen[head * tokens + s];
        for (int i = 0; a != 0 && i < along.length; i++) {
          double value = f[s * along.length + i];
          if (value != 0) {
            all.add(new Contribution(part, layer, i, head, s, a * value * along[i] / scales[s]));
          }
        }
      }
    }
  }

  private List<Written> written(Map<Integer, Dictionary> earlier) {
    List<Written> parts = new ArrayList<>();
    Tensor first = exact(acts.at("blocks.0.hook_resid_pre"));
    parts.add(new Written(Part.EMBEDDING, -1, first, null));
    for (int l = 0; l < layer; l++) {
      Linear out = AttentionSae.output(model, l);
      Tensor w = out.weight().value().to(DType.FLOAT64).t(); // [heads * dHead, dModel]
      Tensor z = exact(acts.at(AttentionSae.site(l)));
      z = z.reshape(tokens, z.elements() / tokens);
      Dictionary known = earlier.get(l);
      if (known == null) {
        parts.add(new Written(Part.ATTENTION, l, z.matmul(w), null));
      } else {
        Dictionary d = known.to(DType.FLOAT64);
        Tensor f = d.encode(z);
        parts.add(new Written(Part.FEATURE, l, f, d.decoder().matmul(w)));
        parts.add(new Written(Part.ERROR, l, z.sub(d.decode(f)).matmul(w), null));
        parts.add(
            new Written(
                Part.BIAS,
                l,
                d.decoderBias().unsqueeze(0).matmul(w).expand(tokens, w.size(1)).copy(),
                null));
      }
      if (out.bias() != null) {
        Tensor bias = out.bias().value().to(DType.FLOAT64).unsqueeze(0);
        parts.add(new Written(Part.BIAS, l, bias.expand(tokens, w.size(1)).copy(), null));
      }
      String mlp = "blocks." + l + ".hook_mlp_out";
      if (acts.sites().contains(mlp)) {
        parts.add(new Written(Part.MLP, l, exact(acts.at(mlp)), null));
      }
    }
    return parts;
  }
}
