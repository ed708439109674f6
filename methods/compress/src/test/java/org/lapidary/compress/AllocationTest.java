package org.lapidary.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Rng;

class AllocationTest {

  /** Six layers with three widths each. */
  private static List<List<Allocation.Option>> items(Rng rng, int layers) {
    List<List<Allocation.Option>> items = new ArrayList<>();
    for (int i = 0; i < layers; i++) {
      long weights = 1 + rng.nextInt(50);
      double loss = rng.nextDouble();
      List<Allocation.Option> options = new ArrayList<>();
      for (int bits : new int[] {2, 4, 8}) {
        options.add(new Allocation.Option(weights * bits, loss * rng.nextDouble() / bits));
      }
      items.add(options);
    }
    return items;
  }

  private static double bruteForce(
      List<List<Allocation.Option>> items, long budget, boolean monotone) {
    double best = Double.POSITIVE_INFINITY;
    int all = (int) Math.pow(3, items.size());
    for (int code = 0; code < all; code++) {
      long cost = 0;
      double loss = 0;
      int before = 2;
      boolean falling = true;
      for (int i = 0, rest = code; i < items.size(); i++, rest /= 3) {
        int option = rest % 3;
        falling &= option <= before;
        before = option;
        cost += items.get(i).get(option).cost();
        loss += items.get(i).get(option).loss();
      }
      if (cost <= budget && (falling || !monotone)) {
        best = Math.min(best, loss);
      }
    }
    return best;
  }

  @Property(tries = 100)
  void theOptimumIsThatOfBruteForce(@ForAll long seed, @ForAll boolean monotone) {
    Rng rng = new Rng(seed);
    List<List<Allocation.Option>> items = items(rng, 6);
    long cheapest = items.stream().mapToLong(o -> o.getFirst().cost()).sum();
    long budget = cheapest + rng.nextInt((int) (3 * cheapest));
    Allocation.Point best = Allocation.best(items, budget, monotone);
    assertThat(best.loss()).isCloseTo(bruteForce(items, budget, monotone), within(1e-12));
    assertThat(best.cost()).isLessThanOrEqualTo(budget);
    double loss = 0;
    for (int i = 0; i < 6; i++) {
      loss += items.get(i).get(best.options()[i]).loss();
    }
    assertThat(loss).isCloseTo(best.loss(), within(1e-12));
  }

  @Test
  void theFrontHoldsTheOptimumOfEveryBudget() {
    List<List<Allocation.Option>> items = items(new Rng(3), 5);
    List<Allocation.Point> front = Allocation.front(items, Long.MAX_VALUE, false);
    for (int i = 1; i < front.size(); i++) {
      assertThat(front.get(i).cost()).isGreaterThan(front.get(i - 1).cost());
      assertThat(front.get(i).loss()).isLessThan(front.get(i - 1).loss());
    }
    for (Allocation.Point point : front) {
      assertThat(point.loss()).isCloseTo(bruteForce(items, point.cost(), false), within(1e-12));
    }
  }

  @Test
  void hugeCostsAreRoundedUpSoThatTheBudgetIsKept() {
    Rng rng = new Rng(5);
    List<List<Allocation.Option>> items = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      long n = 1_000_003L * (1 + rng.nextInt(900)) + rng.nextInt(1000);
      items.add(
          List.of(new Allocation.Option(2 * n, 1.0 * n), new Allocation.Option(8 * n, 0.1 * n)));
    }
    long dearest = items.stream().mapToLong(o -> o.getLast().cost()).sum();
    Allocation.Point best = Allocation.best(items, dearest / 2, false);
    assertThat(best.cost()).isLessThanOrEqualTo(dearest / 2).isGreaterThan(dearest * 49 / 100);
  }

  @Test
  void aBudgetBelowTheCheapestChoiceIsRefusedWithThatChoice() {
    List<List<Allocation.Option>> items =
        List.of(List.of(new Allocation.Option(10, 0)), List.of(new Allocation.Option(7, 0)));
    assertThatThrownBy(() -> Allocation.best(items, 16, false)).hasMessageContaining("costs 17");
    assertThatThrownBy(() -> new Allocation.Option(-1, 0)).hasMessageContaining("-1");
    assertThatThrownBy(() -> new Allocation.Option(1, Double.NaN)).hasMessageContaining("NaN");
  }
}
