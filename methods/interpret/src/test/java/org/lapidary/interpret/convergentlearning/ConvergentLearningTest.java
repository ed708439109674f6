package org.lapidary.interpret.convergentlearning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.fixtures.ConvEncoder;
import org.lapidary.interpret.similarity.KMeans;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

class ConvergentLearningTest {

  private static Tensor drawn(long seed, long... sizes) {
    return new Rng(seed).normal(1, sizes).to(DType.FLOAT64);
  }

  @Test
  void correlationsAreThoseOfTheTextbookAlsoOverBatches() {
    try (Scope scope = Scope.open()) {
      Tensor a = drawn(1, 50, 3).add(100);
      Tensor b = drawn(2, 50, 2).add(a.slice(1, 0, 2));
      UnitCorrelations whole = UnitCorrelations.of(a, b);
      double[] x = a.select(1, 1).toDoubles();
      double[] y = b.select(1, 0).toDoubles();
      assertThat(whole.between()[1][0])
          .isCloseTo(org.lapidary.evidence.Correlation.pearson(x, y), within(1e-9));
      assertThat(whole.meanA()[1])
          .isCloseTo(Arrays.stream(x).average().orElseThrow(), within(1e-9));
      try (UnitCorrelations.Sums sums = new UnitCorrelations.Sums(3, 2)) {
        sums.add(a.slice(0, 0, 20), b.slice(0, 0, 20)).add(a.slice(0, 20, 50), b.slice(0, 20, 50));
        UnitCorrelations parts = sums.correlations();
        for (int i = 0; i < 3; i++) {
          assertThat(parts.between()[i]).containsExactly(whole.between()[i], within(1e-9));
          assertThat(parts.withinA()[i]).containsExactly(whole.withinA()[i], within(1e-9));
        }
        assertThatThrownBy(() -> sums.add(b, a)).isInstanceOf(ShapeException.class);
      }
    }
  }

  @Test
  void aUnitThatNeverVariesGoesWithNothing() {
    try (Scope scope = Scope.open()) {
      Tensor a =
          Tensor.concat(1, drawn(1, 20, 2), Tensor.full(DType.FLOAT64, drawn(2, 20, 1).shape(), 7));
      UnitCorrelations c = UnitCorrelations.of(a, a);
      assertThat(c.between()[2]).containsOnly(0.0);
      assertThat(c.withinA()[2][2]).isZero();
      assertThat(SparsePrediction.full(c, 0).weights()[0]).isCloseTo(1, within(1e-6));
    }
  }

  @Test
  void aPermutedAndRescaledCopyIsFoundUnitByUnit() {
    try (Scope scope = Scope.open()) {
      ConvEncoder network = new ConvEncoder(1, 10, 12);
      network.initialise(new Rng(3));
      Tensor a =
          UnitCorrelations.units(network.maps(new Rng(4).normal(1, 20, 1, 28, 28)).getFirst());
      int[] order = new Rng(5).permutation(12);
      double[] scales = IntStream.range(0, 12).mapToDouble(i -> 0.3 + i).toArray();
      Tensor b = a.to(DType.FLOAT64).indexSelect(1, Tensor.of(order)).mul(Tensor.of(scales));
      UnitCorrelations c = UnitCorrelations.of(a, b);
      for (Matching.Kind kind : Matching.Kind.values()) {
        Matching matching = kind.match(c.between());
        for (int i = 0; i < 12; i++) {
          assertThat(order[matching.partner()[i]]).isEqualTo(i);
          assertThat(matching.correlation()[i]).isCloseTo(1, within(1e-6));
        }
        assertThat(matching.unmatched(0.5)).isZero();
        assertThat(kind.between(a, b)).isCloseTo(1, within(1e-6));
        assertThat(kind.againstChance(a, b, 5, new Rng(6)).mean()).isLessThan(0.3);
      }
      List<SparsePrediction.Row> rows = new SparsePrediction(0.1).fit(c);
      for (int u = 0; u < 12; u++) {
        assertThat(rows.get(u).nonzeros()).isEqualTo(1);
        assertThat(rows.get(u).weights()[order[u]]).isCloseTo(0.9, within(1e-6)); // 1 - lambda
      }
    }
  }

  @Test
  void theAssignmentIsTheBestOfAllPermutations() {
    Rng rng = new Rng(7);
    for (int n = 1; n <= 8; n++) {
      int columns = n < 8 ? n + n % 2 : n;
      double[][] w = new double[n][columns];
      for (double[] row : w) {
        Arrays.setAll(row, j -> rng.nextDouble() * 2 - 1);
      }
      int[] found = Assignment.maximal(w);
      assertThat(found).doesNotHaveDuplicates();
      double sum = 0;
      for (int i = 0; i < n; i++) {
        sum += w[i][found[i]];
      }
      assertThat(sum).isCloseTo(best(w, 0, 0), within(1e-12));
    }
  }

  private static double best(double[][] w, int row, int taken) {
    if (row == w.length) {
      return 0;
    }
    double best = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < w[row].length; j++) {
      if ((taken >> j & 1) == 0) {
        best = Math.max(best, w[row][j] + best(w, row + 1, taken | 1 << j));
      }
    }
    return best;
  }

  @Test
  void assignmentsThatCannotBeAreRefused() {
    assertThatThrownBy(() -> Assignment.maximal(new double[3][2]))
        .hasMessageContaining("transpose");
    assertThatThrownBy(() -> Assignment.maximal(new double[][] {{Double.NaN}}))
        .hasMessageContaining("finite");
    assertThatThrownBy(() -> new SparsePrediction(0)).hasMessageContaining("lambda");
  }

  @Test
  void sparsePredictionsMeetTheConditionsOfTheirOptimum() {
    try (Scope scope = Scope.open()) {
      Tensor a = drawn(8, 200, 6);
      Tensor mixed = a.matmul(drawn(9, 6, 6));
      UnitCorrelations c =
          UnitCorrelations.of(mixed, mixed.matmul(drawn(10, 6, 2)).add(drawn(11, 200, 2)));
      double lambda = 0.05;
      double[] m = new SparsePrediction(lambda).fit(c, 1).weights();
      for (int i = 0; i < 6; i++) {
        double gradient = c.between()[i][1];
        for (int j = 0; j < 6; j++) {
          gradient -= c.withinA()[i][j] * m[j];
        }
        if (m[i] == 0) {
          assertThat(Math.abs(gradient)).isLessThanOrEqualTo(lambda + 1e-8);
        } else {
          assertThat(gradient).isCloseTo(lambda * Math.signum(m[i]), within(1e-6));
        }
      }
      double full = SparsePrediction.full(c, 1).explained(c, 1);
      for (SparsePrediction.Row row : SparsePrediction.path(c, 1)) {
        assertThat(row.explained(c, 1)).isLessThanOrEqualTo(full + 1e-9);
      }
      assertThat(SparsePrediction.few(c, 1, 2).nonzeros()).isBetween(1, 2);
      assertThat(SparsePrediction.needed(c, 1, 0.9)).isBetween(1, 6);
    }
  }

  @Test
  void explainedVarianceIsThatOfTheResiduals() {
    try (Scope scope = Scope.open()) {
      Tensor a = drawn(12, 300, 4);
      Tensor b = a.matmul(drawn(13, 4, 1)).add(drawn(14, 300, 1));
      UnitCorrelations c = UnitCorrelations.of(a, b);
      Tensor x = Tensor.concat(1, a, Tensor.ones(DType.FLOAT64, drawn(1, 300, 1).shape()));
      Tensor w = Linalg.leastSquares(x, b, 0);
      double left = b.sub(x.matmul(w)).square().sum().item();
      double all = b.sub(b.mean()).square().sum().item();
      assertThat(SparsePrediction.full(c, 0).explained(c, 0))
          .isCloseTo(1 - left / all, within(1e-7));
    }
  }

  @Test
  void rotatedBlocksAreFoundAsGroupsThoughNoUnitHasAPartner() {
    try (Scope scope = Scope.open()) {
      int blocks = 8;
      Tensor a = drawn(15, 4000, 32);
      Tensor[] parts = new Tensor[blocks];
      for (int g = 0; g < blocks; g++) {
        Tensor q = Linalg.qr(drawn(20 + g, 4, 4)).q();
        parts[g] = a.slice(1, 4L * g, 4L * g + 4).matmul(q);
      }
      int[] order = new Rng(16).permutation(32);
      Tensor b = Tensor.concat(1, parts).indexSelect(1, Tensor.of(order));
      UnitCorrelations c = UnitCorrelations.of(a, b);
      SharedSubspaces found = SharedSubspaces.of(c, blocks, new Rng(17));
      int[] truth = new int[64];
      int[] groups = new int[64];
      for (int i = 0; i < 32; i++) {
        truth[i] = i / 4;
        truth[32 + i] = order[i] / 4;
        groups[i] = found.ofA()[i];
        groups[32 + i] = found.ofB()[i];
      }
      assertThat(SharedSubspaces.adjustedRand(truth, groups)).isGreaterThanOrEqualTo(0.95);
      assertThat(Matching.Kind.BIPARTITE.match(c.between()).mean()).isLessThan(0.9);
      assertThat(found.shared(0)).isTrue();
      double[] canonical = found.canonical(c, 0);
      assertThat(canonical).hasSize(4);
      assertThat(Arrays.stream(canonical).min().orElseThrow()).isCloseTo(1, within(1e-6));
      assertThatThrownBy(() -> SharedSubspaces.of(c, 65, new Rng(1)))
          .hasMessageContaining("groups");
    }
  }

  @Test
  void theAdjustedRandIndexOfAKnownTableIsItsFormula() {
    int[] a = {0, 0, 0, 1, 1, 1};
    int[] b = {0, 0, 1, 1, 2, 2};
    // Pairs together in both 2, in a 6, in b 3, of 15: (2 - 6*3/15) / ((6+3)/2 - 6*3/15).
    assertThat(SharedSubspaces.adjustedRand(a, b)).isCloseTo(0.8 / 3.3, within(1e-12));
    assertThat(SharedSubspaces.adjustedRand(a, new int[] {1, 1, 1, 0, 0, 0})).isEqualTo(1);
  }

  @Test
  void kMeansFindsClustersThatAreFarApart() {
    double[][] points = new double[30][];
    int[] truth = new int[30];
    Rng rng = new Rng(18);
    for (int i = 0; i < 30; i++) {
      truth[i] = i % 3;
      points[i] = new double[] {10 * truth[i] + rng.nextDouble(), rng.nextDouble()};
    }
    KMeans found = KMeans.fit(points, 3, 5, new Rng(19));
    assertThat(SharedSubspaces.adjustedRand(truth, found.labels())).isEqualTo(1);
    assertThat(found.error()).isLessThan(30);
    assertThatThrownBy(() -> KMeans.fit(points, 31, 1, rng)).hasMessageContaining("1 to 30");
  }
}
