package org.lapidary.interpret.taskgeometry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class GeometryTest {
  private static final boolean[] A = {false, false, true, true};
  private static final boolean[] B = {false, true, false, true};

  private static Tensor square(double product) {
    return Tensor.of(
        new double[] {-1, -1, product, -1, 1, -product, 1, -1, -product, 1, 1, product}, 4, 3);
  }

  @Test
  void aFactorisedGeometryIsParallelAndGeneralises() {
    try (Scope scope = Scope.open()) {
      Geometry geometry = new Geometry(square(0));
      assertThat(geometry.parallelism(A)).isCloseTo(1, within(1e-12));
      assertThat(geometry.parallelism(B)).isCloseTo(1, within(1e-12));
      assertThat(geometry.generalisation(A, B)).isEqualTo(1);
      assertThat(geometry.interaction(A, B)).isZero();
      assertThat(geometry.participation()).isCloseTo(2, within(1e-12));
      assertThat(geometry.alignment(A, B)).isCloseTo(1, within(1e-12));
    }
  }

  @Test
  void randomPointsInManyDimensionsAreNotParallel() {
    try (Scope scope = Scope.open()) {
      double worst = 0;
      for (int seed = 0; seed < 5; seed++) {
        Geometry random = new Geometry(new Rng(seed).normal(1, 4, 20_000));
        worst = Math.max(worst, Math.abs(random.parallelism(A)));
      }
      assertThat(worst).isLessThan(0.05);
    }
  }

  @Test
  void aHyperplaneSeparatesAllThreeDichotomiesOfATetrahedronButNotXorOfASquare() {
    try (Scope scope = Scope.open()) {
      assertThat(new Geometry(square(1)).shattering()).isEqualTo(1);
      assertThat(new Geometry(square(0)).shattering()).isCloseTo(2.0 / 3, within(1e-12));
      assertThat(new Geometry(new Rng(1).normal(1, 8, 7)).shattering()).isEqualTo(1);
      // 1, 2, 3, 4 on a line: only {1, 2} from {3, 4}.
      Geometry line = new Geometry(Tensor.of(new double[] {1, 2, 3, 4}, 4, 1));
      assertThat(line.shattering()).isCloseTo(1.0 / 3, within(1e-12));
    }
  }

  @Test
  void theShareOfTheProductIsThatOfAnAnalysisOfVariance() {
    try (Scope scope = Scope.open()) {
      assertThat(new Geometry(square(1)).interaction(A, B)).isCloseTo(1.0 / 3, within(1e-12));
      assertThat(new Geometry(square(2)).interaction(A, B)).isCloseTo(4.0 / 6, within(1e-12));
    }
  }

  @Test
  void conditionsHaveTheGeometryOfTheirDial() {
    try (Scope scope = Scope.open()) {
      for (double delta : new double[] {0, 0.5, 1}) {
        Conditions c = Conditions.twoBits(delta, 50, new Rng(2));
        double[] gram =
            c.inputs().to(DType.FLOAT64).matmul(c.inputs().to(DType.FLOAT64).t()).toDoubles();
        assertThat(gram[0]).isCloseTo(9, within(1e-4));
        // neighbours: a a' + b b' = 0 and the products differ, so -delta^2 / (2 + delta^2)
        assertThat(gram[1]).isCloseTo(-9 * delta * delta / (2 + delta * delta), within(1e-4));
        assertThat(gram[3]).isCloseTo(9 * (-2 + delta * delta) / (2 + delta * delta), within(1e-4));
        assertThat(c.product("a", "b")).containsExactly(true, false, false, true);
      }
      assertThatThrownBy(() -> Conditions.orthogonal(10, new Rng(3)).variable("c"))
          .hasMessageContaining("[a, b]");
    }
  }

  @Test
  void theExperimentRunsAndItsChecksHold() {
    var outcome =
        new TaskGeometryReproduction()
            .run(new Reproduction.Setting(Reproduction.Size.SMOKE, List.of(0L), Progress.silent()));
    assertThat(outcome.checks()).allSatisfy(c -> assertThat(c.holds()).as("%s", c).isTrue());
  }
}
