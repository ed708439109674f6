package org.lapidary.compress.essential;

import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.lapidary.compress.Masks;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Tensor;

/** What becomes of a pre-trained model under masks, and how good that is. */
@FunctionalInterface
public interface Downstream {

  /**
   * A model after the task was learned.
   *
   * @param model with the dropped weights at zero
   * @param quality the larger the better; for a loss, its negative
   */
  record Tuned(Model model, double quality) {}

  /**
   * Learns the task from the pre-trained weights with the masks fixed.
   *
   * @param pretrained not changed
   * @param masks BOOL, true where kept, by path of the matrix
   */
  Tuned learn(Model pretrained, Map<String, Tensor> masks);

  /** Nothing is learned: the masked model is measured as it is. */
  static Downstream zeroShot(ToDoubleFunction<Model> quality) {
    return (pretrained, masks) -> {
      Model masked = Masks.apply(pretrained, masks);
      return new Tuned(masked, quality.applyAsDouble(masked));
    };
  }
}
