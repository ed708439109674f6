package org.lapidary.interpret.compiled;

import java.util.function.ToDoubleFunction;

/** A number at every position. */
public sealed interface Numerical extends Variable {

  /** A function of a categorical variable, 0 where that is none. */
  record Measured<A>(Categorical<A> of, ToDoubleFunction<A> function) implements Numerical {}

  /** The mean over the selected positions, 0 where nothing is selected. */
  record Mean(Selector<?, ?> where, Numerical of) implements Numerical {
    public Mean {
      if (where.latest()) {
        throw new IllegalArgumentException("a mean is over all that is selected, not the latest");
      }
    }
  }

  /** a x + b y. */
  record Combined(double a, Numerical x, double b, Numerical y) implements Numerical {}
}
