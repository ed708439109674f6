package org.lapidary.interpret.saeeval;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** How well single features say what is known of a prompt. */
public final class Predicates {
  private Predicates() {}

  /**
   * The best label of a feature.
   *
   * @param predicate its index, -1 for none
   * @param f1 of "the feature is above a threshold", the best one's
   */
  public record Label(int predicate, double f1) {}

  /**
   * The best F1 of a feature for one predicate, over all thresholds at least 0.
   *
   * @param activations of the feature by prompt
   * @param holds the predicate by prompt
   */
  public static double bestF1(float[] activations, boolean[] holds) {
    return bestF1(order(activations), activations, holds);
  }

  private static int[] order(float[] activations) {
    return IntStream.range(0, activations.length)
        .filter(p -> activations[p] > 0)
        .boxed()
        .sorted(Comparator.comparingDouble(p -> -activations[p]))
        .mapToInt(p -> p)
        .toArray();
  }

  private static double bestF1(int[] order, float[] activations, boolean[] holds) {
    int all = 0;
    for (boolean h : holds) {
      all += h ? 1 : 0;
    }
    int hits = 0;
    double best = 0;
    for (int i = 0; i < order.length; i++) {
      hits += holds[order[i]] ? 1 : 0;
      boolean cut = i + 1 == order.length || activations[order[i + 1]] < activations[order[i]];
      if (cut) {
        best = Math.max(best, 2.0 * hits / (i + 1 + all));
      }
    }
    return best;
  }

  /**
   * Labels features.
   *
   * @param activations [prompt * features], row-major
   * @param predicates [predicate][prompt]
   * @return one per feature; those that never fire have the predicate -1
   */
  public static Label[] label(float[] activations, int features, boolean[][] predicates) {
    int prompts = activations.length / features;
    Label[] labels = new Label[features];
    for (int j = 0; j < features; j++) {
      float[] f = new float[prompts];
      for (int p = 0; p < prompts; p++) {
        f[p] = activations[p * features + j];
      }
      int[] order = order(f);
      Label best = new Label(-1, 0);
      for (int q = 0; q < predicates.length; q++) {
        double f1 = bestF1(order, f, predicates[q]);
        best = f1 > best.f1 ? new Label(q, f1) : best;
      }
      labels[j] = best;
    }
    return labels;
  }

  /** "Attribute i has the value v", for all i and v in order: [predicate][prompt]. */
  public static boolean[][] of(int[][] attributes, int[] sizes) {
    boolean[][] all = new boolean[Arrays.stream(sizes).sum()][attributes.length];
    for (int p = 0; p < attributes.length; p++) {
      int from = 0;
      for (int i = 0; i < sizes.length; i++) {
        all[from + attributes[p][i]][p] = true;
        from += sizes[i];
      }
    }
    return all;
  }

  /** Of the features that fire, the share whose best F1 is at least a bound. */
  public static double shareAbove(Label[] labels, double bound) {
    long fire = Arrays.stream(labels).filter(l -> l.predicate >= 0).count();
    return Arrays.stream(labels).filter(l -> l.f1 >= bound).count() / (double) Math.max(1, fire);
  }
}
