package org.lapidary.interpret.iclboolean;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.tasks.BooleanPrompts;
import org.lapidary.interpret.tasks.BooleanPrompts.Functions;
import org.lapidary.interpret.tasks.BooleanPrompts.Sequence;
import org.lapidary.tensor.Rng;

class IclBooleanTest {
  private static final int N = 6;

  @Test
  void everyTeachingSequenceLeavesItsConjunctionOnly() {
    int all = (int) Math.pow(3, N);
    for (int target = 0; target < all; target++) {
      int[] literals = literals(target);
      Teaching teaching = Teaching.of(literals);
      assertThat(teaching.x()).hasNumberOfRows(Teaching.length(literals));
      int consistent = 0;
      for (int other = 0; other < all; other++) {
        int[] candidate = literals(other);
        boolean fits = true;
        for (int i = 0; i < teaching.x().length; i++) {
          fits &= BooleanPrompts.all(candidate, teaching.x()[i]) == teaching.y()[i];
        }
        consistent += fits ? 1 : 0;
        assertThat(!fits || other == target).isTrue();
      }
      assertThat(consistent).isEqualTo(1);
    }
  }

  private static int[] literals(int code) {
    int[] w = new int[N];
    for (int j = 0, rest = code; j < N; j++, rest /= 3) {
      w[j] = rest % 3 - 1;
    }
    return w;
  }

  @Test
  void eliminationKnowsEveryParityAfterFullRank() {
    Rng rng = new Rng(3);
    for (int mask = 0; mask < 1 << N; mask++) {
      int[] chosen = new int[N];
      int[][] x = new int[N + 20][N];
      boolean[] y = new boolean[N + 20];
      for (int j = 0; j < N; j++) {
        chosen[j] = mask >> j & 1;
      }
      for (int i = 0; i < x.length; i++) {
        for (int j = 0; j < N; j++) { // first a basis, then anything
          x[i][j] = i < N ? (j <= i ? -1 : 1) : (rng.nextBoolean() ? 1 : -1);
        }
        y[i] = BooleanPrompts.odd(chosen, x[i]);
      }
      boolean[] says = new BooleanLearner.Elimination().predict(new Sequence(x, y, chosen));
      for (int i = N; i < x.length; i++) {
        assertThat(says[i]).isEqualTo(y[i]);
      }
    }
  }

  @Test
  void theRightLearnersAreRightOnTheirClasses() {
    Rng rng = new Rng(4);
    List<Sequence> conjunctions =
        List.of(new BooleanPrompts(N, 40, new Functions.Conjunction()).sequences(300, rng));
    double[] intersection =
        BooleanLearner.accuracy(new BooleanLearner.LiteralIntersection(), conjunctions);
    double[] majority = BooleanLearner.accuracy(new BooleanLearner.MajorityLabel(), conjunctions);
    assertThat(intersection[39]).isGreaterThan(0.97).isGreaterThan(majority[39]);
    List<Sequence> near =
        List.of(new BooleanPrompts(N, 20, new Functions.NearestNeighbour(5)).sequences(50, rng));
    double[] nearest = BooleanLearner.accuracy(new BooleanLearner.NearestPoint(5), near);
    for (int i = 5; i < 20; i++) {
      assertThat(nearest[i]).isEqualTo(1);
    }
    List<Sequence> halfspaces =
        List.of(new BooleanPrompts(N, 60, new Functions.Halfspace(3)).sequences(100, rng));
    assertThat(BooleanLearner.accuracy(new BooleanLearner.Perceptron(50), halfspaces)[59])
        .isGreaterThan(0.85);
    assertThat(
            BooleanLearner.accuracy(new BooleanLearner.SmallNetwork(8, 100, 1, 59, 0), halfspaces)[
                59])
        .isGreaterThan(0.8);
  }

  @Test
  void theIntersectionNeverTakesANegativePointForPositive() {
    for (Sequence s :
        new BooleanPrompts(N, 30, new Functions.Conjunction()).sequences(100, new Rng(5))) {
      boolean[] says = new BooleanLearner.LiteralIntersection().predict(s);
      for (int i = 0; i < says.length; i++) {
        assertThat(!says[i] || s.y()[i]).isTrue();
      }
    }
  }

  @Test
  void badInputIsNamed() {
    Sequence parity = new BooleanPrompts(N, 3, new Functions.Dnf(1, 2)).sequence(new Rng(0));
    assertThatThrownBy(() -> Teaching.before(parity)).hasMessageContaining("only conjunctions");
    Sequence brief = new Sequence(new int[][] {{1, 1}}, new boolean[] {true}, new int[] {1, 1});
    assertThatThrownBy(() -> Teaching.before(brief))
        .hasMessageContaining("4 points teach this conjunction, the sequence has 1");
    assertThatThrownBy(() ->
            new BooleanIcl(
                new BooleanPrompts(N, 3, new Functions.Parity()), 0.5, BooleanIcl.training(1)))
        .hasMessageContaining("only conjunctions");
  }

  @Test
  void theExperimentRunsSmall() {
    Reproduction.Outcome outcome =
        new IclBooleanReproduction()
            .run(new Reproduction.Setting(Reproduction.Size.SMOKE, List.of(0L), Progress.silent()));
    assertThat(outcome.holds()).as("%s", outcome.checks()).isTrue();
  }
}
