package org.lapidary.interpret.tasks;

import java.util.List;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/** Prompts whose right continuation is known, each beside one in which it is another. */
public interface PromptTask {

  /** What the difference that a task makes is measured by. */
  enum Metric {
    /** The mean logit of the answers less that of the others. */
    LOGIT_DIFFERENCE,
    /** The probability of the answers less that of the others, such as above and below a bound. */
    MASS_DIFFERENCE;

    /**
     * A scalar.
     *
     * @param logits after one prompt, [1, position, vocab]
     */
    public Tensor of(PromptPair pair, Tensor logits) {
      return switch (this) {
        case LOGIT_DIFFERENCE -> pair.logitDifference(logits);
        case MASS_DIFFERENCE -> pair.massDifference(logits);
      };
    }
  }

  /** For example {@code indirect object}. */
  String name();

  default Metric metric() {
    return Metric.LOGIT_DIFFERENCE;
  }

  /**
   * Draws pairs.
   *
   * @throws IllegalArgumentException if count is not positive, or there are no pairs to be had
   */
  List<PromptPair> pairs(int count, Rng rng);

  /** The mean of the metric over pairs, after the clean prompts. */
  default double measure(Model model, List<PromptPair> pairs) {
    if (pairs.isEmpty()) {
      throw new IllegalArgumentException("the metric of '%s' needs a pair".formatted(name()));
    }
    double sum = 0;
    for (PromptPair pair : pairs) {
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor logits = model.forward(LanguageModeling.tensor(new int[][] {pair.clean()}));
        sum += metric().of(pair, logits).item();
      }
    }
    return sum / pairs.size();
  }
}
