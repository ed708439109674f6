package org.lapidary.interpret.moex;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class PropertyUnitsTest {

  @Test
  void units_that_are_the_properties_cover_and_rebuild_them_all() {
    try (Scope scope = Scope.open()) {
      Tensor truth = Tensor.of(new float[] {1, 0, 0, 1, 1, 1, 0, 1}, 4, 2);
      PropertyUnits measured = PropertyUnits.of(truth.mul(3), truth, truth.mul(3), truth);
      assertThat(measured.coverage()).isCloseTo(1, within(1e-6));
      assertThat(measured.reconstruction()).isCloseTo(1, within(1e-6));
      assertThat(measured.best()).containsExactly(0, 1);
    }
  }

  @Test
  void a_threshold_is_found_that_tells_a_graded_unit_apart() {
    try (Scope scope = Scope.open()) {
      Tensor unit = Tensor.of(new float[] {1, 2, 9, 10}, 4, 1);
      Tensor truth = Tensor.of(new float[] {0, 0, 1, 1}, 4, 1);
      assertThat(PropertyUnits.of(unit, truth, unit, truth).coverage()).isCloseTo(1, within(1e-6));
    }
  }

  @Test
  void the_best_f1_is_that_of_trying_every_unit_and_threshold() {
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(4);
      Tensor units = rng.normal(1, 30, 5);
      Tensor truth = rng.normal(1, 30, 3).gt(0.3).to(org.lapidary.tensor.DType.FLOAT32);
      double expected = 0;
      for (int p = 0; p < 3; p++) {
        double best = 0;
        for (int u = 0; u < 5; u++) {
          best =
              Math.max(best, best(units.select(1, u).toDoubles(), truth.select(1, p).toDoubles()));
        }
        expected += best / 3;
      }
      assertThat(PropertyUnits.of(units, truth, units, truth).coverage())
          .isCloseTo(expected, within(1e-5));
    }
  }

  private static double best(double[] unit, double[] truth) {
    double most = 0;
    for (double u : unit) {
      most = Math.max(most, u);
    }
    double best = 0;
    for (int t = 0; t < 10; t++) {
      double right = 0;
      double fires = 0;
      double holds = 0;
      for (int i = 0; i < unit.length; i++) {
        boolean fired = (float) unit[i] > (float) (most * t / 10);
        right += fired ? truth[i] : 0;
        fires += fired ? 1 : 0;
        holds += truth[i];
      }
      best = Math.max(best, 2 * right / (fires + holds + 1e-9));
    }
    return best;
  }
}
