package org.lapidary.interpret.blackboxsurrogate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.lapidary.interpret.blackboxsurrogate.DecisionTree.Node;

/**
 * The cheapest change of a row with which a tree gives it another class: as few columns as
 * possible, and of these changes the smallest sum of magnitudes (in deviations, where columns are
 * scaled).
 *
 * @param row after the change
 * @param changed which columns
 * @param distance sum of the magnitudes
 */
public record Counterfactual(float[] row, int[] changed, double distance) {

  /**
   * Searches all leaves of a class.
   *
   * @param margin how far beyond a threshold a changed value goes
   * @return empty if no leaf has the class
   */
  public static Optional<Counterfactual> of(
      DecisionTree tree, float[] row, int wanted, double margin) {
    return all(tree, row, wanted, margin).stream().findFirst();
  }

  /** One for every leaf of the class that can be reached, the cheapest first. */
  public static List<Counterfactual> all(
      DecisionTree tree, float[] row, int wanted, double margin) {
    List<Counterfactual> found = new ArrayList<>();
    search(tree.root(), row, wanted, margin, new ArrayList<>(), found);
    found.sort(
        Comparator.comparingInt((Counterfactual c) -> c.changed.length)
            .thenComparingDouble(c -> c.distance));
    return found;
  }

  private static void search(
      Node node,
      float[] row,
      int wanted,
      double margin,
      List<Rules.Condition> path,
      List<Counterfactual> found) {
    switch (node) {
      case Node.Leaf leaf -> {
        if (DecisionTree.largest(leaf.value()) == wanted) {
          reach(row, path, margin).ifPresent(found::add);
        }
      }
      case Node.Split s -> {
        for (boolean above : new boolean[] {false, true}) {
          path.add(new Rules.Condition(s.column(), s.threshold(), above));
          search(above ? s.high() : s.low(), row, wanted, margin, path, found);
          path.removeLast();
        }
      }
    }
  }

  /** The row moved into the box of the conditions; empty if the box has no room. */
  private static Optional<Counterfactual> reach(
      float[] row, List<Rules.Condition> conditions, double margin) {
    float[] moved = row.clone();
    List<Integer> columns = conditions.stream().map(Rules.Condition::column).distinct().toList();
    List<Integer> changed = new ArrayList<>();
    double distance = 0;
    for (int column : columns) {
      double low = Double.NEGATIVE_INFINITY; // above
      double high = Double.POSITIVE_INFINITY; // at most
      for (Rules.Condition c : conditions) {
        if (c.column() == column && c.above()) {
          low = Math.max(low, c.threshold());
        } else if (c.column() == column) {
          high = Math.min(high, c.threshold());
        }
      }
      if (!(low < high)) {
        return Optional.empty();
      }
      if (row[column] > low && row[column] <= high) {
        continue;
      }
      double room = Math.min(margin, (high - low) / 2);
      double to = row[column] <= low ? low + room : high - room;
      moved[column] = (float) to;
      if (!(moved[column] > low && moved[column] <= high)) {
        return Optional.empty();
      }
      changed.add(column);
      distance += Math.abs(moved[column] - row[column]);
    }
    return Optional.of(
        new Counterfactual(moved, changed.stream().mapToInt(c -> c).toArray(), distance));
  }
}
