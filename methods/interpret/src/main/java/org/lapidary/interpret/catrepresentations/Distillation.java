package org.lapidary.interpret.catrepresentations;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.interpret.fixtures.Fit;
import org.lapidary.interpret.fixtures.Headed;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;

/**
 * One network that stands for many: a student phi_s with a matrix W_i for every part, trained to
 * minimise the mean of ||W_i phi_s(x) - phi_i(x)||^2 over inputs, each feature scaled to mean 0 and
 * deviation 1. The matrices are dropped.
 *
 * @param fit the training
 */
public record Distillation(Fit fit) {
  private static final int TOGETHER = 500;

  /**
   * Trains a student.
   *
   * @param cat the features to keep
   * @param student from inputs to [batch, width]; drawn anew
   * @param inputs what both see; labels do not matter
   * @return the student
   */
  public <L extends Layer & UnaryLayer> Layer distill(
      Cat cat, L student, int width, Classification inputs, long seed) {
    try (Scope scope = Scope.open()) {
      Tensor features = features(cat, inputs.inputs());
      Tensor mean = features.mean(true, 0);
      Tensor deviation = features.sub(mean).square().mean(true, 0).sqrt().maximum(1e-6);
      Tensor targets = features.sub(mean).div(deviation);
      Headed headed = new Headed(student, new Linear(width, (int) targets.size(1), true));
      return fit.fit(
              headed,
              new Classification(targets, inputs.labels()),
              "distilled features",
              seed,
              (rows, rng) ->
                  headed
                      .forward(inputs.inputs().indexSelect(0, rows))
                      .sub(targets.indexSelect(0, rows))
                      .square()
                      .mean())
          .encoder();
    }
  }

  /** The features of many inputs, in pieces, without gradients. */
  static Tensor features(UnaryLayer network, Tensor inputs) {
    List<Tensor> pieces = new ArrayList<>();
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      for (long from = 0; from < inputs.size(0); from += TOGETHER) {
        try (Scope piece = Scope.open()) {
          long to = Math.min(inputs.size(0), from + TOGETHER);
          pieces.add(piece.keep(network.forward(inputs.slice(0, from, to))));
        }
      }
      return scope.keep(Tensor.concat(0, pieces));
    }
  }
}
