package org.lapidary.evidence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class RocTest {
  @Test
  void isTheShareOfPairsInOrderTiesCountedHalf() {
    Random random = new Random(1);
    for (int run = 0; run < 50; run++) {
      int n = 2 + random.nextInt(20);
      double[] scores = new double[n];
      boolean[] positive = new boolean[n];
      for (int i = 0; i < n; i++) {
        scores[i] = random.nextInt(6);
        positive[i] = i == 0 || i > 1 && random.nextBoolean();
      }
      double won = 0;
      int pairs = 0;
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          if (positive[i] && !positive[j]) {
            won += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
            pairs++;
          }
        }
      }
      assertThat(Roc.area(scores, positive)).isCloseTo(won / pairs, within(1e-12));
    }
  }

  @Test
  void needsBothClasses() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Roc.area(new double[] {1, 2}, new boolean[] {true, true}))
        .withMessageContaining("both classes");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Roc.area(new double[] {1}, new boolean[2]));
  }
}
