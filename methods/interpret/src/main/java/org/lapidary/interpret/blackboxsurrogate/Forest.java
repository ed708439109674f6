package org.lapidary.interpret.blackboxsurrogate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.tensor.Rng;

/**
 * Many trees: a random forest (Breiman, 2001), whose trees are averaged, or gradient boosting
 * (Friedman, 2001) of the multinomial loss, whose trees are summed.
 */
public final class Forest {
  private final List<DecisionTree> trees;
  private final double[] start;
  private final double rate; // 0: an average

  private Forest(List<DecisionTree> trees, double[] start, double rate) {
    this.trees = trees;
    this.start = start;
    this.rate = rate;
  }

  /** Trees on rows drawn with repetition, looking at sqrt(p) columns for a split. */
  public static Forest random(Table table, int trees, int depth, Rng rng) {
    int n = table.rows();
    Bins bins = Bins.of(table.x());
    double[][] targets = DecisionTree.units(table.y(), table.classes());
    int features = (int) Math.ceil(Math.sqrt(table.columns()));
    DecisionTree.Settings settings = new DecisionTree.Settings(depth, 3, features);
    List<DecisionTree> all = new ArrayList<>();
    for (int t = 0; t < trees; t++) {
      int[] rows = rng.ints(n, 0, n).toArray();
      all.add(DecisionTree.fit(bins, targets, rows, settings, rng));
    }
    return new Forest(all, new double[table.classes()], 0);
  }

  /** Trees that follow the gradient of the loss of those before, each scaled by the rate. */
  public static Forest boosted(Table table, int trees, int depth, double rate, Rng rng) {
    int n = table.rows();
    int classes = table.classes();
    Bins bins = Bins.of(table.x());
    double[][] units = DecisionTree.units(table.y(), classes);
    double[] start = new double[classes];
    for (double[] unit : units) {
      for (int k = 0; k < classes; k++) {
        start[k] += unit[k] / n;
      }
    }
    Arrays.setAll(start, k -> Math.log(Math.max(start[k], 1e-6)));
    double[][] scores = new double[n][];
    Arrays.setAll(scores, i -> start.clone());
    int[] rows = new int[n];
    Arrays.setAll(rows, i -> i);
    DecisionTree.Settings settings = new DecisionTree.Settings(depth, 10, 0);
    // classes / (classes - 1) and 1 / (p (1 - p)) at p = 1/2: a Newton step's length, roughly
    double scaled = rate * 4 * (classes - 1) / classes;
    List<DecisionTree> all = new ArrayList<>();
    for (int t = 0; t < trees; t++) {
      double[][] gradients = new double[n][];
      for (int i = 0; i < n; i++) {
        double[] p = softmax(scores[i]);
        double[] unit = units[i];
        Arrays.setAll(p, k -> unit[k] - p[k]);
        gradients[i] = p;
      }
      DecisionTree tree = DecisionTree.fit(bins, gradients, rows, settings, rng);
      for (int i = 0; i < n; i++) {
        double[] step = tree.predict(table.x()[i]);
        for (int k = 0; k < classes; k++) {
          scores[i][k] += scaled * step[k];
        }
      }
      all.add(tree);
    }
    return new Forest(all, start, scaled);
  }

  /** Probabilities of the classes. */
  public double[] predict(float[] row) {
    double[] sum = start.clone();
    for (DecisionTree tree : trees) {
      double[] one = tree.predict(row);
      for (int k = 0; k < sum.length; k++) {
        sum[k] += (rate == 0 ? 1.0 / trees.size() : rate) * one[k];
      }
    }
    return rate == 0 ? sum : softmax(sum);
  }

  /** The likeliest class. */
  public int classOf(float[] row) {
    return DecisionTree.largest(predict(row));
  }

  private static double[] softmax(double[] scores) {
    double most = Arrays.stream(scores).max().orElseThrow();
    double[] p = Arrays.stream(scores).map(s -> Math.exp(s - most)).toArray();
    double sum = Arrays.stream(p).sum();
    return Arrays.stream(p).map(v -> v / sum).toArray();
  }
}
