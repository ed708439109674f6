package org.lapidary.interpret.saeeval;

import org.lapidary.evidence.Progress;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.interpret.dictionary.Pairs;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** Two things that happen to dictionaries in training, on data where the truth is known. */
final class Toys {
  private static final int WIDTH = 32;
  private static final int VALUES = 10;
  private static final int POINTS = 4000;
  private static final float APART = 4; // the clusters' centres from 0, in deviations

  private Toys() {}

  /** Mean best F1 over the values of x and of y. */
  record Occlusion(double x, double y) {}

  /**
   * a = r u_x + u_y + noise, x and y of 10 values each: features for the smaller of two concepts.
   *
   * @param r how much larger x is than y
   */
  static Occlusion occlusion(double r, int features, double lambda, long steps, long seed) {
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(seed).fork(0x0CC);
      Tensor ux = unit(rng.normal(1, VALUES, WIDTH));
      Tensor uy = unit(rng.normal(1, VALUES, WIDTH));
      int[][] values = new int[POINTS][2];
      long[] x = new long[POINTS];
      long[] y = new long[POINTS];
      for (int p = 0; p < POINTS; p++) {
        x[p] = values[p][0] = rng.nextInt(VALUES);
        y[p] = values[p][1] = rng.nextInt(VALUES);
      }
      Tensor a =
          ux.indexSelect(0, Tensor.of(x, POINTS))
              .mul(r)
              .add(uy.indexSelect(0, Tensor.of(y, POINTS)))
              .add(rng.normal(0.05, POINTS, WIDTH));
      Dictionary d = train(a, features, lambda, steps, seed);
      float[] f = d.encode(a).toFloats();
      boolean[][] predicates = Predicates.of(values, new int[] {VALUES, VALUES});
      double[] best = new double[2 * VALUES];
      for (int j = 0; j < features; j++) {
        float[] column = column(f, features, j);
        for (int q = 0; q < best.length; q++) {
          best[q] = Math.max(best[q], Predicates.bestF1(column, predicates[q]));
        }
      }
      double meanX = 0;
      double meanY = 0;
      for (int v = 0; v < VALUES; v++) {
        meanX += best[v] / VALUES;
        meanY += best[VALUES + v] / VALUES;
      }
      return new Occlusion(meanX, meanY);
    }
  }

  /**
   * Two clusters in the plane with noise inside: how many features fire on 5% or more of the second
   * one's points and on none of the first's.
   */
  static int split(int features, double lambda, long steps, long seed) {
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(seed).fork(0x5917);
      float[] centres = new float[2 * POINTS];
      for (int p = 0; p < POINTS; p++) {
        centres[2 * p] = p % 2 == 0 ? -APART : APART;
      }
      Tensor a = Tensor.of(centres, POINTS, 2).add(rng.normal(1, POINTS, 2));
      Dictionary d = train(a, features, lambda, steps, seed);
      float[] f = d.encode(a).toFloats();
      int exclusive = 0;
      for (int j = 0; j < features; j++) {
        int[] fires = new int[2];
        for (int p = 0; p < POINTS; p++) {
          fires[p % 2] += f[p * features + j] > 0 ? 1 : 0;
        }
        exclusive += fires[0] == 0 && fires[1] >= 0.05 * POINTS / 2 ? 1 : 0;
      }
      return exclusive;
    }
  }

  private static Dictionary train(Tensor a, int features, double lambda, long steps, long seed) {
    DictionaryTrainer.Settings settings =
        DictionaryTrainer.Settings.defaults(features)
            .withLambda(lambda)
            .withSteps(steps)
            .withBatch(256)
            .withSeed(seed);
    return new DictionaryTrainer(settings)
        .train(
            (tokens, rng) -> {
              long[] rows = new long[tokens];
              for (int i = 0; i < tokens; i++) {
                rows[i] = rng.nextInt(POINTS);
              }
              Tensor x = a.indexSelect(0, Tensor.of(rows, tokens));
              return new Pairs(x, x);
            },
            Progress.silent())
        .dictionary();
  }

  private static float[] column(float[] all, int width, int j) {
    float[] column = new float[all.length / width];
    for (int p = 0; p < column.length; p++) {
      column[p] = all[p * width + j];
    }
    return column;
  }

  private static Tensor unit(Tensor rows) {
    return rows.div(rows.norm(true, 1));
  }
}
