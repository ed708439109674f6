package org.lapidary.interpret.compiled;

import java.util.HashSet;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A variable with one of a few values, or none.
 *
 * @param <T> what the values are
 */
public sealed interface Categorical<T> extends Variable {

  /** All values, each once. */
  List<T> values();

  /** The input. */
  record Tokens(List<String> values) implements Categorical<String> {
    public Tokens {
      values = distinct(values);
    }
  }

  /** The positions, from 0. */
  record Indices(List<Integer> values) implements Categorical<Integer> {
    public Indices {
      values = distinct(values);
    }

    /** Of sequences up to a length. */
    public static Indices upTo(int length) {
      return new Indices(IntStream.range(0, length).boxed().toList());
    }
  }

  /**
   * A function of another variable; none where that is none, or the function gives no value.
   *
   * @param values those that count
   */
  record Mapped<A, T>(Categorical<A> of, Function<A, T> function, List<T> values)
      implements Categorical<T> {
    public Mapped {
      values = distinct(values);
    }
  }

  /** A function of two others; none where either is none, or the function gives no value. */
  record Joined<A, B, T>(
      Categorical<A> first, Categorical<B> second, BiFunction<A, B, T> function, List<T> values)
      implements Categorical<T> {
    public Joined {
      values = distinct(values);
    }
  }

  /**
   * The value at the selected positions, which must all have the same one; none where nothing is
   * selected.
   */
  record Picked<T>(Selector<?, ?> where, Categorical<T> of) implements Categorical<T> {
    @Override
    public List<T> values() {
      return of.values();
    }
  }

  /**
   * How many positions are selected.
   *
   * @param most how many there can be
   */
  record Counted(Selector<?, ?> selector, int most) implements Categorical<Integer> {
    public Counted {
      if (most < 1 || selector.latest()) {
        throw new IllegalArgumentException(
            "counts are at least up to 1, was %d, and of all that is selected, not of the latest"
                .formatted(most));
      }
    }

    @Override
    public List<Integer> values() {
      return IntStream.rangeClosed(0, most).boxed().toList();
    }
  }

  private static <T> List<T> distinct(List<T> values) {
    if (values.isEmpty() || new HashSet<>(values).size() != values.size()) {
      throw new IllegalArgumentException(
          "a variable needs at least one value, each once, was given " + values);
    }
    return List.copyOf(values);
  }
}
