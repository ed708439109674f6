package org.lapidary.interpret.circuit;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * What can be said of transcoder features without any input: products of parameters. The gains of
 * the norms are folded in and their scales left out, so each row is meant up to a positive factor
 * that depends on the input.
 */
public final class InvariantView {
  private final Decoder decoder;

  public InvariantView(Model model) {
    MlpSites.requirePreNorm(model);
    decoder = model.decoder();
  }

  /** A token id and how much it matters. */
  public record TokenWeight(int token, double weight) {}

  /**
   * W_E f_enc: how much each token's own embedding excites a feature.
   *
   * @return float64 [vocab]
   */
  public Tensor deEmbedding(int layer, Dictionary dictionary, int feature) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor reader = dictionary.reader(feature).to(DType.FLOAT64);
      Tensor pulled = beforeMlp(layer).pull(reader);
      Tensor embedding = decoder.embedding().value().to(DType.FLOAT64);
      double scale = decoder.config().extras().embeddingScale();
      return scope.keep(embedding.matmul(pulled.unsqueeze(1)).squeeze(1).mul(scale));
    }
  }

  /**
   * f_dec W_U: how a feature moves the logits directly.
   *
   * @return float64 [vocab]
   */
  public Tensor logitEffect(Dictionary dictionary, int feature) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor direction = dictionary.direction(feature).to(DType.FLOAT64);
      Tensor pushed = FrozenNorm.of(decoder.lnFinal()).push(direction);
      Tensor unembedding = decoder.unembedding().to(DType.FLOAT64);
      return scope.keep(unembedding.matmul(pushed.unsqueeze(1)).squeeze(1));
    }
  }

  /**
   * F_dec F_enc^T: how features of one layer excite those of a later one at the same token.
   *
   * @param later the layer of {@code to}
   * @return float64 [features of from, features of to]
   */
  public Tensor connections(Dictionary from, int later, Dictionary to) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor readers = beforeMlp(later).pull(to.encoder().to(DType.FLOAT64));
      return scope.keep(from.decoder().to(DType.FLOAT64).matmul(readers.t()));
    }
  }

  private FrozenNorm beforeMlp(int layer) {
    return FrozenNorm.of(
        java.util.Objects.requireNonNull(
            decoder
                .blocks()
                .get(java.util.Objects.checkIndex(layer, decoder.blocks().size()))
                .ln2()));
  }

  /** The k tokens of largest weight, the largest first. */
  public static List<TokenWeight> top(Tensor weights, int k) {
    try (Scope scope = Scope.open()) {
      Tensor.Indexed top = weights.topk(Math.min(k, weights.elements()), 0);
      double[] values = top.values().toDoubles();
      long[] ids = top.indices().toLongs();
      List<TokenWeight> all = new ArrayList<>();
      for (int i = 0; i < values.length; i++) {
        all.add(new TokenWeight((int) ids[i], values[i]));
      }
      return all;
    }
  }
}
