package org.lapidary.interpret.shortcutavailability;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.lapidary.evidence.Figure;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * How far a model leans on the shortcut beyond what the best rule would. On an even grid of
 * features in [-3, 3]^2, among the points where the two signs disagree, its reliance is the share
 * that it labels by the shortcut.
 *
 * @param side points along a side of the grid; even, so that none lies on an axis
 * @param decisions 1 where the model says 1, else 0, by core and shortcut from low to high
 * @param reliance of the model
 * @param optimal reliance of the best rule
 * @param sensitivity mean |df/dz_s| over mean |df/dz_c| of the model's score f, over the same ratio
 *     of the best rule: above 1 if it answers to the shortcut too much
 */
public record ShortcutBias(
    int side, double[][] decisions, double reliance, double optimal, double sensitivity) {
  private static final double EDGE = 3;

  /**
   * Measures a model on a grid of 60 x 60.
   *
   * @param scores from features [n, 2] to [n] or [n, 1], above 0 for the label 1
   */
  public static ShortcutBias of(UnaryOperator<Tensor> scores, Latents latents) {
    int side = 60;
    float[] grid = new float[2 * side * side];
    for (int i = 0; i < side; i++) {
      for (int j = 0; j < side; j++) {
        grid[2 * (i * side + j)] = (float) at(i, side);
        grid[2 * (i * side + j) + 1] = (float) at(j, side);
      }
    }
    double[] found;
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      found = scores.apply(Tensor.of(grid, (long) side * side, 2)).toDoubles();
    }
    double[] w = latents.optimal();
    double[] best = new double[found.length];
    for (int i = 0; i < best.length; i++) {
      best[i] = w[0] * grid[2 * i] + w[1] * grid[2 * i + 1];
    }
    double[][] decisions = new double[side][side];
    for (int i = 0; i < side; i++) {
      for (int j = 0; j < side; j++) {
        decisions[i][j] = found[i * side + j] > 0 ? 1 : 0;
      }
    }
    return new ShortcutBias(
        side,
        decisions,
        reliance(found, grid),
        reliance(best, grid),
        ratio(found, side) / Math.abs(w[1] / w[0]));
  }

  private static double at(int i, int side) {
    return EDGE * (2 * (i + 0.5) / side - 1);
  }

  /**
   * The share of the points with disagreeing signs where the score has the sign of the shortcut.
   */
  private static double reliance(double[] scores, float[] grid) {
    int conflicts = 0;
    int shortcut = 0;
    for (int i = 0; i < scores.length; i++) {
      if (grid[2 * i] * grid[2 * i + 1] < 0) {
        conflicts++;
        shortcut += scores[i] > 0 == grid[2 * i + 1] > 0 ? 1 : 0;
      }
    }
    return (double) shortcut / conflicts;
  }

  private static double ratio(double[] f, int side) {
    double core = 0;
    double shortcut = 0;
    for (int i = 0; i + 1 < side; i++) {
      for (int j = 0; j + 1 < side; j++) {
        core += Math.abs(f[(i + 1) * side + j] - f[i * side + j]);
        shortcut += Math.abs(f[i * side + j + 1] - f[i * side + j]);
      }
    }
    return shortcut / core;
  }

  /** Reliance less that of the best rule; above 0 is a bias to the shortcut. */
  public double bias() {
    return reliance - optimal;
  }

  /** The decision map, core upwards. */
  public Figure map(String title) {
    List<String> names =
        IntStream.range(0, side)
            .mapToObj(i -> String.format(Locale.ROOT, "%.2f", at(i, side)))
            .toList();
    double[][] upwards = new double[side][];
    Arrays.setAll(upwards, i -> decisions[side - 1 - i]);
    return new Figure.Heatmap(title, "shortcut", "core", names, names.reversed(), upwards);
  }
}
