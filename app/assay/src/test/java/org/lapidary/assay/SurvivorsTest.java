package org.lapidary.assay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Tensor;

class SurvivorsTest {
  // three features over four tokens: two that fire, one that never does
  private static final Tensor BEFORE =
      Tensor.of(new double[] {1, 0, 0, 2, 1, 0, 3, 0, 0, 4, 5, 0}, 4, 3);

  @Test
  void aFeatureCorrelatesWithItselfAndADeadOneIsLeftOut() {
    assertThat(Survivors.diagonal(BEFORE, BEFORE.mul(3)))
        .containsExactly(new double[] {1, 1, Double.NaN}, within(1e-12));
  }

  @Test
  void theBestMatchMayStandAnywhere() {
    Tensor shuffled = Tensor.of(new double[] {0, 9, 1, 8, 0, 7, 5, 6}, 4, 2);
    // second column 9 8 7 6 against 1 2 3 4: correlation -1; first column is the second feature
    double[] best = Survivors.best(BEFORE, shuffled);
    double first = correlation(new double[] {1, 2, 3, 4}, new double[] {0, 1, 0, 5});
    assertThat(best).containsExactly(new double[] {first, 1, Double.NaN}, within(1e-12));
  }

  private static double correlation(double[] a, double[] b) {
    double ma = java.util.Arrays.stream(a).average().orElseThrow();
    double mb = java.util.Arrays.stream(b).average().orElseThrow();
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (a[i] - ma) * (b[i] - mb);
      aa += (a[i] - ma) * (a[i] - ma);
      bb += (b[i] - mb) * (b[i] - mb);
    }
    return ab / Math.sqrt(aa * bb);
  }
}
