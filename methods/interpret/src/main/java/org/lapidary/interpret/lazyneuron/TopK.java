package org.lapidary.interpret.lazyneuron;

import org.lapidary.nn.Layer;
import org.lapidary.nn.Mlp;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Tensor;

/**
 * Keeps the k largest hidden units of every token and zeros the rest, in training and afterwards;
 * the gradient flows through the kept ones only.
 *
 * @param k how many are kept, at least 1
 */
public record TopK(int k) {

  public TopK {
    if (k < 1) {
      throw new IllegalArgumentException("k must be at least 1, was " + k);
    }
  }

  /** A sixteenth of an MLP's hidden units; the paper takes 4 to 8% of them. */
  public static TopK ofWidth(int dMlp) {
    return new TopK(Math.max(1, Math.round(dMlp / 16f)));
  }

  /**
   * h [..., width] with all but its k largest entries zero, those of lower index first among equal
   * ones in float32.
   */
  public Tensor apply(Tensor h) {
    return h.mul(mask(h));
  }

  /** 1 where an entry is among the k largest of its row, else 0; no gradient flows through it. */
  public Tensor mask(Tensor h) {
    long width = h.size(-1);
    if (k > width) {
      throw new IllegalArgumentException(
          "k is %d and a row has only %d hidden units; choose k from 1 to %d"
              .formatted(k, width, width));
    }
    try (var ignored = Autograd.noGrad()) {
      Tensor largest = h.detach().topk(k, -1).indices();
      Tensor zeros = Tensor.zeros(h.dtype(), h.shape());
      return zeros.scatter(-1, largest, Tensor.ones(h.dtype(), largest.shape()));
    }
  }

  /**
   * A model whose plain ReLU MLPs keep k hidden units of every token, with the parameters of the
   * given one.
   *
   * @throws IllegalArgumentException if it has no such MLP, or k exceeds the width of one
   */
  public Model apply(Model model) {
    Model sparse = model.copy();
    boolean found = false;
    for (var entry : model.layer().all(Mlp.class).entrySet()) {
      if (entry.getValue().activation().equals("relu")) {
        Layer mlp = sparse.layer().layer(entry.getKey());
        sparse.layer().replace(entry.getKey(), TopKMlp.of((Mlp) mlp, this));
        found = true;
      }
    }
    if (!found) {
      throw new IllegalArgumentException(
          "this %s has no plain MLP with ReLU, whose largest units could be kept"
              .formatted(model.config().family()));
    }
    return sparse;
  }
}
