package org.lapidary.interpret.compiled;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A function of sequences.
 *
 * @param name what it is called
 * @param alphabet the tokens
 * @param length of the longest sequence
 * @param causal whether positions see none that come later
 * @param output what is computed at every position
 * @param beside other variables that are computed and on which the output does not depend
 */
public record Program(
    String name,
    List<String> alphabet,
    int length,
    boolean causal,
    Variable output,
    List<Variable> beside) {

  public Program(String name, List<String> alphabet, int length, boolean causal, Variable output) {
    this(name, alphabet, length, causal, output, List.of());
  }

  public Program {
    alphabet = List.copyOf(alphabet);
    beside = List.copyOf(beside);
    if (alphabet.isEmpty() || length < 1) {
      throw new IllegalArgumentException(
          "a program needs a token and sequences of at least 1, has %d and %d"
              .formatted(alphabet.size(), length));
    }
  }

  /** With variables that are computed as well. */
  public Program with(Variable... others) {
    return new Program(name, alphabet, length, causal, output, List.of(others));
  }

  /**
   * Runs it as it is written.
   *
   * @param tokens indices into the alphabet
   * @return by position, the output's number, or the index of its value, -1 for none
   * @throws IllegalStateException if positions with different values are picked together
   */
  public double[] run(int... tokens) {
    check(tokens);
    return new Run(tokens).of(output);
  }

  /** Whether the output is a number. */
  public boolean numerical() {
    return output instanceof Numerical;
  }

  void check(int[] tokens) {
    if (tokens.length == 0 || tokens.length > length) {
      throw new IllegalArgumentException(
          "the program '%s' takes sequences of 1 to %d tokens, was given %d"
              .formatted(name, length, tokens.length));
    }
    for (int token : tokens) {
      if (token < 0 || token >= alphabet.size()) {
        throw new IllegalArgumentException(
            "tokens are indices 0 to %d into the alphabet, was given %d"
                .formatted(alphabet.size() - 1, token));
      }
    }
  }

  private final class Run {
    private final int[] tokens;
    private final Map<Variable, double[]> known = new HashMap<>();

    Run(int[] tokens) {
      this.tokens = tokens;
    }

    double[] of(Variable variable) {
      double[] before = known.get(variable);
      if (before != null) {
        return before;
      }
      double[] values = new double[tokens.length];
      for (int p = 0; p < values.length; p++) {
        values[p] =
            switch (variable) {
              case Categorical.Tokens t -> tokens[p];
              case Categorical.Indices i -> p;
              case Categorical.Mapped<?, ?> m -> mapped(m, p);
              case Categorical.Joined<?, ?, ?> j -> joined(j, p);
              case Categorical.Picked<?> picked -> picked(picked, p);
              case Categorical.Counted counted -> counted(counted, p);
              case Numerical.Measured<?> m -> measured(m, p);
              case Numerical.Mean mean -> mean(mean, p);
              case Numerical.Combined c -> c.a() * of(c.x())[p] + c.b() * of(c.y())[p];
            };
      }
      known.put(variable, values);
      return values;
    }

    private int index(Categorical<?> variable, int position) {
      return (int) of(variable)[position];
    }

    private <A, T> int mapped(Categorical.Mapped<A, T> m, int p) {
      int a = index(m.of(), p);
      return a < 0 ? -1 : m.values().indexOf(m.function().apply(m.of().values().get(a)));
    }

    private <A, B, T> int joined(Categorical.Joined<A, B, T> j, int p) {
      int a = index(j.first(), p);
      int b = index(j.second(), p);
      return a < 0 || b < 0
          ? -1
          : j.values()
              .indexOf(j.function().apply(j.first().values().get(a), j.second().values().get(b)));
    }

    private <A> double measured(Numerical.Measured<A> m, int p) {
      int a = index(m.of(), p);
      return a < 0 ? 0 : m.function().applyAsDouble(m.of().values().get(a));
    }

    private double picked(Categorical.Picked<?> picked, int p) {
      List<Integer> chosen = selected(picked.where(), p);
      int value = chosen.isEmpty() ? -1 : index(picked.of(), chosen.getFirst());
      for (int at : chosen) {
        if (index(picked.of(), at) != value) {
          throw new IllegalStateException(
              "'%s' picks different values for position %d, at %s; select one of them, or the latest"
                  .formatted(name, p, chosen));
        }
      }
      return value;
    }

    private double counted(Categorical.Counted counted, int p) {
      int count = selected(counted.selector(), p).size();
      if (count > counted.most()) {
        throw new IllegalStateException(
            "'%s' counts %d, more than %d".formatted(name, count, counted.most()));
      }
      return count;
    }

    private double mean(Numerical.Mean mean, int p) {
      double[] values = of(mean.of());
      return selected(mean.where(), p).stream().mapToDouble(at -> values[at]).average().orElse(0);
    }

    private List<Integer> selected(Selector<?, ?> selector, int p) {
      boolean[][] table = selector.table();
      int query = index(selector.queries(), p);
      List<Integer> selected = new ArrayList<>();
      for (int at = 0; at < (causal ? p + 1 : tokens.length) && query >= 0; at++) {
        int key = index(selector.keys(), at);
        if (key >= 0 && table[key][query]) {
          selected.add(at);
        }
      }
      return selector.latest() && !selected.isEmpty() ? List.of(selected.getLast()) : selected;
    }
  }
}
