package org.lapidary.interpret.circuit;

import java.util.Comparator;
import java.util.List;

/**
 * What one source adds to a reading: attribution = activation * weight.
 *
 * @param source a feature, a head with the token it attends to, an embedding, a bias
 * @param activation the factor that depends on the input
 * @param weight the factor that follows from parameters; for a head, from what it carries too,
 *     until the head is passed through
 */
public record Contribution(Circuit.Node source, double activation, double weight) {
  public double attribution() {
    return activation * weight;
  }

  /** The sum over all. */
  public static double sum(List<Contribution> contributions) {
    return contributions.stream().mapToDouble(Contribution::attribution).sum();
  }

  /** The n of largest absolute attribution, the largest first. */
  public static List<Contribution> top(List<Contribution> contributions, int n) {
    return contributions.stream()
        .sorted(
            Comparator.comparingDouble((Contribution c) -> Math.abs(c.attribution())).reversed())
        .limit(n)
        .toList();
  }
}
