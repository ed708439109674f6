package org.lapidary.interpret.tasks;

import java.util.Arrays;
import org.lapidary.tensor.Rng;

/**
 * Sequences that need induction, beside sequences that need only the last token. Half of them begin
 * with a random prefix of different tokens, said twice, and go on as the chain does; the others are
 * walks of the chain, a fixed random graph in which every token has four successors of the
 * probabilities 0.4, 0.3, 0.2 and 0.1.
 *
 * @param vocab tokens there are
 * @param length of a sequence, at least twice the longest prefix
 * @param shortest prefix, at least 1
 * @param longest prefix, at most {@code vocab}
 * @param chainSeed of the graph
 */
public record RepeatedSequences(int vocab, int length, int shortest, int longest, long chainSeed) {
  private static final double[] SHARES = {0.4, 0.3, 0.2, 0.1};

  /** 64 tokens, 48 a sequence, prefixes of 8 to 24. */
  public static RepeatedSequences tiny() {
    return new RepeatedSequences(64, 48, 8, 24, 17);
  }

  public RepeatedSequences {
    if (shortest < 1 || longest < shortest || longest > vocab || 2 * longest > length) {
      throw new IllegalArgumentException(
          "prefixes of %d to %d different tokens do not fit: there are %d tokens, and twice the longest must fit into %d"
              .formatted(shortest, longest, vocab, length));
    }
    if (vocab < SHARES.length) {
      throw new IllegalArgumentException(
          "a chain needs at least %d tokens, was %d".formatted(SHARES.length, vocab));
    }
  }

  /**
   * A sequence and its prefix: token {@code prefix + i} repeats token {@code i}, for {@code i}
   * below {@code prefix}.
   */
  public record Repeated(int[] tokens, int prefix) {
    /** Whether a position holds a token of the second copy. */
    public boolean second(int position) {
      return position >= prefix && position < 2 * prefix;
    }

    /** Whether the token after a position follows from the prefix alone. */
    public boolean predictable(int position) {
      return position >= prefix && position < 2 * prefix - 1;
    }

    /** For a position of the second copy, where the token after the first copy of its token is. */
    public int source(int position) {
      return position - prefix + 1;
    }
  }

  /** The four successors of every token, the most probable first. */
  public int[][] successors() {
    Rng rng = new Rng(chainSeed).fork(0xC4A1);
    int[][] next = new int[vocab][];
    for (int t = 0; t < vocab; t++) {
      next[t] = Arrays.copyOf(rng.permutation(vocab), SHARES.length);
    }
    return next;
  }

  /** A prefix of random length, said twice. */
  public Repeated repeated(Rng rng) {
    return repeated(shortest + rng.nextInt(longest - shortest + 1), rng);
  }

  /** A prefix of the given length, said twice. */
  public Repeated repeated(int prefix, Rng rng) {
    if (prefix < 1 || prefix > vocab || 2 * prefix > length) {
      throw new IllegalArgumentException(
          "a prefix of %d tokens does not fit twice into %d".formatted(prefix, length));
    }
    return repeated(prefix, successors(), rng);
  }

  private Repeated repeated(int prefix, int[][] successors, Rng rng) {
    int[] tokens = Arrays.copyOf(Arrays.copyOf(rng.permutation(vocab), prefix), length);
    System.arraycopy(tokens, 0, tokens, prefix, prefix);
    walk(successors, tokens, 2 * prefix, rng);
    return new Repeated(tokens, prefix);
  }

  /** A walk of the chain. */
  public int[] chain(Rng rng) {
    return chain(successors(), rng);
  }

  private int[] chain(int[][] successors, Rng rng) {
    int[] tokens = new int[length];
    tokens[0] = rng.nextInt(vocab);
    walk(successors, tokens, 1, rng);
    return tokens;
  }

  private static void walk(int[][] successors, int[] tokens, int from, Rng rng) {
    for (int i = from; i < tokens.length; i++) {
      double at = rng.nextDouble();
      int chosen = 0;
      while (chosen < SHARES.length - 1 && at >= SHARES[chosen]) {
        at -= SHARES[chosen++];
      }
      tokens[i] = successors[tokens[i - 1]][chosen];
    }
  }

  /** Sequences of both kinds in turn, a repeated one first: [count][length]. */
  public int[][] mixed(int count, Rng rng) {
    int[][] successors = successors();
    int[][] all = new int[count][];
    for (int i = 0; i < count; i++) {
      int prefix = shortest + rng.nextInt(longest - shortest + 1);
      all[i] = i % 2 == 0 ? repeated(prefix, successors, rng).tokens : chain(successors, rng);
    }
    return all;
  }
}
