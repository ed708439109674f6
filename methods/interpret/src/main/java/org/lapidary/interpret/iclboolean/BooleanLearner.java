package org.lapidary.interpret.iclboolean;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.lapidary.interpret.tasks.BooleanPrompts;
import org.lapidary.tensor.Rng;

/** A learner of Boolean functions: says every label of a sequence from the points before it. */
public sealed interface BooleanLearner {

  /** What it says of every point. */
  boolean[] predict(BooleanPrompts.Sequence sequence);

  /** The label that most points had so far; false in a tie. */
  record MajorityLabel() implements BooleanLearner {
    @Override
    public boolean[] predict(BooleanPrompts.Sequence s) {
      boolean[] says = new boolean[s.y().length];
      int lead = 0;
      for (int i = 0; i < says.length; i++) {
        says[i] = lead > 0;
        lead += s.y()[i] ? 1 : -1;
      }
      return says;
    }
  }

  /** For conjunctions: all literals that held at every positive point so far. */
  record LiteralIntersection() implements BooleanLearner {
    @Override
    public boolean[] predict(BooleanPrompts.Sequence s) {
      boolean[] says = new boolean[s.y().length];
      int[] kept = new int[0]; // before the first positive point: contradictory
      for (int i = 0; i < says.length; i++) {
        int[] x = s.x()[i];
        says[i] = kept.length > 0 && BooleanPrompts.all(kept, x);
        if (s.y()[i]) {
          int[] before = kept;
          kept =
              before.length == 0
                  ? x.clone()
                  : java.util.stream.IntStream.range(0, x.length)
                      .map(j -> before[j] == x[j] ? x[j] : 0)
                      .toArray();
        }
      }
      return says;
    }
  }

  /** For halfspaces: goes over the points so far again and again until it errs on none. */
  record Perceptron(int rounds) implements BooleanLearner {
    @Override
    public boolean[] predict(BooleanPrompts.Sequence s) {
      boolean[] says = new boolean[s.y().length];
      int n = s.x()[0].length;
      int[] w = new int[n + 1];
      for (int i = 0; i < says.length; i++) {
        says[i] = score(w, s.x()[i]) > 0;
        for (int round = 0; round < rounds; round++) {
          boolean clean = true;
          for (int k = 0; k <= i; k++) {
            int sign = s.y()[k] ? 1 : -1;
            if (sign * score(w, s.x()[k]) <= 0) {
              clean = false;
              for (int j = 0; j < n; j++) {
                w[j] += sign * s.x()[k][j];
              }
              w[n] += sign;
            }
          }
          if (clean) {
            break;
          }
        }
      }
      return says;
    }

    private static int score(int[] w, int[] x) {
      int sum = w[x.length];
      for (int j = 0; j < x.length; j++) {
        sum += w[j] * x[j];
      }
      return sum;
    }
  }

  /**
   * For parities: Gaussian elimination over GF(2). A point that is a sum of earlier ones has the
   * sum of their labels; of any other it says false.
   */
  record Elimination() implements BooleanLearner {
    @Override
    public boolean[] predict(BooleanPrompts.Sequence s) {
      int n = s.x()[0].length;
      BitSet[] basis = new BitSet[n]; // by leading variable; bit n is the label
      boolean[] says = new boolean[s.y().length];
      for (int i = 0; i < says.length; i++) {
        BitSet row = new BitSet();
        for (int j = 0; j < n; j++) {
          row.set(j, s.x()[i][j] < 0);
        }
        for (int j = 0; j < n; j++) {
          if (row.get(j) && basis[j] != null) {
            row.xor(basis[j]);
          }
        }
        int lead = row.nextSetBit(0);
        boolean known = lead < 0 || lead == n;
        says[i] = known && row.get(n);
        if (!known) {
          row.set(n, row.get(n) != s.y()[i]);
          basis[lead] = row;
        }
      }
      return says;
    }
  }

  /** The label of the nearest of the first points, or of all points where stored is 0. */
  record NearestPoint(int stored) implements BooleanLearner {
    @Override
    public boolean[] predict(BooleanPrompts.Sequence s) {
      boolean[] says = new boolean[s.y().length];
      for (int i = 1; i < says.length; i++) {
        int among = stored == 0 ? i : Math.min(stored, i);
        says[i] = s.y()[BooleanPrompts.nearestOf(s.x(), among, s.x()[i])];
      }
      return says;
    }
  }

  /**
   * A network of one hidden layer of tanh units, trained anew on the points before each point by
   * full-batch gradient descent on the logistic loss.
   *
   * @param from the first point it is asked for; before it says false
   */
  record SmallNetwork(int hidden, int steps, double rate, int from, long seed)
      implements BooleanLearner {
    @Override
    public boolean[] predict(BooleanPrompts.Sequence s) {
      boolean[] says = new boolean[s.y().length];
      for (int i = Math.max(1, from); i < says.length; i++) {
        Net net = new Net(s.x()[0].length, hidden, new Rng(seed).fork(i));
        for (int step = 0; step < steps; step++) {
          net.step(s, i, rate);
        }
        says[i] = net.score(s.x()[i]) > 0;
      }
      return says;
    }

    private static final class Net {
      private final double[][] w; // [hidden][n + 1]
      private final double[] v;
      private final double[] h;

      Net(int n, int hidden, Rng rng) {
        w = new double[hidden][n + 1];
        v = new double[hidden];
        h = new double[hidden];
        for (int u = 0; u < hidden; u++) {
          int unit = u;
          Arrays.setAll(w[unit], j -> rng.nextGaussian() / Math.sqrt(n));
          v[u] = rng.nextGaussian() / Math.sqrt(hidden);
        }
      }

      double score(int[] x) {
        double sum = 0;
        for (int u = 0; u < v.length; u++) {
          double a = w[u][x.length];
          for (int j = 0; j < x.length; j++) {
            a += w[u][j] * x[j];
          }
          h[u] = Math.tanh(a);
          sum += v[u] * h[u];
        }
        return sum;
      }

      void step(BooleanPrompts.Sequence s, int seen, double rate) {
        double[][] dw = new double[v.length][w[0].length];
        double[] dv = new double[v.length];
        for (int k = 0; k < seen; k++) {
          int sign = s.y()[k] ? 1 : -1;
          int[] x = s.x()[k];
          double pull = sign / (1 + Math.exp(sign * score(x))) / seen;
          for (int u = 0; u < v.length; u++) {
            dv[u] += pull * h[u];
            double back = pull * v[u] * (1 - h[u] * h[u]);
            for (int j = 0; j < x.length; j++) {
              dw[u][j] += back * x[j];
            }
            dw[u][x.length] += back;
          }
        }
        for (int u = 0; u < v.length; u++) {
          v[u] += rate * dv[u];
          for (int j = 0; j < w[u].length; j++) {
            w[u][j] += rate * dw[u][j];
          }
        }
      }
    }
  }

  /** The share of sequences in which a learner is right, by point. */
  static double[] accuracy(BooleanLearner learner, List<BooleanPrompts.Sequence> sequences) {
    double[] right = new double[sequences.getFirst().y().length];
    for (BooleanPrompts.Sequence s : sequences) {
      boolean[] says = learner.predict(s);
      for (int i = 0; i < right.length; i++) {
        right[i] += says[i] == s.y()[i] ? 1 : 0;
      }
    }
    Arrays.setAll(right, i -> right[i] / sequences.size());
    return right;
  }
}
