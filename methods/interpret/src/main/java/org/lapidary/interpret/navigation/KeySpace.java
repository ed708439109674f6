package org.lapidary.interpret.navigation;

import java.util.List;
import org.lapidary.interpret.similarity.KMeans;
import org.lapidary.nn.Model;
import org.lapidary.nn.Sites;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Next tokens as a model finds them: the logit of a token is q . k, with the unembedding's row k as
 * its key, and the final hidden state q of the prompt as the query.
 *
 * @param site of the queries
 * @param keys [vocab][dKey]
 */
public record KeySpace(Model model, String site, double[][] keys) {

  /**
   * The unembedding's rows.
   *
   * @throws IllegalStateException if the model has no dense unembedding
   */
  public static KeySpace of(Model model) {
    return model.decoder().children().get("unembed") instanceof KeyBottleneck bottleneck
        ? new KeySpace(
            model, "unembed.keys.hook_in", KMeans.rows(bottleneck.keys().weight().value()))
        : new KeySpace(model, "unembed.hook_in", KMeans.rows(model.decoder().unembedding()));
  }

  /**
   * What follows a prompt.
   *
   * @param query q
   * @param logits by token
   */
  public record Next(double[] query, double[] logits) {}

  /** Runs a prompt. */
  public Next next(int[] prompt) {
    double[][] query = new double[1][];
    Sites.Visitor watch =
        new Sites.Visitor() {
          @Override
          public boolean wants(String path) {
            return path.equals(site);
          }

          @Override
          public Tensor visit(String path, Tensor x) {
            query[0] = last(x);
            return x;
          }
        };
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor tokens = LanguageModeling.tensor(new int[][] {prompt});
      double[] logits = Sites.visiting(watch, () -> last(model.forward(tokens)));
      if (query[0] == null) {
        throw new IllegalStateException(
            "this model's unembedding is its embedding; give one whose unembedding is untied");
      }
      return new Next(query[0], logits);
    }
  }

  private static double[] last(Tensor x) {
    return x.select(1, (int) x.size(1) - 1).to(DType.FLOAT64).toDoubles();
  }

  /** q . k of a token. */
  public double product(double[] query, int token) {
    return dot(query, keys[token]);
  }

  /** The cosine of two tokens' keys. */
  public double cosine(int a, int b) {
    return dot(keys[a], keys[b]) / Math.sqrt(dot(keys[a], keys[a]) * dot(keys[b], keys[b]));
  }

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  /**
   * Clusters of tokens by the directions of their keys (k-means).
   *
   * @param tokens which
   * @return the cluster of each
   */
  public int[] clusters(List<Integer> tokens, int count, Rng rng) {
    double[][] units = new double[tokens.size()][];
    for (int i = 0; i < units.length; i++) {
      double[] key = keys[tokens.get(i)];
      double norm = Math.sqrt(dot(key, key));
      units[i] = java.util.Arrays.stream(key).map(v -> v / norm).toArray();
    }
    return KMeans.fit(units, count, 5, rng).labels();
  }
}
