package org.lapidary.interpret.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.tasks.BooleanPrompts.Functions;
import org.lapidary.interpret.tasks.BooleanPrompts.Sequence;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;

class BooleanPromptsTest {
  private static final int N = 6;
  private static final int M = 10;

  private static BooleanPrompts prompts(Functions functions) {
    return new BooleanPrompts(N, M, functions);
  }

  @Test
  void literalsComeWithTheirFrequencies() {
    int[] counts = new int[3];
    int sequences = 5000;
    for (Sequence s : prompts(new Functions.Conjunction()).sequences(sequences, new Rng(1))) {
      for (int w : s.literals()) {
        counts[w + 1]++;
      }
    }
    double n = (double) sequences * N;
    double[] expected = {0.15, 0.7, 0.15};
    for (int k = 0; k < 3; k++) {
      double sigma = Math.sqrt(expected[k] * (1 - expected[k]) / n);
      assertThat(Math.abs(counts[k] / n - expected[k])).isLessThan(3 * sigma);
    }
  }

  @Test
  void threeInTenPointsAreMadeToSatisfyAConjunction() {
    int positive = 0;
    double expected = 0;
    double variance = 0;
    for (Sequence s : prompts(new Functions.Conjunction()).sequences(5000, new Rng(2))) {
      double p =
          0.3 + 0.7 * Math.pow(0.5, java.util.Arrays.stream(s.literals()).map(Math::abs).sum());
      for (boolean y : s.y()) {
        positive += y ? 1 : 0;
        expected += p;
        variance += p * (1 - p);
      }
    }
    assertThat(Math.abs(positive - expected)).isLessThan(3 * Math.sqrt(variance));
  }

  @Test
  void labelsFollowTheirFormulas() {
    Rng rng = new Rng(3);
    for (Sequence s : prompts(new Functions.Conjunction()).sequences(50, rng)) {
      check(s, (wx, ones) -> wx - (ones - 1) > 0);
    }
    for (Functions f : List.of(new Functions.Disjunction(), new Functions.SparseDisjunction(4))) {
      for (Sequence s : prompts(f).sequences(50, rng)) {
        check(s, (wx, ones) -> wx + ones - 1 > 0);
      }
    }
    for (Sequence s : prompts(new Functions.Majority(3)).sequences(50, rng)) {
      check(s, (wx, ones) -> wx > 0);
    }
    for (Functions f : List.of(new Functions.Parity(), new Functions.SparseParity(2))) {
      for (Sequence s : prompts(f).sequences(50, rng)) {
        for (int i = 0; i < M; i++) {
          int product = 1;
          for (int j = 0; j < N; j++) {
            product *= s.literals()[j] == 0 ? 1 : s.x()[i][j];
          }
          assertThat(s.y()[i]).isEqualTo(product < 0);
        }
      }
    }
  }

  private interface Formula {
    boolean label(int wx, int ones);
  }

  private static void check(Sequence s, Formula formula) {
    for (int i = 0; i < M; i++) {
      int wx = 0;
      int ones = 0;
      for (int j = 0; j < N; j++) {
        wx += s.literals()[j] * s.x()[i][j];
        ones += Math.abs(s.literals()[j]);
      }
      assertThat(s.y()[i]).isEqualTo(formula.label(wx, ones));
    }
  }

  @Test
  void everyClassGivesBothLabels() {
    for (Functions f :
        List.of(
            new Functions.Dnf(3, 3),
            new Functions.Cnf(3, 3),
            new Functions.Threshold(),
            new Functions.Halfspace(3),
            new Functions.NearestNeighbour(4))) {
      int positive = 0;
      for (Sequence s : prompts(f).sequences(300, new Rng(4))) {
        for (boolean y : s.y()) {
          positive += y ? 1 : 0;
        }
      }
      assertThat(positive / (300.0 * M)).as("%s", f).isBetween(0.2, 0.8);
    }
  }

  @Test
  void tensorsHoldTheSequences() {
    try (Scope scope = Scope.open()) {
      Sequence s =
          new Sequence(new int[][] {{1, -1}, {-1, -1}}, new boolean[] {true, false}, new int[0]);
      LabelledPoints p = BooleanPrompts.tensors(s);
      assertThat(p.x().toDoubles()).containsExactly(1, -1, -1, -1);
      assertThat(p.y().toDoubles()).containsExactly(1, -1);
      assertThat(p.tokens().toDoubles()).containsExactly(1, -1, 0, 0, 0, 1, -1, -1, 0, 0, 0, -1);
      assertThat(prompts(new Functions.Parity()).draw(7, new Rng(0)).sequences()).isEqualTo(7);
    }
  }

  @Test
  void badInputIsNamed() {
    assertThatThrownBy(() -> prompts(new Functions.SparseParity(7)))
        .hasMessageContaining("does not fit 6 variables");
    assertThatThrownBy(() -> prompts(new Functions.Majority(2))).hasMessageContaining("odd");
    assertThatThrownBy(() -> new BooleanPrompts(0, 3, new Functions.Parity()))
        .hasMessageContaining("at least 1");
  }
}
