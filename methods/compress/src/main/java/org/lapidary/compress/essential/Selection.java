package org.lapidary.compress.essential;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.compress.Masks;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/** Which weights of the blocks' matrices are dropped in one shot. */
public enum Selection {
  /** The smallest of all matrices together. */
  GLOBAL,
  /** The smallest of every matrix. */
  PER_MATRIX,
  /** Any: the control. */
  RANDOM;

  /**
   * Masks that drop floor(sparsity n) weights (of every matrix, for {@link #PER_MATRIX}). Those of
   * a larger sparsity drop the same weights and more.
   *
   * @param seed of {@link #RANDOM}
   */
  public Map<String, Tensor> masks(Model model, double sparsity, long seed) {
    Map<String, Tensor> scores = this == RANDOM ? random(model, seed) : magnitudes(model);
    if (this != PER_MATRIX) {
      return Masks.global(scores, sparsity);
    }
    Map<String, Tensor> masks = new LinkedHashMap<>();
    scores.forEach((path, score) -> masks.put(path, Masks.perMatrix(score, sparsity)));
    return masks;
  }

  /**
   * Masks that keep the n largest of every m neighbours in a row; where m does not divide the row,
   * groups run on over its end into the next.
   */
  public static Map<String, Tensor> structured(Model model, int n, int m) {
    Map<String, Tensor> masks = new LinkedHashMap<>();
    magnitudes(model)
        .forEach((path, score) -> {
          Tensor row = score.size(1) % m == 0 ? score : score.reshape(1, score.elements());
          masks.put(path, Masks.structured(row, n, m).reshape(score.shape()));
        });
    return masks;
  }

  static Map<String, Tensor> magnitudes(Model model) {
    Map<String, Tensor> scores = new LinkedHashMap<>();
    for (Map.Entry<String, Linear> e : BlockMatrices.of(model).entrySet()) {
      scores.put(e.getKey(), e.getValue().weight().tensor().detach().abs());
    }
    return scores;
  }

  private static Map<String, Tensor> random(Model model, long seed) {
    Rng rng = new Rng(seed);
    Map<String, Tensor> scores = new LinkedHashMap<>();
    for (Map.Entry<String, Linear> e : BlockMatrices.of(model).entrySet()) {
      Linear linear = e.getValue();
      scores.put(e.getKey(), rng.uniform(0, 1, linear.out(), linear.in()));
    }
    return scores;
  }
}
