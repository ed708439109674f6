package org.lapidary.interpret.catrepresentations;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.interpret.fixtures.Fit;
import org.lapidary.interpret.fixtures.Headed;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;

/**
 * Networks that go on learning on a new task.
 *
 * @param head trains a new linear head while the features stay
 * @param all trains everything
 */
public record Finetuning(Fit head, Fit all) {

  /** A new head and the network at once. */
  public Headed plain(Layer network, int width, Classification task, int classes, long seed) {
    Headed headed = new Headed(network.copy(), new Linear(width, classes, true));
    headed.layer("head").initialise(new Rng(seed));
    return all.continued(headed, headed::forward, task, seed);
  }

  /**
   * First the head, then all (two-stage): features are not torn apart by a head drawn at random.
   */
  public Headed twoStage(Layer network, int width, Classification task, int classes, long seed) {
    Layer frozen = network.copy();
    Linear matrix = new Linear(width, classes, true);
    Tensor features = Distillation.features((UnaryLayer) frozen, task.inputs());
    head.classify(
        matrix, matrix::forward, new Classification(features, task.labels()), "head", seed);
    Headed headed = new Headed(frozen, matrix);
    return all.continued(headed, headed::forward, task, seed);
  }

  /** Each network by itself, then side by side with a new head (init-cat). */
  public Cat each(
      List<? extends Layer> networks, int width, Classification task, int classes, long seed) {
    List<Layer> tuned = new ArrayList<>();
    for (Layer network : networks) {
      tuned.add(plain(network, width, task, classes, seed).encoder());
    }
    return Cat.of(tuned);
  }
}
