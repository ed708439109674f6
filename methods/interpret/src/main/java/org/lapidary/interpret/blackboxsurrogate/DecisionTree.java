package org.lapidary.interpret.blackboxsurrogate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.tensor.Rng;

/**
 * A binary tree of thresholds (CART, Breiman et al., 1984) that predicts a vector: the mean of its
 * leaf. On classes as unit vectors its splits are those of the Gini impurity.
 */
public final class DecisionTree {

  /**
   * How a tree grows.
   *
   * @param depth the most conditions above a leaf
   * @param leaf the fewest rows of a leaf
   * @param features columns that are looked at for a split, drawn anew each time; 0 for all
   */
  public record Settings(int depth, int leaf, int features) {
    public static Settings defaults() {
      return new Settings(5, 10, 0);
    }
  }

  /** A part of a tree. */
  public sealed interface Node {
    /** The mean target of the training rows here. */
    double[] value();

    /** How many there were. */
    int rows();

    /** The end of a path. */
    record Leaf(double[] value, int rows) implements Node {}

    /** Rows with x[column] at most the threshold go to the left. */
    record Split(int column, float threshold, Node low, Node high, double[] value, int rows)
        implements Node {}
  }

  private final Node root;

  private DecisionTree(Node root) {
    this.root = root;
  }

  public Node root() {
    return root;
  }

  /** A tree for a table's classes. */
  public static DecisionTree fit(Table table, Settings settings, Rng rng) {
    int[] rows = new int[table.rows()];
    Arrays.setAll(rows, i -> i);
    return fit(Bins.of(table.x()), units(table.y(), table.classes()), rows, settings, rng);
  }

  static double[][] units(int[] y, int classes) {
    double[][] units = new double[y.length][classes];
    for (int i = 0; i < y.length; i++) {
      units[i][y[i]] = 1;
    }
    return units;
  }

  /** A tree for vectors, from the given rows, of which some may come twice. */
  static DecisionTree fit(Bins bins, double[][] targets, int[] rows, Settings settings, Rng rng) {
    return new DecisionTree(new Growth(bins, targets, settings, rng).node(rows, 0));
  }

  private record Growth(Bins bins, double[][] targets, Settings settings, Rng rng) {

    Node node(int[] rows, int depth) {
      double[] sum = new double[targets[0].length];
      for (int row : rows) {
        add(sum, targets[row]);
      }
      double[] mean = Arrays.stream(sum).map(s -> s / rows.length).toArray();
      if (depth == settings.depth || rows.length < 2 * settings.leaf) {
        return new Node.Leaf(mean, rows.length);
      }
      int bestColumn = -1;
      int bestBin = 0;
      double best = score(sum, rows.length) + 1e-9 * rows.length;
      for (int column : candidates()) {
        int last = bins.edges()[column].length;
        if (last == 0) {
          continue;
        }
        double[][] sums = new double[last + 1][sum.length];
        int[] counts = new int[last + 1];
        byte[] codes = bins.codes()[column];
        for (int row : rows) {
          add(sums[codes[row]], targets[row]);
          counts[codes[row]]++;
        }
        double[] left = new double[sum.length];
        int n = 0;
        for (int b = 0; b < last; b++) {
          add(left, sums[b]);
          n += counts[b];
          if (n < settings.leaf || rows.length - n < settings.leaf) {
            continue;
          }
          double[] right = sum.clone();
          for (int k = 0; k < right.length; k++) {
            right[k] -= left[k];
          }
          double score = score(left, n) + score(right, rows.length - n);
          if (score > best) {
            best = score;
            bestColumn = column;
            bestBin = b;
          }
        }
      }
      if (bestColumn < 0) {
        return new Node.Leaf(mean, rows.length);
      }
      byte[] codes = bins.codes()[bestColumn];
      int bin = bestBin;
      int[] low = Arrays.stream(rows).filter(r -> codes[r] <= bin).toArray();
      int[] high = Arrays.stream(rows).filter(r -> codes[r] > bin).toArray();
      return new Node.Split(
          bestColumn,
          bins.edges()[bestColumn][bestBin],
          node(low, depth + 1),
          node(high, depth + 1),
          mean,
          rows.length);
    }

    private int[] candidates() {
      int p = bins.codes().length;
      int wanted = settings.features == 0 ? p : Math.min(p, settings.features);
      int[] all = new int[p];
      Arrays.setAll(all, j -> j);
      for (int i = 0; wanted < p && i < wanted; i++) { // the first of a random order
        int j = i + rng.nextInt(p - i);
        int swapped = all[i];
        all[i] = all[j];
        all[j] = swapped;
      }
      return Arrays.copyOf(all, wanted);
    }

    private static void add(double[] to, double[] what) {
      for (int k = 0; k < to.length; k++) {
        to[k] += what[k];
      }
    }

    /** What a split maximises: the squared length of the sum over the rows. */
    private static double score(double[] sum, int rows) {
      double square = 0;
      for (double s : sum) {
        square += s * s;
      }
      return square / rows;
    }
  }

  /** The mean target of the row's leaf. */
  public double[] predict(float[] row) {
    return path(row).getLast().value();
  }

  /** The nodes from the root to the row's leaf. */
  public List<Node> path(float[] row) {
    List<Node> path = new ArrayList<>();
    Node node = root;
    path.add(node);
    while (node instanceof Node.Split s) {
      node = row[s.column()] <= s.threshold() ? s.low() : s.high();
      path.add(node);
    }
    return path;
  }

  /** The class of the largest value. */
  public int classOf(float[] row) {
    return largest(predict(row));
  }

  static int largest(double[] values) {
    int best = 0;
    for (int k = 1; k < values.length; k++) {
      best = values[k] > values[best] ? k : best;
    }
    return best;
  }
}
