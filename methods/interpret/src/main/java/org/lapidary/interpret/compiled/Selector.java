package org.lapidary.interpret.compiled;

import java.util.function.BiPredicate;

/**
 * For every position, which positions it looks at: those whose key goes with its query. In a causal
 * program, none that come later.
 *
 * @param latest only the last of them
 */
public record Selector<K, Q>(
    Categorical<K> keys, Categorical<Q> queries, BiPredicate<K, Q> holds, boolean latest) {

  /** All that go with the query. */
  public static <K, Q> Selector<K, Q> of(
      Categorical<K> keys, Categorical<Q> queries, BiPredicate<K, Q> holds) {
    return new Selector<>(keys, queries, holds, false);
  }

  /** The last that goes with the query. */
  public static <K, Q> Selector<K, Q> latest(
      Categorical<K> keys, Categorical<Q> queries, BiPredicate<K, Q> holds) {
    return new Selector<>(keys, queries, holds, true);
  }

  /** [key value][query value]: which go together. */
  boolean[][] table() {
    boolean[][] table = new boolean[keys.values().size()][queries.values().size()];
    for (int k = 0; k < table.length; k++) {
      for (int q = 0; q < table[k].length; q++) {
        table[k][q] = holds.test(keys.values().get(k), queries.values().get(q));
      }
    }
    return table;
  }
}
