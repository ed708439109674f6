package org.lapidary.interpret.navigation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.lapidary.tensor.Rng;

/**
 * In-context navigation: asks a question, takes the likeliest answers, asks for others than these,
 * and so on. The answers that are listed move the query away from their keys, and with them from
 * whatever else has keys like theirs.
 *
 * @param rounds how often it asks
 * @param perRound answers it takes each time
 */
public record Navigation(int rounds, int perRound) {

  public Navigation {
    if (rounds < 1 || perRound < 1) {
      throw new IllegalArgumentException(
          "at least 1 round of 1 answer is needed, were %d of %d".formatted(rounds, perRound));
    }
  }

  /** 4 rounds of 2 answers. */
  public static Navigation defaults() {
    return new Navigation(4, 2);
  }

  /**
   * The answers and how the query moved.
   *
   * @param answers in the order in which they were found
   * @param queries of each round
   */
  public record Path(List<Integer> answers, List<double[]> queries) {

    /** The share of right ones. */
    public double precision(java.util.function.IntPredicate right) {
      return (double) answers.stream().filter(right::test).count() / answers.size();
    }

    /**
     * Mean products of a round's query with the keys of what was found before it, and those of the
     * first query with the same keys.
     *
     * @param round from 1: the first has found nothing before
     */
    public double[] products(KeySpace space, int round, int perRound) {
      double now = 0;
      double first = 0;
      int found = round * perRound;
      for (int answer : answers.subList(0, found)) {
        now += space.product(queries.get(round), answer) / found;
        first += space.product(queries.getFirst(), answer) / found;
      }
      return new double[] {now, first};
    }
  }

  /**
   * Navigates.
   *
   * @param prompt the question's tokens, for others than some answers
   * @param answers the tokens that are answers at all
   */
  public Path navigate(
      KeySpace space, Function<List<Integer>, int[]> prompt, List<Integer> answers) {
    List<Integer> found = new ArrayList<>();
    List<double[]> queries = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      KeySpace.Next next = space.next(prompt.apply(List.copyOf(found)));
      queries.add(next.query());
      List<Integer> ranked =
          ranked(next.logits(), answers).stream().filter(a -> !found.contains(a)).toList();
      found.addAll(ranked.subList(0, Math.min(perRound, ranked.size())));
    }
    return new Path(found, queries);
  }

  /** The likeliest answers of one distribution, as many as navigation finds. */
  public List<Integer> oneShot(KeySpace space, int[] prompt, List<Integer> answers) {
    return ranked(space.next(prompt).logits(), answers)
        .subList(0, Math.min(rounds * perRound, answers.size()));
  }

  /** As many drawn without replacement from one distribution, at temperature 1. */
  public List<Integer> sampled(KeySpace space, int[] prompt, List<Integer> answers, Rng rng) {
    double[] logits = space.next(prompt).logits();
    double[] keyed = new double[logits.length];
    for (int a : answers) { // the largest of logits plus Gumbel noise are such a sample
      keyed[a] = logits[a] - Math.log(-Math.log(1 - rng.nextDouble()));
    }
    return ranked(keyed, answers).subList(0, Math.min(rounds * perRound, answers.size()));
  }

  private static List<Integer> ranked(double[] logits, List<Integer> answers) {
    return IntStream.range(0, answers.size())
        .mapToObj(answers::get)
        .sorted(Comparator.comparingDouble(a -> -logits[a]))
        .toList();
  }
}
