package org.lapidary.interpret.diffroar;

import java.util.List;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Layer;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Classification;
import org.lapidary.train.Schedule;
import org.lapidary.train.Shuffle;
import org.lapidary.train.Trainer;

/**
 * Training on the worst inputs near the given ones: min E max_{||delta|| <= epsilon} loss(x +
 * delta) (Madry et al., 2018, arXiv 1706.06083), the inner maximum by projected gradient ascent
 * with steps of 2.5 epsilon / steps. With epsilon 0 it is ordinary training.
 *
 * @param norm of delta
 * @param epsilon radius of the ball
 * @param attackSteps of the ascent
 * @param epochs over the data
 * @param batch examples a step
 * @param rate of Adam, falling to 0 as a cosine
 * @param decay of the weights, a step takes rate * decay of each
 */
public record RobustTraining(
    Norm norm, double epsilon, int attackSteps, int epochs, int batch, double rate, double decay) {

  /** Which ball. */
  public enum Norm {
    L2,
    LINF
  }

  public RobustTraining {
    if (!(epsilon >= 0)
        || attackSteps < 0
        || epochs < 1
        || batch < 1
        || !(rate > 0)
        || !(decay >= 0)) {
      throw new IllegalArgumentException(
          "robust training needs an epsilon of 0 or more, at least 1 epoch, a batch of at least 1, a rate above 0 and no negative decay, was given %s"
              .formatted(List.of(epsilon, attackSteps, epochs, batch, rate, decay)));
    }
  }

  /** Ordinary training. */
  public static RobustTraining standard(int epochs, int batch, double rate) {
    return new RobustTraining(Norm.L2, 0, 0, epochs, batch, rate, 0);
  }

  /** The same against an adversary. */
  public RobustTraining against(Norm other, double radius, int steps) {
    return new RobustTraining(other, radius, steps, epochs, batch, rate, decay);
  }

  /** For more or fewer epochs. */
  public RobustTraining forEpochs(int other) {
    return new RobustTraining(norm, epsilon, attackSteps, other, batch, rate, decay);
  }

  /** With weights that decay. */
  public RobustTraining withDecay(double other) {
    return new RobustTraining(norm, epsilon, attackSteps, epochs, batch, rate, other);
  }

  /**
   * The adversary of a step: its radius grows evenly over the first two thirds. Against the whole
   * radius from the first step a network may end with a constant answer.
   */
  RobustTraining at(long step, long steps) {
    return against(norm, epsilon * Math.min(1, 1.5 * step / steps), attackSteps);
  }

  /** Trains a model in place. */
  public <M extends Layer & UnaryLayer> void train(M model, Classification data, long seed) {
    Shuffle shuffle = new Shuffle(data.count(), batch, seed);
    long steps = (long) epochs * ((data.count() + batch - 1) / batch);
    AdamW.Settings settings = new AdamW.Settings(0.9, 0.999, 1e-8, decay);
    try (AdamW adam = new AdamW(Trainer.parameters(model), settings)) {
      new Trainer(
              model,
              adam,
              (step, rng) -> {
                int[] chosen = shuffle.at(step);
                Tensor index = Tensor.of(chosen, chosen.length);
                Tensor x = data.inputs().indexSelect(0, index);
                Tensor labels = data.labels().indexSelect(0, index);
                return model.forward(at(step, steps).worst(model, x, labels)).crossEntropy(labels);
              },
              Trainer.Settings.of(steps, Schedule.cosine(rate, 0, steps, 0), seed))
          .run(Progress.silent());
    }
    model.requiresGrad(false);
  }

  /**
   * The inputs that the ascent finds; x itself with epsilon 0.
   *
   * @param x [n, ...]
   */
  public Tensor worst(UnaryLayer model, Tensor x, Tensor labels) {
    if (epsilon == 0 || attackSteps == 0) {
      return x;
    }
    try (Scope scope = Scope.open()) {
      double step = 2.5 * epsilon / attackSteps;
      Tensor delta = x.mul(0);
      for (int i = 0; i < attackSteps; i++) {
        Tensor g = Attribution.gradient(model, x.add(delta), labels);
        Tensor ascent = norm == Norm.LINF ? g.sign() : g.div(length(g).maximum(1e-12));
        delta = projected(delta.add(ascent.mul(step)));
      }
      return scope.keep(x.add(delta).detach());
    }
  }

  private Tensor projected(Tensor delta) {
    return norm == Norm.LINF
        ? delta.clamp(-epsilon, epsilon)
        : delta.div(length(delta).div(epsilon).maximum(1));
  }

  /** The 2-norm of every example, [n, 1, ...]. */
  private static Tensor length(Tensor x) {
    long[] sizes = new long[x.rank()];
    java.util.Arrays.fill(sizes, 1);
    sizes[0] = x.size(0);
    return x.reshape(x.size(0), x.elements() / x.size(0)).norm(true, 1).reshape(sizes);
  }
}
