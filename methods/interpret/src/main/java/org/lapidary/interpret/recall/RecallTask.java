package org.lapidary.interpret.recall;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.tensor.Rng;

/**
 * Questions of one kind, such as for the capitals of countries.
 *
 * @param fit prompts on which heads are found and gains fitted
 * @param held prompts on which both are judged
 */
public record RecallTask(String name, List<RecallPrompt> fit, List<RecallPrompt> held) {

  public RecallTask {
    fit = List.copyOf(fit);
    held = List.copyOf(held);
    if (fit.size() < 2 || held.size() < 2) {
      throw new IllegalArgumentException(
          "the task '%s' needs 2 prompts to fit and 2 to judge, has %d and %d"
              .formatted(name, fit.size(), held.size()));
    }
    if (RecallPrompt.end(fit) != RecallPrompt.end(held)) {
      throw new IllegalArgumentException("the prompts of '%s' have one length".formatted(name));
    }
  }

  /** Half of the prompts to fit, half to judge, at random. */
  public static RecallTask split(String name, List<RecallPrompt> prompts, Rng rng) {
    List<RecallPrompt> fit = new ArrayList<>();
    List<RecallPrompt> held = new ArrayList<>();
    int[] order = rng.permutation(prompts.size());
    for (int i = 0; i < order.length; i++) {
      (i % 2 == 0 ? fit : held).add(prompts.get(order[i]));
    }
    return new RecallTask(name, fit, held);
  }
}
