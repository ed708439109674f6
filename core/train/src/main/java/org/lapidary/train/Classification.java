package org.lapidary.train;

import java.util.function.UnaryOperator;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * Labelled examples to learn a classification from, and to measure one on. A network is any
 * function from inputs [batch, ...] to logits [batch, classes].
 *
 * @param inputs [example, ...]
 * @param labels INT64 [example]
 */
public record Classification(Tensor inputs, Tensor labels) {

  /** Examples measured side by side; bounds the memory of a measure. */
  private static final int TOGETHER = 256;

  /**
   * @throws ShapeException if inputs and labels are not equally many
   */
  public Classification {
    if (labels.rank() != 1 || inputs.rank() < 2 || inputs.size(0) != labels.size(0)) {
      throw new ShapeException(
          "inputs [example, ...] and labels [example] go together, were %s and %s"
              .formatted(inputs.type(), labels.type()));
    }
    inputs.unscoped();
    labels.unscoped();
  }

  public static Classification of(Tensor inputs, int[] labels) {
    return new Classification(inputs, Tensor.of(labels, labels.length));
  }

  public int count() {
    return Math.toIntExact(labels.size(0));
  }

  /** The first examples, or all if there are fewer. */
  public Classification first(int examples) {
    long n = Math.min(examples, count());
    return new Classification(inputs.slice(0, 0, n).copy(), labels.slice(0, 0, n).copy());
  }

  /** The cross-entropy of all examples together, in nats. */
  public Tensor loss(UnaryOperator<Tensor> network) {
    return network.apply(inputs).crossEntropy(labels);
  }

  /** Trains on shuffled batches; see {@link Shuffle}. */
  public Task task(UnaryOperator<Tensor> network, int batch, long seed) {
    Shuffle shuffle = new Shuffle(count(), batch, seed);
    return (step, rng) -> {
      int[] chosen = shuffle.at(step);
      Tensor index = Tensor.of(chosen, chosen.length);
      return network.apply(inputs.indexSelect(0, index)).crossEntropy(labels.indexSelect(0, index));
    };
  }

  /** The share of examples whose likeliest class is their label. */
  public double accuracy(UnaryOperator<Tensor> network) {
    return measure(network).accuracy();
  }

  /**
   * What a network gives on all examples.
   *
   * @param accuracy between 0 and 1
   * @param loss nats an example
   */
  public record Measure(double accuracy, double loss) {}

  /** Runs without gradients; the network is not put out of training mode, the caller does that. */
  public Measure measure(UnaryOperator<Tensor> network) {
    double correct = 0;
    double nats = 0;
    for (long from = 0; from < count(); from += TOGETHER) {
      long to = Math.min(count(), from + TOGETHER);
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor target = labels.slice(0, from, to);
        Tensor logits = network.apply(inputs.slice(0, from, to));
        correct += logits.argmax(1).eq(target).to(logits.dtype()).sum().item();
        nats += logits.crossEntropy(target).item() * (to - from);
      }
    }
    return new Measure(correct / count(), nats / count());
  }
}
