package org.lapidary.interpret.rerouting;

import java.util.Arrays;
import java.util.List;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * A prompt with free positions.
 *
 * @param before tokens before them
 * @param slots how many are free, at least 1
 * @param after tokens after them, at least one: what follows the last is what counts
 */
public record Template(int[] before, int slots, int[] after) {

  public Template {
    if (slots < 1 || after.length < 1) {
      throw new IllegalArgumentException(
          "a template needs a free position and a token after it, had %d and %d"
              .formatted(slots, after.length));
    }
  }

  /** The prompt with a suffix in its free positions. */
  public int[] with(int[] suffix) {
    if (suffix.length != slots) {
      throw new IllegalArgumentException(
          "%d tokens do not fit into %d free positions".formatted(suffix.length, slots));
    }
    int[] all = Arrays.copyOf(before, length());
    System.arraycopy(suffix, 0, all, before.length, slots);
    System.arraycopy(after, 0, all, before.length + slots, after.length);
    return all;
  }

  /** The prompts with each of some suffixes, [suffix, position]. */
  Tensor with(List<int[]> suffixes) {
    return LanguageModeling.tensor(suffixes.stream().map(this::with).toArray(int[][]::new));
  }

  private int length() {
    return before.length + slots + after.length;
  }
}
