package org.lapidary.interpret.blackboxsurrogate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Explains a black box by its most important columns: a tree, a forest and rules that imitate it on
 * these, with how well they do; explanations and counterfactuals of single rows.
 *
 * @param box that is explained
 * @param importance of all columns
 * @param top the columns that the surrogates see
 * @param tree of depth 5 at most; its columns count within {@code top}
 * @param forest a random forest
 * @param rules of the tree
 */
public record TabularExplainer(
    BlackBox box, Importance importance, int[] top, DecisionTree tree, Forest forest, Rules rules) {
  private static final double[] MARGINS = {0.1, 0.5, 1, 2}; // in deviations

  /**
   * Ranks the columns and fits the surrogates to the black box's classes.
   *
   * @param table with columns of mean 0 and deviation 1, as the black box takes them
   * @param k columns to keep
   */
  public static TabularExplainer fit(BlackBox box, Table table, int k, long seed) {
    if (k < 1 || k > table.columns()) {
      throw new IllegalArgumentException(
          "surrogates see from 1 to all %d columns, was asked for %d"
              .formatted(table.columns(), k));
    }
    Rng rng = new Rng(seed);
    Importance importance = Importance.of(box, table, 5, rng.fork(0));
    return of(box, importance, table, importance.top(k), rng);
  }

  /** With given columns. */
  public static TabularExplainer of(
      BlackBox box, Importance importance, Table table, int[] top, Rng rng) {
    Table seen = table.columns(top).labelled(box.classes(table));
    DecisionTree tree = DecisionTree.fit(seen, DecisionTree.Settings.defaults(), rng.fork(1));
    Forest forest = Forest.random(seen, 100, 12, rng.fork(2));
    return new TabularExplainer(box, importance, top, tree, forest, Rules.of(tree));
  }

  /**
   * How often a surrogate says what the black box says.
   *
   * @param tree share of rows
   * @param forest share of rows
   */
  public record Fidelity(double tree, double forest) {}

  /** On fresh rows. */
  public Fidelity fidelity(Table table) {
    int[] says = box.classes(table);
    Table seen = table.columns(top);
    double ofTree = 0;
    double ofForest = 0;
    for (int i = 0; i < says.length; i++) {
      ofTree += tree.classOf(seen.x()[i]) == says[i] ? 1 : 0;
      ofForest += forest.classOf(seen.x()[i]) == says[i] ? 1 : 0;
    }
    return new Fidelity(ofTree / says.length, ofForest / says.length);
  }

  /**
   * What moves a row's probability of its class from that of all rows.
   *
   * @param rule that fires
   * @param contributions by column of the table, their sum is the leaf's probability minus the
   *     root's
   */
  public record Local(Rules.Rule rule, double[] contributions) {}

  /** Explains a row of the table by the path through the tree. */
  public Local explain(float[] row) {
    float[] seen = seen(row);
    List<DecisionTree.Node> path = tree.path(seen);
    int says = tree.classOf(seen);
    double[] contributions = new double[row.length];
    for (int i = 0; i + 1 < path.size(); i++) {
      DecisionTree.Node.Split split = (DecisionTree.Node.Split) path.get(i);
      contributions[top[split.column()]] += path.get(i + 1).value()[says] - split.value()[says];
    }
    return new Local(rules.firing(seen), contributions);
  }

  /**
   * A change of a row with which the tree says another class, in the table's columns: the cheapest
   * that convinces the black box too, at growing margins; if none does, the cheapest of all.
   *
   * @return empty if the tree has no leaf of the class that can be reached
   */
  public Optional<Counterfactual> counterfactual(float[] row, int wanted) {
    List<Counterfactual> candidates = new ArrayList<>();
    for (double margin : MARGINS) {
      for (Counterfactual c : Counterfactual.all(tree, seen(row), wanted, margin)) {
        candidates.add(inTable(c, row));
      }
    }
    if (candidates.isEmpty()) {
      return Optional.empty();
    }
    float[][] rows = candidates.stream().map(Counterfactual::row).toArray(float[][]::new);
    int[] says = box.classes(new Table(rows, new int[rows.length]));
    for (int i = 0; i < says.length; i++) {
      if (says[i] == wanted) {
        return Optional.of(candidates.get(i));
      }
    }
    return Optional.of(candidates.getFirst());
  }

  private Counterfactual inTable(Counterfactual c, float[] row) {
    float[] moved = row.clone();
    for (int column : c.changed()) {
      moved[top[column]] = c.row()[column];
    }
    int[] changed = Arrays.stream(c.changed()).map(j -> top[j]).toArray();
    return new Counterfactual(moved, changed, c.distance());
  }

  private float[] seen(float[] row) {
    float[] seen = new float[top.length];
    for (int j = 0; j < top.length; j++) {
      seen[j] = row[top[j]];
    }
    return seen;
  }

  /**
   * What the black box's probability of its class loses.
   *
   * @param comprehensiveness where the columns are replaced by their mean: large if they matter
   * @param sufficiency where all others are: small if the columns are enough
   */
  public record Faithfulness(double comprehensiveness, double sufficiency) {}

  /** Of any columns of a table with columns of mean 0. */
  public static Faithfulness faithfulness(BlackBox box, Table table, int... columns) {
    boolean[] chosen = new boolean[table.columns()];
    for (int column : columns) {
      chosen[column] = true;
    }
    return Autograd.noGrad(() -> {
      try (Scope scope = Scope.open()) {
        Tensor x = table.tensor();
        Tensor mask = Tensor.of(chosen, 1, chosen.length).to(x.dtype());
        Tensor p = box.forward(x).softmax(1);
        Tensor says = p.argmax(1).unsqueeze(1);
        double whole = p.gather(1, says).mean().item();
        Tensor without = box.forward(x.mul(mask.subtractFrom(1))).softmax(1).gather(1, says);
        Tensor alone = box.forward(x.mul(mask)).softmax(1).gather(1, says);
        return new Faithfulness(whole - without.mean().item(), whole - alone.mean().item());
      }
    });
  }
}
