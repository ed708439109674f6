package org.lapidary.interpret.tasks;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.data.generate.ModularArithmetic;
import org.lapidary.tensor.Rng;

/**
 * Addition modulo p as ids, [a, +, b, =] to a + b: numbers are their own ids, + is p and = is p +
 * 1, as in {@link ModularArithmetic}. Corrupted prompts have another b.
 */
public record ModularAddition(int modulus) implements PromptTask {

  public ModularAddition {
    if (modulus < 2) {
      throw new IllegalArgumentException("the modulus is at least 2, was " + modulus);
    }
  }

  /** The number of token ids. */
  public int vocab() {
    return modulus + 2;
  }

  @Override
  public String name() {
    return "modular addition";
  }

  @Override
  public List<PromptPair> pairs(int count, Rng rng) {
    Counts.positive(count, name());
    List<PromptPair> pairs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int a = rng.nextInt(modulus);
      int b = rng.nextInt(modulus);
      int c = (b + 1 + rng.nextInt(modulus - 1)) % modulus;
      pairs.add(
          new PromptPair(
              prompt(a, b),
              prompt(a, c),
              new int[] {(a + b) % modulus},
              new int[] {(a + c) % modulus}));
    }
    return pairs;
  }

  private int[] prompt(int a, int b) {
    return new int[] {a, modulus, b, modulus + 1};
  }
}
