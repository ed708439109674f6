package org.lapidary.interpret.basis;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Tensor;

/**
 * Matrices with a constant column for the bias and a nonlinearity between them.
 *
 * @param weights W [out, in + 1] each, float64; the last column is the bias
 * @param nonlinearity element by element, after all but the last
 */
public record Perceptron(List<Tensor> weights, UnaryOperator<Tensor> nonlinearity) {
  public Perceptron {
    weights = List.copyOf(weights);
    for (int i = 0; i + 1 < weights.size(); i++) {
      if (weights.get(i + 1).size(1) != weights.get(i).size(0) + 1) {
        throw new IllegalArgumentException(
            "matrix %d takes %d activations and a constant, the one before gives %d"
                .formatted(i + 1, weights.get(i + 1).size(1) - 1, weights.get(i).size(0)));
      }
    }
  }

  /**
   * The linear layers of a network in their order, with its nonlinearity; parameters as float64.
   */
  public static Perceptron of(Layer network, UnaryOperator<Tensor> nonlinearity) {
    List<Tensor> weights = new ArrayList<>();
    for (Layer child : network.children().values()) {
      if (child instanceof Linear linear) {
        Tensor w = linear.weight().tensor().detach();
        Parameter bias = linear.bias();
        Tensor b = bias == null ? Tensor.zeros(w.size(0)) : bias.tensor().detach();
        weights.add(Tensor.concat(1, w, b.unsqueeze(1)).to(DType.FLOAT64));
      } else {
        throw new IllegalArgumentException(
            "a perceptron is made of linear layers only, '%s' is a %s"
                .formatted(child.path(), child.getClass().getSimpleName()));
      }
    }
    return new Perceptron(weights, nonlinearity);
  }

  /** Activations with a constant 1 after them, [n, d + 1]. */
  static Tensor withOne(Tensor x) {
    return Tensor.concat(1, x, Tensor.ones(x.dtype(), x.shape().with(1, 1)));
  }

  /** W a, before the nonlinearity; a [n, in] to [n, out]. */
  Tensor pre(int layer, Tensor a) {
    return withOne(a).matmul(weights.get(layer).t());
  }

  /** What follows from what enters the nonlinearity after a matrix. */
  Tensor after(int layer, Tensor pre) {
    Tensor z = pre;
    for (int l = layer + 1; l < weights.size(); l++) {
      z = pre(l, nonlinearity.apply(z));
    }
    return z;
  }

  /** x [n, in] to [n, out]. */
  public Tensor forward(Tensor x) {
    return after(0, pre(0, x));
  }

  /** The layers as a chain: inputs, hidden activations after the nonlinearity, outputs. */
  public Chain chain(Tensor x) {
    List<UnaryOperator<Tensor>> steps = new ArrayList<>();
    for (int i = 0; i < weights.size(); i++) {
      int l = i;
      boolean last = l + 1 == weights.size();
      steps.add(a -> last ? pre(l, a) : nonlinearity.apply(pre(l, a)));
    }
    return new Chain(x, steps);
  }

  /** Parameters in all. */
  public long parameters() {
    return weights.stream().mapToLong(Tensor::elements).sum();
  }
}
