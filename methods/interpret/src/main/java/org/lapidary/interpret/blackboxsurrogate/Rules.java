package org.lapidary.interpret.blackboxsurrogate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.lapidary.interpret.blackboxsurrogate.DecisionTree.Node;

/**
 * A tree as a list of rules, the first that applies decides.
 *
 * @param rules by coverage times confidence, falling
 */
public record Rules(List<Rule> rules) {

  public Rules {
    rules = List.copyOf(rules);
  }

  /** x[column] at most the threshold, or above it. */
  public record Condition(int column, float threshold, boolean above) {
    /** Whether a row meets it. */
    public boolean holds(float[] row) {
      return above != row[column] <= threshold;
    }

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "x%d %s %.3g", column, above ? ">" : "<=", threshold);
    }
  }

  /**
   * If all conditions hold, then the class.
   *
   * @param coverage share of the training rows that meet the conditions
   * @param confidence share of these that are of the class
   */
  public record Rule(List<Condition> conditions, int then, double coverage, double confidence) {
    public Rule {
      conditions = List.copyOf(conditions);
    }

    /** Whether a row meets all conditions. */
    public boolean applies(float[] row) {
      return conditions.stream().allMatch(c -> c.holds(row));
    }

    @Override
    public String toString() {
      String when = String.join(" and ", conditions.stream().map(Condition::toString).toList());
      return String.format(
          Locale.ROOT,
          "if %s then %d (%.0f%% of rows, %.0f%% right)",
          when.isEmpty() ? "always" : when,
          then,
          100 * coverage,
          100 * confidence);
    }
  }

  /** One rule for each leaf: exactly the tree. */
  public static Rules of(DecisionTree tree) {
    List<Rule> rules = new ArrayList<>();
    collect(tree.root(), tree.root().rows(), new ArrayList<>(), rules);
    return sorted(rules);
  }

  private static void collect(Node node, int all, List<Condition> path, List<Rule> rules) {
    switch (node) {
      case Node.Leaf leaf -> {
        int then = DecisionTree.largest(leaf.value());
        rules.add(new Rule(path, then, (double) leaf.rows() / all, leaf.value()[then]));
      }
      case Node.Split s -> {
        List<Condition> low = new ArrayList<>(path);
        low.add(new Condition(s.column(), s.threshold(), false));
        collect(s.low(), all, low, rules);
        List<Condition> high = new ArrayList<>(path);
        high.add(new Condition(s.column(), s.threshold(), true));
        collect(s.high(), all, high, rules);
      }
    }
  }

  private static Rules sorted(List<Rule> rules) {
    return new Rules(
        rules.stream()
            .sorted(Comparator.comparingDouble((Rule r) -> -r.coverage * r.confidence))
            .toList());
  }

  /**
   * With conditions dropped as long as a rule's precision on the rows does not fall by more than a
   * tolerance; coverage and confidence are measured anew.
   *
   * @param tolerance such as 0.005, half a point
   */
  public Rules pruned(Table table, double tolerance) {
    List<Rule> all = new ArrayList<>();
    for (Rule rule : rules) {
      Rule kept = measured(rule.conditions, rule.then, table);
      boolean dropped = true;
      while (dropped) {
        dropped = false;
        for (int c = 0; c < kept.conditions.size() && !dropped; c++) {
          List<Condition> fewer = new ArrayList<>(kept.conditions);
          fewer.remove(c);
          Rule shorter = measured(fewer, kept.then, table);
          if (shorter.confidence >= kept.confidence - tolerance) {
            kept = shorter;
            dropped = true;
          }
        }
      }
      all.add(kept);
    }
    return sorted(all);
  }

  private static Rule measured(List<Condition> conditions, int then, Table table) {
    int met = 0;
    int right = 0;
    for (int i = 0; i < table.rows(); i++) {
      float[] row = table.x()[i];
      if (conditions.stream().allMatch(c -> c.holds(row))) {
        met++;
        right += table.y()[i] == then ? 1 : 0;
      }
    }
    return new Rule(
        conditions, then, (double) met / table.rows(), met == 0 ? 0 : (double) right / met);
  }

  /** The first rule that applies to a row. */
  public Rule firing(float[] row) {
    return rules.stream().filter(r -> r.applies(row)).findFirst().orElse(rules.getFirst());
  }

  /** The class of the first rule that applies. */
  public int classOf(float[] row) {
    return firing(row).then;
  }
}
