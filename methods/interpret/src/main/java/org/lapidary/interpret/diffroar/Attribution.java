package org.lapidary.interpret.diffroar;

import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** How much every pixel of an image matters to a model, as a score. */
@FunctionalInterface
public interface Attribution {

  /**
   * Scores of pixels.
   *
   * @param model from inputs [n, ...] to logits [n, classes]
   * @param x inputs [n, ...]
   * @param labels INT64 [n]
   * @return of x's shape, not negative
   */
  Tensor scores(UnaryLayer model, Tensor x, Tensor labels);

  /** |d loss / d x|, the input gradient. */
  static Attribution gradient() {
    return (model, x, labels) -> gradient(model, x, labels).abs();
  }

  /** |x d loss / d x|. */
  static Attribution gradientTimesInput() {
    return (model, x, labels) -> gradient(model, x, labels).mul(x).abs();
  }

  /** The mean gradient over inputs with noise (Smilkov et al., 2017, arXiv 1706.03825). */
  static Attribution smoothGrad(int samples, double deviation, long seed) {
    return (model, x, labels) -> {
      Tensor sum = x.mul(0);
      for (int i = 0; i < samples; i++) {
        Tensor noise = new Rng(seed).fork(i).normal(deviation, x.shape().toArray());
        sum = sum.add(gradient(model, x.add(noise), labels));
      }
      return sum.div(samples).abs();
    };
  }

  /**
   * x times the mean gradient on the way from 0 to x (Sundararajan et al., 2017, arXiv 1703.01365).
   */
  static Attribution integratedGradients(int steps) {
    return (model, x, labels) -> {
      Tensor sum = x.mul(0);
      for (int i = 0; i < steps; i++) {
        sum = sum.add(gradient(model, x.mul((i + 0.5) / steps), labels));
      }
      return sum.mul(x).div(steps).abs();
    };
  }

  /** Scores without meaning; the same for the same image of a batch. */
  static Attribution random(long seed) {
    return (model, x, labels) -> new Rng(seed).uniform(0, 1, x.shape().toArray());
  }

  /** d loss / d x, the loss summed over the inputs; of x's shape. */
  static Tensor gradient(UnaryLayer model, Tensor x, Tensor labels) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.enableGrad()) {
      Tensor input = x.detach().copy().requiresGrad(true);
      Tensor loss = model.forward(input).crossEntropy(labels).mul(x.size(0));
      return scope.keep(Autograd.grad(loss, java.util.List.of(input)).getFirst());
    }
  }
}
