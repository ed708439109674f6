package org.lapidary.interpret.attnsae;

import org.lapidary.evidence.Progress;
import org.lapidary.interpret.circuit.FrozenNorm;
import org.lapidary.interpret.dictionary.ActivationBuffer;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Trains a dictionary of the concatenated head outputs z [heads * dHead] of an attention layer,
 * before the output projection.
 *
 * @param training of the dictionary
 * @param pool tokens held at once, see {@link ActivationBuffer}
 */
public record AttentionSae(DictionaryTrainer.Settings training, int pool) {

  /** With the trainer's defaults and a pool of 131072 tokens. */
  public static AttentionSae defaults(int features) {
    return new AttentionSae(DictionaryTrainer.Settings.defaults(features), 1 << 17);
  }

  public AttentionSae withTraining(DictionaryTrainer.Settings other) {
    return new AttentionSae(other, pool);
  }

  /** The site that the dictionary of a layer reads and writes. */
  public static String site(int layer) {
    return "blocks." + layer + ".attn.hook_z";
  }

  /**
   * Trains.
   *
   * @param texts of one length, in tokens
   * @throws IllegalArgumentException if the layer has no attention with heads, or there are no
   *     texts
   */
  public DictionaryTrainer.Trained train(Model model, int layer, int[][] texts, Progress progress) {
    output(model, layer);
    String site = site(layer);
    try (ActivationBuffer buffer =
        new ActivationBuffer(model, site, site, texts, pool, training.seed())) {
      return new DictionaryTrainer(training).train(buffer.outputs(), site, site, progress);
    }
  }

  /** W_O of a layer; its weight is [dModel, heads * dHead]. */
  static Linear output(Model model, int layer) {
    int layers = model.decoder().blocks().size();
    if (layer < 0 || layer >= layers) {
      throw new IllegalArgumentException(
          "layer %d does not exist; the model has layers 0 to %d".formatted(layer, layers - 1));
    }
    return projection(model, layer, "o");
  }

  static Linear projection(Model model, int layer, String name) {
    var attention = model.decoder().blocks().get(layer).attention();
    if (attention.children().get(name) instanceof Linear linear) {
      return linear;
    }
    throw new IllegalArgumentException(
        "the projection '%s' of layer %d is no plain matrix; unpack or dequantise the model first"
            .formatted(name, layer));
  }

  /**
   * The share of each head in the directions of a dictionary: |W_dec[i, head h]| over its sum over
   * heads.
   *
   * @return [feature][head]
   */
  public static double[][] headShares(Dictionary dictionary, int heads) {
    if (heads < 1 || dictionary.dOut() % heads != 0) {
      throw new IllegalArgumentException(
          "directions of width %d cannot be split over %d heads"
              .formatted(dictionary.dOut(), heads));
    }
    try (Scope scope = Scope.open()) {
      int n = dictionary.features();
      double[] norms =
          dictionary
              .decoder()
              .reshape(n, heads, dictionary.dOut() / heads)
              .norm(false, 2)
              .toDoubles();
      double[][] shares = new double[n][heads];
      for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int h = 0; h < heads; h++) {
          sum += norms[i * heads + h];
        }
        for (int h = 0; h < heads; h++) {
          shares[i][h] = sum == 0 ? 0 : norms[i * heads + h] / sum;
        }
      }
      return shares;
    }
  }

  /**
   * How features move the logits directly, W_dec W_O W_U, but for the scale of the final norm.
   *
   * @return float64 [features, vocab]
   */
  public static Tensor logitEffects(Model model, int layer, Dictionary dictionary) {
    try (Scope scope = Scope.open()) {
      Tensor stream =
          dictionary
              .decoder()
              .to(DType.FLOAT64)
              .matmul(output(model, layer).weight().value().to(DType.FLOAT64).t());
      Tensor pushed = FrozenNorm.of(model.decoder().lnFinal()).push(stream);
      return scope.keep(pushed.matmul(model.decoder().unembedding().to(DType.FLOAT64).t()));
    }
  }
}
