package org.lapidary.interpret.incontext;

import org.lapidary.evidence.Progress;
import org.lapidary.interpret.tasks.RegressionPrompts;

/**
 * A small model that has learned to regress in context; several experiments share it.
 *
 * @param prompts what it was trained on
 * @param body its layers
 * @param training how
 * @param seed of its weights and prompts
 */
public record RegressionFixture(
    RegressionPrompts prompts, InContextModel.Body body, InContextTraining training, long seed) {

  /** The house's: 6 layers of width 32 with 4 heads, trained for 2,000 steps of 64 sequences. */
  public static RegressionFixture standard(RegressionPrompts prompts, long seed) {
    return new RegressionFixture(
        prompts,
        new InContextModel.Body.Transformer(6, 32, 4),
        new InContextTraining(2000, 64, 4e-3, InContextTraining.Loss.SQUARED),
        seed);
  }

  /** With another body. */
  public RegressionFixture with(InContextModel.Body other) {
    return new RegressionFixture(prompts, other, training, seed);
  }

  /** With other training. */
  public RegressionFixture with(InContextTraining other) {
    return new RegressionFixture(prompts, body, other, seed);
  }

  /** The trained model, from the fixtures if it is there; it reads the examples and the query. */
  public InContextModel model(Progress progress) {
    return training.trained(
        prompts.dimensions(),
        prompts.examples() + 1,
        body,
        (sequences, rng) -> prompts.draw(sequences, rng).points(),
        prompts.toString(),
        seed,
        progress);
  }
}
