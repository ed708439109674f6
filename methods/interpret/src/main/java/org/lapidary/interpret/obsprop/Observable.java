package org.lapidary.interpret.obsprop;

import java.util.Arrays;
import org.lapidary.nn.Model;
import org.lapidary.nn.Tokenizer;

/**
 * A task as a linear functional of the logits: n . logits.
 *
 * @param name what it stands for
 * @param weights n, one for every token id
 */
public record Observable(String name, double[] weights) {

  public Observable {
    weights = weights.clone();
    double sum = 0;
    for (double w : weights) {
      sum += Math.abs(w);
    }
    if (!(sum > 0) || Double.isInfinite(sum)) {
      throw new IllegalArgumentException(
          "the observable '%s' needs finite weights that are not all 0".formatted(name));
    }
  }

  /** n. */
  @Override
  public double[] weights() {
    return weights.clone();
  }

  /** The logit of one token less that of another. */
  public static Observable difference(String name, int vocab, int plus, int minus) {
    double[] weights = new double[vocab];
    weights[java.util.Objects.checkIndex(plus, vocab)] += 1;
    weights[java.util.Objects.checkIndex(minus, vocab)] -= 1;
    return new Observable(name, weights);
  }

  /**
   * The logit of one word less that of another.
   *
   * @throws IllegalArgumentException if the model has no tokenizer or a word is not one token
   */
  public static Observable difference(Model model, String plus, String minus) {
    return difference(
        "%s − %s".formatted(plus, minus),
        model.decoder().config().vocab(),
        id(model, plus),
        id(model, minus));
  }

  /**
   * The id of a word that is one token.
   *
   * @throws IllegalArgumentException if the model has no tokenizer or the word is not one token
   */
  public static int id(Model model, String word) {
    Tokenizer tokenizer = model.tokenizer();
    if (tokenizer == null) {
      throw new IllegalArgumentException(
          "this model has no tokenizer, so '%s' is no token; give token ids".formatted(word));
    }
    for (int id = 0; id < model.decoder().config().vocab(); id++) {
      if (tokenizer.token(id).equals(word)) {
        return id;
      }
    }
    int[] ids = tokenizer.encode(word);
    if (ids.length != 1 || !tokenizer.token(ids[0]).strip().equals(word.strip())) {
      throw new IllegalArgumentException(
          "'%s' is not one token but %s; an observable weighs single ones, and a leading blank often matters"
              .formatted(word, Arrays.stream(ids).mapToObj(tokenizer::token).toList()));
    }
    return ids[0];
  }

  /** n . logits. */
  public double of(double[] logits) {
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      sum += weights[i] * logits[i];
    }
    return sum;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Observable o
        && o.name.equals(name)
        && Arrays.equals(o.weights, weights);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(weights);
  }

  @Override
  public String toString() {
    return name;
  }
}
