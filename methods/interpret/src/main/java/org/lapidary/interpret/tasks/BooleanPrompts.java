package org.lapidary.interpret.tasks;

import java.util.Arrays;
import java.util.function.Predicate;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/**
 * Boolean functions to be learned in context: every sequence shows points x in {-1, 1}^n with
 * labels of a function drawn for it alone.
 *
 * @param dimensions n
 * @param points of a sequence
 * @param functions what is drawn
 */
public record BooleanPrompts(int dimensions, int points, Functions functions) {

  /** Classes of functions. Literals are signs: 1 for x_j, -1 for not x_j, 0 for neither. */
  public sealed interface Functions {

    /** All of the literals, each variable absent (0.7), positive or negated (0.15 each). */
    record Conjunction() implements Functions {}

    /** Any of the literals, drawn as for a conjunction. */
    record Disjunction() implements Functions {}

    /** Any of so many literals of different variables. */
    record SparseDisjunction(int literals) implements Functions {}

    /** Any of some conjunctions of so many literals. */
    record Dnf(int clauses, int literals) implements Functions {}

    /** All of some disjunctions of so many literals. */
    record Cnf(int clauses, int literals) implements Functions {}

    /** Most of a random subset of so many variables, which is odd so that there are no ties. */
    record Majority(int variables) implements Functions {}

    /** w x above b + 1/2 with w in {-1, 0, 1}^n and b in -n/2 .. n/2 - 1. */
    record Threshold() implements Functions {}

    /** w x above -1/2 with whole weights from -range to range. */
    record Halfspace(int range) implements Functions {}

    /** The product of a subset of the variables, any with equal probability. */
    record Parity() implements Functions {}

    /** The product of so many variables. */
    record SparseParity(int variables) implements Functions {}

    /**
     * The first points have random labels; every later one has that of the nearest of them, the
     * earlier of two as near.
     */
    record NearestNeighbour(int stored) implements Functions {}
  }

  /** How many of the points of conjunctions and disjunctions are made to get the rarer label. */
  public static final double BALANCE = 0.3;

  /**
   * A sequence.
   *
   * @param x [points][n] of -1 and 1
   * @param y [points]
   * @param literals the function's, where it has one set of them; else empty
   */
  public record Sequence(int[][] x, boolean[] y, int[] literals) {

    /** With other points before it, as many of its own dropped at the end. */
    public Sequence after(int[][] first, boolean[] labels) {
      int n = x.length;
      int[][] allX = Arrays.copyOf(first, n);
      boolean[] allY = Arrays.copyOf(labels, n);
      for (int i = first.length; i < n; i++) {
        allX[i] = x[i - first.length];
        allY[i] = y[i - first.length];
      }
      return new Sequence(allX, allY, literals);
    }
  }

  public BooleanPrompts {
    if (dimensions < 1 || points < 1) {
      throw new IllegalArgumentException(
          "sequences have at least 1 point of at least 1 variable, were asked for %d of %d"
              .formatted(points, dimensions));
    }
    int needed =
        switch (functions) {
          case Functions.SparseDisjunction f -> f.literals();
          case Functions.Dnf f -> f.literals();
          case Functions.Cnf f -> f.literals();
          case Functions.Majority f -> f.variables();
          case Functions.SparseParity f -> f.variables();
          case Functions.Conjunction ignored -> 1;
          case Functions.Disjunction ignored -> 1;
          case Functions.Threshold ignored -> 1;
          case Functions.Halfspace f -> Math.min(1, f.range());
          case Functions.Parity ignored -> 1;
          case Functions.NearestNeighbour f -> Math.min(1, f.stored());
        };
    if (needed < 1 || needed > dimensions) {
      throw new IllegalArgumentException(
          "%s does not fit %d variables".formatted(functions, dimensions));
    }
    if (functions instanceof Functions.Majority m && m.variables() % 2 == 0) {
      throw new IllegalArgumentException(
          "a majority needs an odd number of variables, was given " + m.variables());
    }
  }

  /** Draws one sequence. */
  public Sequence sequence(Rng rng) {
    int n = dimensions;
    return switch (functions) {
      case Functions.Conjunction ignored -> {
        int[] w = literals(rng);
        yield labelled(rng, w, w, x -> all(w, x));
      }
      case Functions.Disjunction ignored -> {
        int[] w = literals(rng);
        yield labelled(rng, w, negated(w), x -> any(w, x));
      }
      case Functions.SparseDisjunction f -> {
        int[] w = literals(f.literals(), rng);
        yield labelled(rng, w, negated(w), x -> any(w, x));
      }
      case Functions.Dnf f -> {
        int[][] clauses = clauses(f.clauses(), f.literals(), rng);
        yield labelled(
            rng, new int[0], clauses[0], x -> Arrays.stream(clauses).anyMatch(c -> all(c, x)));
      }
      case Functions.Cnf f -> {
        int[][] clauses = clauses(f.clauses(), f.literals(), rng);
        yield labelled(
            rng,
            new int[0],
            negated(clauses[0]),
            x -> Arrays.stream(clauses).allMatch(c -> any(c, x)));
      }
      case Functions.Majority f -> {
        int[] w = positive(literals(f.variables(), rng));
        yield labelled(rng, w, new int[n], x -> dot(w, x) > 0);
      }
      case Functions.Threshold ignored -> {
        int[] w = rng.ints(n, -1, 2).toArray();
        double b = rng.nextInt(-n / 2, Math.max(n / 2, 1)) + 0.5;
        yield labelled(rng, w, new int[n], x -> dot(w, x) > b);
      }
      case Functions.Halfspace f -> {
        int[] w = rng.ints(n, -f.range(), f.range() + 1).toArray();
        yield labelled(rng, w, new int[n], x -> dot(w, x) > -0.5);
      }
      case Functions.Parity ignored -> {
        int[] w = rng.ints(n, 0, 2).toArray();
        yield labelled(rng, w, new int[n], x -> odd(w, x));
      }
      case Functions.SparseParity f -> {
        int[] w = positive(literals(f.variables(), rng));
        yield labelled(rng, w, new int[n], x -> odd(w, x));
      }
      case Functions.NearestNeighbour f -> nearest(f.stored(), rng);
    };
  }

  /** Draws sequences. */
  public Sequence[] sequences(int count, Rng rng) {
    Sequence[] all = new Sequence[count];
    for (int i = 0; i < count; i++) {
      all[i] = sequence(rng);
    }
    return all;
  }

  /** Sequences of equal length as tensors, labels -1 and 1. */
  public static LabelledPoints tensors(Sequence... sequences) {
    int m = sequences[0].x.length;
    int n = sequences[0].x[0].length;
    float[] x = new float[sequences.length * m * n];
    float[] y = new float[sequences.length * m];
    for (int s = 0; s < sequences.length; s++) {
      if (sequences[s].x.length != m) {
        throw new IllegalArgumentException(
            "sequences of one batch have equal lengths, were %d and %d"
                .formatted(m, sequences[s].x.length));
      }
      for (int i = 0; i < m; i++) {
        y[s * m + i] = sequences[s].y[i] ? 1 : -1;
        for (int j = 0; j < n; j++) {
          x[(s * m + i) * n + j] = sequences[s].x[i][j];
        }
      }
    }
    return new LabelledPoints(
        Tensor.of(x, sequences.length, m, n), Tensor.of(y, sequences.length, m));
  }

  /** Draws sequences as tensors. */
  public LabelledPoints draw(int count, Rng rng) {
    return tensors(sequences(count, rng));
  }

  /** Whether every literal holds at x; so it is where there are none. */
  public static boolean all(int[] literals, int[] x) {
    for (int j = 0; j < x.length; j++) {
      if (literals[j] != 0 && literals[j] != x[j]) {
        return false;
      }
    }
    return true;
  }

  /** Whether any literal holds at x. */
  public static boolean any(int[] literals, int[] x) {
    return !all(negated(literals), x);
  }

  /** Whether an odd number of the chosen variables are -1, so that their product is. */
  public static boolean odd(int[] chosen, int[] x) {
    int minus = 0;
    for (int j = 0; j < x.length; j++) {
      minus += chosen[j] != 0 && x[j] < 0 ? 1 : 0;
    }
    return minus % 2 == 1;
  }

  private static int dot(int[] w, int[] x) {
    int sum = 0;
    for (int j = 0; j < x.length; j++) {
      sum += w[j] * x[j];
    }
    return sum;
  }

  private Sequence labelled(Rng rng, int[] literals, int[] forced, Predicate<int[]> f) {
    int[][] x = new int[points][];
    boolean[] y = new boolean[points];
    for (int i = 0; i < points; i++) {
      x[i] = point(rng);
      if (rng.nextDouble() < BALANCE) {
        for (int j = 0; j < dimensions; j++) {
          x[i][j] = forced[j] == 0 ? x[i][j] : forced[j];
        }
      }
      y[i] = f.test(x[i]);
    }
    return new Sequence(x, y, literals);
  }

  private Sequence nearest(int stored, Rng rng) {
    int[][] x = new int[points][];
    boolean[] y = new boolean[points];
    for (int i = 0; i < points; i++) {
      x[i] = point(rng);
      y[i] = i < stored ? rng.nextBoolean() : y[nearestOf(x, Math.min(stored, i), x[i])];
    }
    return new Sequence(x, y, new int[0]);
  }

  /** The first of the nearest of the first {@code count} points. */
  public static int nearestOf(int[][] points, int count, int[] x) {
    int best = 0;
    for (int i = 1; i < count; i++) {
      if (dot(points[i], x) > dot(points[best], x)) {
        best = i;
      }
    }
    return best;
  }

  private int[] point(Rng rng) {
    int[] x = new int[dimensions];
    Arrays.setAll(x, j -> rng.nextBoolean() ? 1 : -1);
    return x;
  }

  private int[] literals(Rng rng) {
    int[] w = new int[dimensions];
    Arrays.setAll(
        w,
        j -> {
          double u = rng.nextDouble();
          return u < 0.7 ? 0 : u < 0.85 ? 1 : -1;
        });
    return w;
  }

  private int[] literals(int count, Rng rng) {
    int[] w = new int[dimensions];
    int[] order = rng.permutation(dimensions);
    for (int i = 0; i < count; i++) {
      w[order[i]] = rng.nextBoolean() ? 1 : -1;
    }
    return w;
  }

  private int[][] clauses(int count, int literals, Rng rng) {
    int[][] all = new int[count][];
    Arrays.setAll(all, i -> literals(literals, rng));
    return all;
  }

  private static int[] positive(int[] literals) {
    return Arrays.stream(literals).map(Math::abs).toArray();
  }

  private static int[] negated(int[] literals) {
    return Arrays.stream(literals).map(w -> -w).toArray();
  }
}
