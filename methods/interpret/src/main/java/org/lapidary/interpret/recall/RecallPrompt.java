package org.lapidary.interpret.recall;

import java.util.List;
import org.lapidary.interpret.tasks.PromptPair;
import org.lapidary.tensor.Tensor;

/**
 * A question about a topic, and the same question about another.
 *
 * @param pair the two prompts; the first answer is the right one, the first other the right one for
 *     the other topic
 * @param topicAt where the topic stands
 */
public record RecallPrompt(PromptPair pair, int topicAt) {

  public RecallPrompt {
    if (topicAt < 0 || topicAt > pair.end()) {
      throw new IllegalArgumentException(
          "the topic must stand at 0 to %d, was %d".formatted(pair.end(), topicAt));
    }
    if (pair.clean()[topicAt] == pair.corrupted()[topicAt]) {
      throw new IllegalArgumentException(
          "both prompts have the topic %d at %d; the counterfactual one needs another"
              .formatted(pair.clean()[topicAt], topicAt));
    }
  }

  /** The topic's token id. */
  public int topic() {
    return pair.clean()[topicAt];
  }

  public int answer() {
    return pair.answers()[0];
  }

  /** The answer for the other topic. */
  public int otherAnswer() {
    return pair.others()[0];
  }

  /** [prompt][position]. */
  static int[][] clean(List<RecallPrompt> prompts) {
    return prompts.stream().map(p -> p.pair().clean()).toArray(int[][]::new);
  }

  /** [prompt][position]. */
  static int[][] corrupted(List<RecallPrompt> prompts) {
    return prompts.stream().map(p -> p.pair().corrupted()).toArray(int[][]::new);
  }

  static int[] answers(List<RecallPrompt> prompts) {
    return prompts.stream().mapToInt(RecallPrompt::answer).toArray();
  }

  static int[] otherAnswers(List<RecallPrompt> prompts) {
    return prompts.stream().mapToInt(RecallPrompt::otherAnswer).toArray();
  }

  static int[] topics(List<RecallPrompt> prompts) {
    return prompts.stream().mapToInt(RecallPrompt::topic).toArray();
  }

  /**
   * The position that is read.
   *
   * @throws IllegalArgumentException if there is no prompt, or they differ in length
   */
  static int end(List<RecallPrompt> prompts) {
    if (prompts.isEmpty()) {
      throw new IllegalArgumentException("a task needs at least one prompt");
    }
    int end = prompts.getFirst().pair().end();
    for (RecallPrompt prompt : prompts) {
      if (prompt.pair().end() != end) {
        throw new IllegalArgumentException(
            "the prompts of a task have one length; there are %d and %d tokens"
                .formatted(end + 1, prompt.pair().end() + 1));
      }
    }
    return end;
  }

  /** One entry of each row: x [prompt, n] at ids [prompt], to [prompt]. */
  static Tensor pick(Tensor x, int[] ids) {
    long[] index = java.util.Arrays.stream(ids).asLongStream().toArray();
    return x.gather(1, Tensor.of(index, index.length, 1)).squeeze(1);
  }
}
