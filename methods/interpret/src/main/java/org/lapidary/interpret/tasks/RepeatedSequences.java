package org.lapidary.interpret.tasks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.tensor.Rng;

/**
 * Sequences that need induction, beside sequences that need only the last token. The first kind is
 * a random prefix, said again until the sequence is full; the second a walk of the chain, a fixed
 * random graph in which every token has four successors of the probabilities 0.4, 0.3, 0.2 and 0.1.
 *
 * @param vocab tokens there are, at least 4
 * @param length of a sequence, at least twice the longest prefix
 * @param shortest prefix, at least 1
 * @param longest prefix
 * @param chainSeed of the graph
 */
public record RepeatedSequences(int vocab, int length, int shortest, int longest, long chainSeed)
    implements PromptTask {
  private static final double[] SHARES = {0.4, 0.3, 0.2, 0.1};

  /** 64 tokens, 48 a sequence, prefixes of 8 to 24. */
  public static RepeatedSequences tiny() {
    return new RepeatedSequences(64, 48, 8, 24, 17);
  }

  public RepeatedSequences {
    if (shortest < 1 || longest < shortest || 2 * longest > length) {
      throw new IllegalArgumentException(
          "prefixes of %d to %d tokens do not fit: twice the longest must fit into %d"
              .formatted(shortest, longest, length));
    }
    if (vocab < SHARES.length) {
      throw new IllegalArgumentException(
          "a chain needs at least %d tokens, was %d".formatted(SHARES.length, vocab));
    }
  }

  /** A sequence whose token {@code i} is its token {@code i % prefix}. */
  public record Repeated(int[] tokens, int prefix) {
    /** Whether a position holds a repeated token. */
    public boolean again(int position) {
      return position >= prefix;
    }

    /** For a position of a later copy, where the token after the last copy of its token is. */
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

  /** A prefix of random length. */
  public Repeated repeated(Rng rng) {
    return repeated(shortest + rng.nextInt(longest - shortest + 1), rng);
  }

  /** A prefix of the given length. */
  public Repeated repeated(int prefix, Rng rng) {
    if (prefix < 1 || 2 * prefix > length) {
      throw new IllegalArgumentException(
          "a prefix of %d tokens does not fit twice into %d".formatted(prefix, length));
    }
    int[] tokens = new int[length];
    for (int i = 0; i < length; i++) {
      tokens[i] = i < prefix ? rng.nextInt(vocab) : tokens[i - prefix];
    }
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

  /** Repeated sequences alone: [count][length]. */
  public int[][] onlyRepeated(int count, Rng rng) {
    int[][] all = new int[count][];
    for (int i = 0; i < count; i++) {
      all[i] = repeated(rng).tokens;
    }
    return all;
  }

  /** Sequences of both kinds in turn, a repeated one first: [count][length]. */
  public int[][] mixed(int count, Rng rng) {
    int[][] successors = successors();
    int[][] all = new int[count][];
    for (int i = 0; i < count; i++) {
      all[i] = i % 2 == 0 ? repeated(rng).tokens : chain(successors, rng);
    }
    return all;
  }

  @Override
  public String name() {
    return "induction";
  }

  /**
   * A random prefix of different tokens and its beginning again, as far as the token before the
   * answer; corrupted prompts have another token where the answer stands the first time.
   *
   * @throws IllegalArgumentException if a prefix is as long as the vocabulary
   */
  @Override
  public List<PromptPair> pairs(int count, Rng rng) {
    Counts.positive(count, name());
    if (longest >= vocab || longest < 2) {
      throw new IllegalArgumentException(
          "pairs need prefixes of at least 2 tokens and fewer than the %d there are; the longest has %d"
              .formatted(vocab, longest));
    }
    List<PromptPair> pairs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int from = Math.max(2, shortest);
      int prefix = from + rng.nextInt(longest - from + 1);
      int[] order = rng.permutation(vocab);
      int again = 1 + rng.nextInt(prefix - 1);
      int[] clean = new int[prefix + again];
      for (int p = 0; p < clean.length; p++) {
        clean[p] = order[p % prefix];
      }
      int[] corrupted = clean.clone();
      corrupted[again] = order[prefix]; // a token that is nowhere else
      pairs.add(
          new PromptPair(clean, corrupted, new int[] {clean[again]}, new int[] {corrupted[again]}));
    }
    return pairs;
  }
}
