package org.lapidary.interpret.tasks;

import java.util.Arrays;
import org.lapidary.data.generate.TaskPrompt;
import org.lapidary.tensor.Tensor;

/**
 * A prompt whose continuation is known, and one as long without the part that tells it.
 *
 * @param clean token ids
 * @param corrupted as many
 * @param answers ids that may come next after the clean prompt
 * @param others ids of the same kind that may not
 */
public record PromptPair(int[] clean, int[] corrupted, int[] answers, int[] others) {

  public PromptPair {
    if (clean.length == 0 || clean.length != corrupted.length) {
      throw new IllegalArgumentException(
          "a pair needs two prompts of equal length; the clean one has %d tokens, the corrupted one %d"
              .formatted(clean.length, corrupted.length));
    }
    if (answers.length == 0 || others.length == 0) {
      throw new IllegalArgumentException(
          "a pair needs an answer and another, has %d and %d"
              .formatted(answers.length, others.length));
    }
    for (int answer : answers) {
      if (Arrays.stream(others).anyMatch(o -> o == answer)) {
        throw new IllegalArgumentException(
            "the token %d cannot be both an answer and none".formatted(answer));
      }
    }
  }

  /** A prompt of the small language. */
  public static PromptPair of(TaskPrompt prompt) {
    return new PromptPair(
        prompt.clean(), prompt.corrupted(), prompt.answers(), prompt.distractors());
  }

  /** The position that is read: the last. */
  public int end() {
    return clean.length - 1;
  }

  /**
   * The mean logit of the answers less that of the others, a scalar.
   *
   * @param logits [1, position, vocab]
   */
  public Tensor logitDifference(Tensor logits) {
    Tensor last = logits.select(1, -1).select(0, 0);
    return mean(last, answers).sub(mean(last, others));
  }

  /**
   * The probability of the answers, less that of the others: for numbers above a bound, the mass
   * above less the mass below. A scalar.
   *
   * @param logits [1, position, vocab]
   */
  public Tensor massDifference(Tensor logits) {
    Tensor last = logits.select(1, -1).select(0, 0).softmax(-1);
    return at(last, answers).sum().sub(at(last, others).sum());
  }

  private static Tensor mean(Tensor row, int[] ids) {
    return at(row, ids).mean();
  }

  private static Tensor at(Tensor row, int[] ids) {
    return row.indexSelect(0, Tensor.of(Arrays.stream(ids).asLongStream().toArray(), ids.length));
  }
}
