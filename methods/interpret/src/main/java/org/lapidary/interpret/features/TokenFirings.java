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

/** What fires on a text. */
public final class TokenFirings {
  private final int[] tokens;
  private final FiredText fired;
  private final List<List<Firing>> byToken;

  private TokenFirings(int[] tokens, FiredText fired, List<List<Firing>> byToken) {
    this.tokens = tokens;
    this.fired = fired;
    this.byToken = byToken;
  }

  /** A feature and its activation. */
  public record Firing(int feature, double activation) {}

  /**
   * Runs a model and a dictionary over a text.
   *
   * @throws IllegalArgumentException if the text is empty or longer than the model's context, or an
   *     activation is not finite
   */
  public static TokenFirings of(Model model, Dictionary dictionary, int[] tokens) {
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
    List<List<Firing>> byToken = new ArrayList<>();
    for (int i = 0; i < tokens.length; i++) {
      byToken.add(new ArrayList<>());
    }
    for (int f = fired.nextFeature(0); f < fired.features(); f = fired.nextFeature(f + 1)) {
      for (int i = fired.start(f); i < fired.start(f + 1); i++) {
        byToken.get(fired.position(i)).add(new Firing(f, fired.value(i)));
      }
    }
    byToken.forEach(l -> l.sort(Comparator.comparingDouble(Firing::activation).reversed()));
    return new TokenFirings(tokens.clone(), fired, byToken);
  }

  /** The ids of the text. */
  public int[] tokens() {
    return tokens.clone();
  }

  /** The features that fire on the token at a position, the strongest first. */
  public List<Firing> at(int position) {
    return List.copyOf(byToken.get(position));
  }

  /** The activations of one feature, [position]. */
  public double[] along(int feature) {
    double[] along = new double[tokens.length];
    for (int i = fired.start(feature); i < fired.start(feature + 1); i++) {
      along[fired.position(i)] = fired.value(i);
    }
    return along;
  }

  /** All features that fire on the text, each with its largest activation, by number. */
  public List<Firing> peaks() {
    List<Firing> all = new ArrayList<>();
    for (int f = fired.nextFeature(0); f < fired.features(); f = fired.nextFeature(f + 1)) {
      double most = 0;
      for (int i = fired.start(f); i < fired.start(f + 1); i++) {
        most = Math.max(most, fired.value(i));
      }
      all.add(new Firing(f, most));
    }
    return all;
  }
}
