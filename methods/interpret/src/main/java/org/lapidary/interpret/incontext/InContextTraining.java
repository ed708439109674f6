package org.lapidary.interpret.incontext;

import org.lapidary.evidence.Progress;
import org.lapidary.interpret.tasks.LabelledPoints;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Fixtures;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/**
 * How a model learns to learn: Adam on sequences drawn anew in every step, the loss at all points
 * (or those after the first, which nobody can predict and whose errors drown the others), the rate
 * rising over a twentieth of the steps and then falling to 0 as a cosine.
 *
 * @param steps of Adam
 * @param batch sequences a step
 * @param rate the highest
 * @param loss of predictions against labels
 * @param from the first point whose loss counts
 */
public record InContextTraining(long steps, int batch, double rate, Loss loss, int from) {

  /** With the loss at all points. */
  public InContextTraining(long steps, int batch, double rate, Loss loss) {
    this(steps, batch, rate, loss, 0);
  }

  /** With the loss at the points from one on. */
  public InContextTraining from(int point) {
    return new InContextTraining(steps, batch, rate, loss, point);
  }

  /** What is minimised, as a mean over sequences and points. */
  public enum Loss {
    /** (yhat - y)^2. */
    SQUARED,
    /** log(1 + exp(-y yhat)) for labels -1 and 1. */
    LOGISTIC;

    Tensor of(Tensor prediction, Tensor y) {
      return switch (this) {
        case SQUARED -> prediction.sub(y).square().mean();
        case LOGISTIC -> prediction.mul(y).neg().softplus().mean();
      };
    }
  }

  public InContextTraining {
    if (from < 0) {
      throw new IllegalArgumentException("the first point that counts is 0 or later, was " + from);
    }
    if (steps < 1 || batch < 1 || !(rate > 0)) {
      throw new IllegalArgumentException(
          "training takes at least 1 step of 1 sequence at a rate above 0, was given %d, %d and %s"
              .formatted(steps, batch, rate));
    }
  }

  /** Where sequences come from. */
  @FunctionalInterface
  public interface Source {
    /** Draws so many sequences. */
    LabelledPoints draw(int sequences, Rng rng);
  }

  /**
   * Trains a model in place, or takes what the training gives from the {@linkplain Fixtures
   * fixtures} if it is there.
   *
   * @param model from {@link InContextModel#random}, or one that has learned something else before
   * @param words what the source draws; with the model, these settings and the seed all that the
   *     result follows from
   */
  public void trained(
      InContextModel model, Source source, String words, long seed, Progress progress) {
    String key = "in context: %s, %s, %s, seed %d".formatted(model.body(), this, words, seed);
    Fixtures.train(model, key, layer -> train(model, source, seed, progress));
    model.requiresGrad(false);
  }

  /** Trains a model in place. */
  public void train(InContextModel model, Source source, long seed, Progress progress) {
    try (AdamW adam = new AdamW(Trainer.parameters(model), AdamW.Settings.adam())) {
      new Trainer(
              model,
              adam,
              (step, rng) -> {
                LabelledPoints p = source.draw(batch, rng);
                Tensor says = model.forward(p);
                return loss.of(says.slice(1, from, p.count()), p.y().slice(1, from, p.count()));
              },
              Trainer.Settings.of(steps, Schedule.cosine(rate, steps / 20, steps, 0), seed)
                  .withClip(1))
          .run(progress);
    }
    model.requiresGrad(false);
  }
}
