package org.lapidary.interpret.tasks;

import java.util.Arrays;
import org.lapidary.tensor.Rng;

/**
 * Walks over a random graph of states, each written as two digits without separators: token 0 to
 * base - 1 are digits, {@code base} is BOS, which comes first.
 *
 * @param base of the digits; there are base * base states
 * @param edges different successors of every state, at random and equally probable
 * @param states in a walk
 * @param graphSeed of the graph
 */
public record StateWalks(int base, int edges, int states, long graphSeed) {

  /** 36 states, 4 edges each, 24 states a walk: 49 tokens. */
  public static StateWalks small() {
    return new StateWalks(6, 4, 24, 5);
  }

  public StateWalks {
    if (base < 2 || edges < 1 || edges > base * base || states < 1) {
      throw new IllegalArgumentException(
          "a base of at least 2, 1 to base^2 edges and 1 state a walk are needed, were %d, %d, %d"
              .formatted(base, edges, states));
    }
  }

  /** How many states there are. */
  public int count() {
    return base * base;
  }

  /** The number of token ids. */
  public int vocab() {
    return base + 1;
  }

  /** Tokens of a walk. */
  public int length() {
    return 1 + 2 * states;
  }

  /** [state][edge]. */
  public int[][] successors() {
    Rng rng = new Rng(graphSeed).fork(0xF53);
    int[][] next = new int[count()][];
    for (int s = 0; s < next.length; s++) {
      next[s] = Arrays.copyOf(rng.permutation(count()), edges);
    }
    return next;
  }

  /** A walk's states. */
  public int[] walk(int[][] successors, Rng rng) {
    int[] walk = new int[states];
    walk[0] = rng.nextInt(count());
    for (int i = 1; i < states; i++) {
      walk[i] = successors[walk[i - 1]][rng.nextInt(edges)];
    }
    return walk;
  }

  /** The tokens of a walk. */
  public int[] tokens(int[] walk) {
    int[] tokens = new int[1 + 2 * walk.length];
    tokens[0] = base;
    for (int i = 0; i < walk.length; i++) {
      tokens[1 + 2 * i] = walk[i] / base;
      tokens[2 + 2 * i] = walk[i] % base;
    }
    return tokens;
  }

  /** Walks as tokens: [count][length]. */
  public int[][] draw(int count, Rng rng) {
    int[][] successors = successors();
    int[][] all = new int[count][];
    for (int i = 0; i < count; i++) {
      all[i] = tokens(walk(successors, rng));
    }
    return all;
  }

  /** The state whose second digit stands at a position, -1 for BOS and first digits. */
  public int stateAt(int[] tokens, int position) {
    return position >= 2 && position % 2 == 0 ? tokens[position - 1] * base + tokens[position] : -1;
  }
}
