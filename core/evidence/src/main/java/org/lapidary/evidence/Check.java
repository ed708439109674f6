package org.lapidary.evidence;

import java.util.Locale;

/**
 * One figure of a reproduction beside the bound that the claim sets for it.
 *
 * @param name what was measured, with its unit where it has one
 * @param measured the figure
 * @param relation how the figure must stand to the bound
 * @param bound the bound; NaN for {@link Relation#REPORTED}
 * @param holds whether it does
 */
public record Check(String name, double measured, Relation relation, double bound, boolean holds) {

  /** How a figure must stand to its bound. A NaN figure never holds. */
  public enum Relation {
    AT_MOST("<="),
    LESS("<"),
    AT_LEAST(">="),
    GREATER(">"),
    EQUAL("=="),
    /** Shown for the reader; no bound, always holds. */
    REPORTED("reported");

    private final String sign;

    Relation(String sign) {
      this.sign = sign;
    }

    public String sign() {
      return sign;
    }
  }

  public static Check of(String name, double measured, Relation relation, double bound) {
    boolean holds =
        switch (relation) {
          case AT_MOST -> measured <= bound;
          case LESS -> measured < bound;
          case AT_LEAST -> measured >= bound;
          case GREATER -> measured > bound;
          case EQUAL -> measured == bound;
          case REPORTED -> true;
        };
    return new Check(name, measured, relation, bound, holds);
  }

  public static Check atMost(String name, double measured, double bound) {
    return of(name, measured, Relation.AT_MOST, bound);
  }

  public static Check less(String name, double measured, double bound) {
    return of(name, measured, Relation.LESS, bound);
  }

  public static Check atLeast(String name, double measured, double bound) {
    return of(name, measured, Relation.AT_LEAST, bound);
  }

  public static Check greater(String name, double measured, double bound) {
    return of(name, measured, Relation.GREATER, bound);
  }

  public static Check equal(String name, double measured, double bound) {
    return of(name, measured, Relation.EQUAL, bound);
  }

  public static Check reported(String name, double measured) {
    return of(name, measured, Relation.REPORTED, Double.NaN);
  }

  @Override
  public String toString() {
    return relation == Relation.REPORTED
        ? String.format(Locale.ROOT, "%s = %.6g", name, measured)
        : String.format(
            Locale.ROOT,
            "%s %.6g %s %.6g %s",
            holds ? "holds" : "FAILS",
            measured,
            relation.sign(),
            bound,
            name);
  }
}
