package org.lapidary.interpret.compiled;

import java.util.List;
import java.util.stream.IntStream;

/** Programs of the literature. */
public final class Programs {
  private Programs() {}

  /** The sequence backwards: two heads, two MLPs. Sees later positions. */
  public static Program reverse(List<String> alphabet, int length) {
    Categorical.Tokens tokens = new Categorical.Tokens(alphabet);
    Categorical.Indices indices = Categorical.Indices.upTo(length);
    Categorical<Integer> count =
        new Categorical.Counted(Selector.of(indices, indices, (k, q) -> true), length);
    Categorical<Integer> opposite =
        new Categorical.Joined<>(count, indices, (n, i) -> n - i - 1, indices.values());
    return new Program(
        "reverse",
        alphabet,
        length,
        false,
        new Categorical.Picked<>(Selector.of(indices, opposite, Integer::equals), tokens));
  }

  /** The share of a token among those up to each position: a map and a head. */
  public static Program fractionOf(String token, List<String> alphabet, int length) {
    return new Program(
        "fraction of " + token, alphabet, length, true, fraction(token, alphabet, length));
  }

  /** The variable of {@link #fractionOf}. */
  public static Numerical fraction(String token, List<String> alphabet, int length) {
    Categorical.Indices indices = Categorical.Indices.upTo(length);
    return new Numerical.Mean(
        Selector.of(indices, indices, (k, q) -> k <= q),
        new Numerical.Measured<>(new Categorical.Tokens(alphabet), t -> t.equals(token) ? 1 : 0));
  }

  /** How often each token occurs: a head and an MLP. Sees later positions. */
  public static Program histogram(List<String> alphabet, int length) {
    Categorical.Tokens tokens = new Categorical.Tokens(alphabet);
    return new Program(
        "histogram",
        alphabet,
        length,
        false,
        new Categorical.Counted(Selector.of(tokens, tokens, String::equals), length));
  }

  /**
   * What followed the last time that the token occurred; none the first time. A head that brings
   * every position the token before it, and one that looks for that.
   */
  public static Program induction(List<String> alphabet, int length) {
    Categorical.Tokens tokens = new Categorical.Tokens(alphabet);
    return new Program(
        "induction",
        alphabet,
        length,
        true,
        new Categorical.Picked<>(
            Selector.latest(before(alphabet, length), tokens, String::equals), tokens));
  }

  /** The token before each. */
  public static Categorical<String> before(List<String> alphabet, int length) {
    Categorical.Indices indices = Categorical.Indices.upTo(length);
    return new Categorical.Picked<>(
        Selector.of(indices, indices, (k, q) -> k == q - 1), new Categorical.Tokens(alphabet));
  }

  /** The sum of the token and the one before it modulo the number of tokens: a head and an MLP. */
  public static Program pairSum(List<String> alphabet, int length) {
    List<Integer> sums = IntStream.range(0, alphabet.size()).boxed().toList();
    return new Program(
        "sum with the one before",
        alphabet,
        length,
        true,
        new Categorical.Joined<>(
            new Categorical.Tokens(alphabet),
            before(alphabet, length),
            (a, b) -> (alphabet.indexOf(a) + alphabet.indexOf(b)) % alphabet.size(),
            sums));
  }
}
