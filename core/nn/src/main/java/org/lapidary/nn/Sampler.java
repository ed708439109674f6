package org.lapidary.nn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Writes tokens one after another with a {@link KvCache}.
 *
 * @param temperature 0 takes the likeliest token; 1 samples from the model's own distribution
 */
public record Sampler(double temperature) {
  public Sampler {
    if (!(temperature >= 0)) {
      throw new IllegalArgumentException("a temperature is at least 0, was " + temperature);
    }
  }

  /**
   * Continues a prompt.
   *
   * @param prompt at least one token
   * @param count how many tokens at most
   * @param each sees every new token; false ends the text
   * @return prompt and continuation
   * @throws IllegalArgumentException if the prompt fills the context or has ids out of range
   */
  public int[] continueFrom(Decoder model, int[] prompt, int count, Rng rng, IntPredicate each) {
    check(model, prompt);
    List<Integer> line = new ArrayList<>(Arrays.stream(prompt).boxed().toList());
    int room = Math.min(count, model.config().context() - prompt.length);
    try (KvCache cache = new KvCache(model.config().layers());
        var ignored = Autograd.noGrad()) {
      int[] next = prompt;
      for (int i = 0; i < room; i++) {
        try (Scope scope = Scope.open()) {
          Tensor logits = model.forward(Tensor.of(next, 1, next.length), cache);
          int id = choose(logits.select(0, 0).slice(0, next.length - 1, next.length), rng)[0];
          line.add(id);
          next = new int[] {id};
          if (!each.test(id)) {
            break;
          }
        }
      }
    }
    return line.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Checks that ids are of the vocabulary and fit the context. */
  public static void check(Decoder model, int[] prompt) {
    if (prompt.length == 0) {
      throw new IllegalArgumentException("the prompt is empty; give at least one token");
    }
    int context = model.config().context();
    if (prompt.length > context) {
      throw new IllegalArgumentException(
          "the prompt has %d tokens, the model's context holds %d; shorten it"
              .formatted(prompt.length, context));
    }
    for (int i = 0; i < prompt.length; i++) {
      if (prompt[i] < 0 || prompt[i] >= model.config().vocab()) {
        throw new IllegalArgumentException(
            "token %d at position %d is out of range; the vocabulary has ids 0..%d"
                .formatted(prompt[i], i, model.config().vocab() - 1));
      }
    }
  }

  /**
   * Independent texts, sampled side by side.
   *
   * @param start the first token of each
   * @return [texts][length]
   */
  public int[][] texts(Decoder model, int start, int texts, int length, Rng rng) {
    int[][] lines = new int[texts][length];
    try (KvCache cache = new KvCache(model.config().layers());
        var ignored = Autograd.noGrad()) {
      int[] next = new int[texts];
      Arrays.fill(next, start);
      for (int p = 0; p < length; p++) {
        for (int t = 0; t < texts; t++) {
          lines[t][p] = next[t];
        }
        if (p + 1 == length) {
          break;
        }
        try (Scope scope = Scope.open()) {
          Tensor logits = model.forward(Tensor.of(next, texts, 1), cache);
          next = choose(logits.reshape(texts, -1), rng);
        }
      }
    }
    return lines;
  }

  /** One id for each row of logits [n, vocab]. */
  private int[] choose(Tensor logits, Rng rng) {
    if (temperature == 0) {
      return logits.argmax(1).toInts();
    }
    int vocab = Math.toIntExact(logits.size(1));
    float[] p = logits.div(temperature).softmax(1).toFloats();
    int[] ids = new int[p.length / vocab];
    for (int row = 0; row < ids.length; row++) {
      double u = rng.nextDouble();
      int id = 0;
      while (id + 1 < vocab && (u -= p[row * vocab + id]) >= 0) {
        id++;
      }
      ids[row] = id;
    }
    return ids;
  }
}
