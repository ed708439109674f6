package org.lapidary.interpret.features;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.lapidary.interpret.dictionary.ActivationBuffer;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.nn.Model;
import org.lapidary.nn.Sampler;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * What fires on a text.
 *
 * @param tokens ids of the text
 * @param strongest for each token the features that fire most strongly on it, the strongest first
 * @param count for each token how many fire
 */
public record TokenFirings(int[] tokens, List<List<Firing>> strongest, int[] count) {

  /** A feature and its activation. */
  public record Firing(int feature, double activation) {}

  /**
   * Runs a model and a dictionary over a text.
   *
   * @param most features kept for a token
   * @throws IllegalArgumentException if the text is empty or longer than the model's context, or an
   *     activation is not finite
   */
  public static TokenFirings of(Model model, Dictionary dictionary, int[] tokens, int most) {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("the text is empty; write some words");
    }
    Sampler.check(model.decoder(), tokens);
    FiredText fired;
    try (Scope scope = Scope.open()) {
      String site = dictionary.inputSite();
      Tensor x = ActivationBuffer.harvest(model, site, site, new int[][] {tokens}).input();
      fired = FiredText.of(dictionary, x);
    }
    List<List<Firing>> all = new ArrayList<>();
    for (int i = 0; i < tokens.length; i++) {
      all.add(new ArrayList<>());
    }
    int n = dictionary.features();
    for (int f = fired.nextFeature(0); f < n; f = fired.nextFeature(f + 1)) {
      for (int i = fired.start(f); i < fired.start(f + 1); i++) {
        all.get(fired.position(i)).add(new Firing(f, fired.value(i)));
      }
    }
    int[] count = all.stream().mapToInt(List::size).toArray();
    List<List<Firing>> strongest =
        all.stream()
            .map(l ->
                l.stream()
                    .sorted(Comparator.comparingDouble(Firing::activation).reversed())
                    .limit(most)
                    .toList())
            .toList();
    return new TokenFirings(tokens.clone(), strongest, count);
  }
}
