package org.lapidary.interpret.circuit;

import org.lapidary.nn.Decoder;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Directions of the residual stream carried back through a pre-norm decoder's parameters: what is
 * linear once attention patterns and norm scales are given. The scales themselves are left out, so
 * a direction is meant up to a positive factor that depends on the input. All tensors are float64
 * and belong to the caller's scope.
 */
public final class Pullback {
  private final Decoder decoder;

  /**
   * @throws IllegalArgumentException if the blocks are not pre-norm
   */
  public Pullback(Model model) {
    MlpSites.requirePreNorm(model);
    decoder = model.decoder();
  }

  /**
   * A weighted sum of logits as a direction of the normalised final stream: W_U^T n.
   *
   * @param weights n, one for every token id
   * @return [dModel]
   */
  public Tensor afterFinalNorm(double[] weights) {
    if (weights.length != decoder.config().vocab()) {
      throw new IllegalArgumentException(
          "a direction in logits has %d weights, was given %d"
              .formatted(decoder.config().vocab(), weights.length));
    }
    return Autograd.noGrad(() ->
        Tensor.of(weights).unsqueeze(0).matmul(decoder.unembedding().to(DType.FLOAT64)).squeeze(0));
  }

  /** The same as a direction of the last residual stream: the norm's gain, and its centring. */
  public Tensor logits(double[] weights) {
    try (Scope scope = Scope.open()) {
      Tensor after = afterFinalNorm(weights);
      return scope.keep(Autograd.noGrad(() -> FrozenNorm.of(decoder.lnFinal()).pull(after)));
    }
  }

  /**
   * A direction of the stream after an attention sublayer as one of the stream before it, at the
   * token attended to: through a head's W_O W_V and the norm.
   *
   * @param direction [dModel]
   * @return [dModel]
   */
  public Tensor head(Tensor direction, int layer, int head) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      return scope.keep(ln1(layer).pull(headAfterNorm(direction, layer, head)));
    }
  }

  /** The same, as a direction of the normalised stream. */
  public Tensor headAfterNorm(Tensor direction, int layer, int head) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      return scope.keep(beforeValues(atHeads(direction, layer).select(0, head), layer, head));
    }
  }

  /**
   * What a head's query looks for, as a direction of the stream at the keys: W_K^T (W_Q q + b_Q)
   * times the scale of the scores, through the norm.
   *
   * @param query the normalised stream that asks, [dModel]
   * @return [dModel]
   */
  public Tensor keys(Tensor query, int layer, int head) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      int dHead = decoder.config().dHead();
      long first = (long) head * dHead;
      Linear q = linear("blocks." + layer + ".attn.q");
      Linear k = linear("blocks." + layer + ".attn.k");
      Tensor rows = q.weight().value().to(DType.FLOAT64).slice(0, first, first + dHead);
      Tensor asked = rows.matmul(query.unsqueeze(1)).squeeze(1);
      if (q.bias() != null) {
        asked = asked.add(q.bias().value().to(DType.FLOAT64).slice(0, first, first + dHead));
      }
      double given = decoder.config().extras().attentionScale();
      double scale = given == 0 ? 1 / Math.sqrt(dHead) : given;
      Tensor before =
          asked.unsqueeze(0).matmul(ofHead(k.weight().value(), head)).squeeze(0).mul(scale);
      return scope.keep(ln1(layer).pull(before));
    }
  }

  private FrozenNorm ln1(int layer) {
    return FrozenNorm.of(decoder.blocks().get(layer).ln1());
  }

  /** (W_O^h)^T direction for every head, [head, dHead]. */
  Tensor atHeads(Tensor direction, int layer) {
    return direction
        .unsqueeze(0)
        .matmul(output(layer).weight().value().to(DType.FLOAT64))
        .reshape(decoder.config().heads(), decoder.config().dHead());
  }

  /** (W_V^h)^T atHead: [dHead] to [dModel], a direction of what the attention reads. */
  Tensor beforeValues(Tensor atHead, int layer, int head) {
    return atHead.unsqueeze(0).matmul(ofHead(values(layer).weight().value(), head)).squeeze(0);
  }

  /** The rows of a head's values; heads that share keys and values share them. */
  Tensor ofHead(Tensor rows, int head) {
    int dHead = decoder.config().dHead();
    long first = (long) head / (decoder.config().heads() / decoder.config().kvHeads()) * dHead;
    return rows.to(DType.FLOAT64).slice(0, first, first + dHead);
  }

  Linear output(int layer) {
    return linear("blocks." + layer + ".attn.o");
  }

  Linear values(int layer) {
    return linear("blocks." + layer + ".attn.v");
  }

  private Linear linear(String path) {
    if (decoder.layer(path) instanceof Linear linear) {
      return linear;
    }
    throw new IllegalArgumentException(
        "'%s' is a packed matrix; attributions need the dense model".formatted(path));
  }
}
