package org.lapidary.interpret.discretesae;

import java.util.Arrays;
import org.lapidary.interpret.tasks.RepeatedSequences;
import org.lapidary.tensor.Rng;

/**
 * Prompts that end on a token seen before, and the same prompts in which that token's first copy is
 * another.
 *
 * @param positive token ids [prompt][position]
 * @param negative the same but for one token
 * @param targets what follows from the first copy
 */
record InductionSet(int[][] positive, int[][] negative, int[] targets) {

  /**
   * Draws prompts.
   *
   * @param prefix its length; the prompts are half as long again
   */
  static InductionSet draw(RepeatedSequences data, int prefix, int count, Rng rng) {
    int query = prefix / 2;
    int[][] positive = new int[count][];
    int[][] negative = new int[count][];
    int[] targets = new int[count];
    for (int i = 0; i < count; i++) {
      int[] base;
      do {
        base = data.repeated(prefix, rng).tokens();
      } while (times(base, prefix, base[query]) > 1);
      positive[i] = Arrays.copyOf(base, prefix + query + 1);
      negative[i] = positive[i].clone();
      do {
        negative[i][query] = rng.nextInt(data.vocab());
      } while (negative[i][query] == base[query]);
      targets[i] = base[query + 1];
    }
    return new InductionSet(positive, negative, targets);
  }

  private static int times(int[] tokens, int length, int token) {
    int count = 0;
    for (int i = 0; i < length; i++) {
      count += tokens[i] == token ? 1 : 0;
    }
    return count;
  }

  /** Both kinds. */
  int[][] all() {
    int[][] both = Arrays.copyOf(positive, 2 * positive.length);
    System.arraycopy(negative, 0, both, positive.length, negative.length);
    return both;
  }
}
