package org.lapidary.compress;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One option for every item so that the sum of losses is least under a budget on the sum of costs
 * (the multiple-choice knapsack), solved exactly: partial choices that cost more and lose more than
 * another are dropped item by item (Nemhauser and Ullmann, 1969). What remains at the end is the
 * whole Pareto front.
 *
 * <p>Takes time and memory in proportion to items times distinct costs. Where there would be more
 * than {@value #STATES} distinct costs, costs are rounded up to a coarser unit: the budget is still
 * kept, and the optimum is that of the rounded costs.
 */
public final class Allocation {
  private Allocation() {}

  /** Distinct costs kept apart. */
  static final long STATES = 200_000;

  /** What an option costs and loses; neither is negative. */
  public record Option(long cost, double loss) {
    public Option {
      if (cost < 0 || !(loss >= 0)) {
        throw new IllegalArgumentException(
            "cost and loss must not be negative, were %d and %s".formatted(cost, loss));
      }
    }
  }

  /**
   * A choice that no other beats in both cost and loss.
   *
   * @param options the index of the option chosen for each item
   */
  public record Point(long cost, double loss, int[] options) {}

  /**
   * The Pareto front within a budget, by rising cost and falling loss.
   *
   * @param items each with its options
   * @param monotone whether no item may take an option of a higher index than the item before it
   * @throws IllegalArgumentException if nothing fits, naming the least cost there is
   */
  public static List<Point> front(List<List<Option>> items, long budget, boolean monotone) {
    long unit = unit(items);
    long room = Math.floorDiv(budget, unit);
    int widest = items.stream().mapToInt(List::size).max().orElse(0);
    List<Stage> stages = new ArrayList<>();
    Stage current = Stage.start(monotone ? Math.max(0, widest - 1) : 0);
    for (List<Option> options : items) {
      current = current.then(options, unit, room, monotone);
      stages.add(current);
      if (current.cost.length == 0) {
        throw new IllegalArgumentException(
            "nothing fits a budget of %d; the cheapest choice costs %d"
                .formatted(budget, cheapest(items)));
      }
    }
    return read(items, stages);
  }

  /** The choice of least loss within a budget. */
  public static Point best(List<List<Option>> items, long budget, boolean monotone) {
    return front(items, budget, monotone).getLast();
  }

  private static long cheapest(List<List<Option>> items) {
    return items.stream()
        .mapToLong(options -> options.stream().mapToLong(Option::cost).min().orElse(0))
        .sum();
  }

  /** The greatest common divisor of all costs, or a coarser unit where that leaves too many. */
  private static long unit(List<List<Option>> items) {
    long gcd = 0;
    long dearest = 0;
    for (List<Option> options : items) {
      long most = 0;
      for (Option option : options) {
        gcd = gcd(option.cost(), gcd);
        most = Math.max(most, option.cost());
      }
      dearest = Math.addExact(dearest, most);
    }
    gcd = Math.max(1, gcd);
    return dearest / gcd <= STATES ? gcd : Math.ceilDiv(dearest, STATES);
  }

  private static long gcd(long a, long b) {
    return b == 0 ? a : gcd(b, a % b);
  }

  private static List<Point> read(List<List<Option>> items, List<Stage> stages) {
    Stage last = stages.getLast();
    List<Point> front = new ArrayList<>();
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < last.cost.length; i++) {
      if (last.loss[i] >= least) {
        continue; // beaten by a state with another last option
      }
      least = last.loss[i];
      int[] chosen = new int[items.size()];
      int state = i;
      long cost = 0;
      for (int item = items.size() - 1; item >= 0; item--) {
        chosen[item] = stages.get(item).option[state];
        cost += items.get(item).get(chosen[item]).cost();
        state = stages.get(item).from[state];
      }
      front.add(new Point(cost, last.loss[i], chosen));
    }
    return front;
  }

  /** Partial choices after some items, by rising cost. */
  private record Stage(long[] cost, double[] loss, int[] option, int[] from) {

    static Stage start(int option) {
      return new Stage(new long[] {0}, new double[] {0}, new int[] {option}, new int[] {0});
    }

    private record Candidate(long cost, double loss, int option, int from) {}

    Stage then(List<Option> options, long unit, long room, boolean monotone) {
      List<Candidate> candidates = new ArrayList<>(cost.length * options.size());
      for (int o = 0; o < options.size(); o++) {
        long price = Math.ceilDiv(options.get(o).cost(), unit);
        for (int s = 0; s < cost.length && cost[s] + price <= room; s++) {
          if (!monotone || o <= option[s]) {
            candidates.add(new Candidate(cost[s] + price, loss[s] + options.get(o).loss(), o, s));
          }
        }
      }
      candidates.sort(
          java.util.Comparator.comparingLong(Candidate::cost)
              .thenComparingDouble(Candidate::loss)
              .thenComparing(java.util.Comparator.comparingInt(Candidate::option).reversed()));
      // Under monotony a state also matters by what it still allows: a higher option allows more.
      double[] least = new double[options.size()];
      Arrays.fill(least, Double.POSITIVE_INFINITY);
      List<Candidate> kept = new ArrayList<>();
      for (Candidate c : candidates) {
        double rival = Double.POSITIVE_INFINITY;
        for (int o = monotone ? c.option : 0; o < least.length; o++) {
          rival = Math.min(rival, least[o]);
        }
        if (c.loss < rival) {
          least[c.option] = c.loss;
          kept.add(c);
        }
      }
      return new Stage(
          kept.stream().mapToLong(Candidate::cost).toArray(),
          kept.stream().mapToDouble(Candidate::loss).toArray(),
          kept.stream().mapToInt(Candidate::option).toArray(),
          kept.stream().mapToInt(Candidate::from).toArray());
    }
  }
}
