package org.lapidary.interpret.attnsae;

import java.util.function.UnaryOperator;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.nn.Intervention;
import org.lapidary.tensor.Tensor;

/** Changes of a dictionary's feature activations that keep what it does not explain. */
public final class FeatureEdit {
  private FeatureEdit() {}

  /**
   * x becomes x + (f' - f) W_dec: the part of x outside the dictionary stays, and with f' = f all
   * of it does.
   *
   * @param change from the activations f [..., features] to others of the same shape
   * @throws IllegalArgumentException if the dictionary reads another site than it writes
   */
  public static Intervention of(Dictionary dictionary, UnaryOperator<Tensor> change) {
    if (!dictionary.autoencodes() || dictionary.outputSite().isEmpty()) {
      throw new IllegalArgumentException(
          "features can be edited where a dictionary reads and writes one site, not from '%s' to '%s'"
              .formatted(dictionary.inputSite(), dictionary.outputSite()));
    }
    return new Intervention(
        dictionary.outputSite(),
        (path, x) -> {
          Tensor f = dictionary.encode(dictionary.joined(x));
          Tensor moved = change.apply(f).sub(f).matmul(dictionary.decoder());
          return x.add(moved.reshape(x.shape()));
        });
  }

  /** Sets one feature to 0 everywhere. */
  public static Intervention ablate(Dictionary dictionary, int feature) {
    dictionary.direction(feature);
    boolean[] one = new boolean[dictionary.features()];
    one[feature] = true;
    Tensor mask = Tensor.of(one, one.length).unscoped();
    return of(dictionary, f -> f.maskedFill(mask.expand(f.shape().toArray()), 0));
  }
}
