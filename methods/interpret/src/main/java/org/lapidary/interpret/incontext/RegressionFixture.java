package org.lapidary.interpret.incontext;

import org.jspecify.annotations.Nullable;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.tasks.RegressionPrompts;
import org.lapidary.tensor.Rng;

/**
 * A small model that has learned to regress in context; several experiments share it.
 *
 * @param prompts what it was trained on
 * @param body its layers
 * @param training how
 * @param seed of its weights and prompts
 * @param before what it was trained on first, as a curriculum; null for nothing
 */
public record RegressionFixture(
    RegressionPrompts prompts,
    InContextModel.Body body,
    InContextTraining training,
    long seed,
    @Nullable RegressionFixture before) {

  /** The house's: 6 layers of width 32 with 4 heads, trained for 4,000 steps of 64 sequences. */
  public static RegressionFixture standard(RegressionPrompts prompts, long seed) {
    return new RegressionFixture(
        prompts,
        new InContextModel.Body.Transformer(6, 32, 4),
        new InContextTraining(4000, 64, 4e-3, InContextTraining.Loss.SQUARED),
        seed,
        null);
  }

  /** The same body, trained on these prompts after it has learned others of the same size. */
  public RegressionFixture then(RegressionPrompts next, InContextTraining nextTraining) {
    return new RegressionFixture(next, body, nextTraining, seed, this);
  }

  /** With another body. */
  public RegressionFixture with(InContextModel.Body other) {
    return new RegressionFixture(prompts, other, training, seed, before);
  }

  /** With other training. */
  public RegressionFixture with(InContextTraining other) {
    return new RegressionFixture(prompts, body, other, seed, before);
  }

  /** The trained model, from the fixtures if it is there; it reads the examples and the query. */
  public InContextModel model(Progress progress) {
    int points = prompts.examples() + 1;
    InContextModel model =
        before == null
            ? InContextModel.random(prompts.dimensions(), points, body, new Rng(seed).fork(0))
            : before.model(progress);
    training.trained(
        model,
        (sequences, rng) -> prompts.draw(sequences, rng).points(),
        prompts.toString(),
        before == null ? seed : seed + 1,
        progress);
    return model;
  }
}
