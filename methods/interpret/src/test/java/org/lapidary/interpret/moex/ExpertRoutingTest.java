package org.lapidary.interpret.moex;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.dictionary.ExpertRouting;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class ExpertRoutingTest {
  private static final ExpertRouting TWO = new ExpertRouting(2, 1);

  @Test
  void units_drawn_about_a_mean_fire_as_often_as_expected() {
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(1);
      Tensor shifted = rng.normal(1, 4096, 8).add(0.4);
      Tensor encoder = Tensor.concat(0, rng.normal(1, 4096, 8), shifted);
      Tensor x = rng.normal(1, 5, 8);
      Tensor fired =
          x.linear(encoder, null).gt(0).to(DType.FLOAT32).reshape(5, 2, 4096).mean(false, 2);
      assertThat(TWO.firing(x, encoder).sub(fired).abs().max().item()).isLessThan(0.02);
    }
  }

  @Test
  void the_gradient_of_the_score_reaches_the_encoder_as_finite_differences_say() {
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(2);
      Tensor encoder = rng.normal(1, 6, 3).to(DType.FLOAT64).copy().requiresGrad(true);
      Tensor x = rng.normal(1, 2, 3).to(DType.FLOAT64);
      Tensor weights = rng.normal(1, 2, 2).to(DType.FLOAT64);
      double[] gradient =
          Autograd.grad(TWO.scores(x, encoder).mul(weights).sum(), List.of(encoder))
              .getFirst()
              .toDoubles();
      double[] at = encoder.toDoubles();
      for (int i = 0; i < at.length; i++) {
        double[] up = at.clone();
        double[] down = at.clone();
        up[i] += 1e-5;
        down[i] -= 1e-5;
        double slope =
            (TWO.scores(x, Tensor.of(up, 6, 3)).mul(weights).sum().item()
                    - TWO.scores(x, Tensor.of(down, 6, 3)).mul(weights).sum().item())
                / 2e-5;
        assertThat(gradient[i]).isCloseTo(slope, within(1e-6));
      }
    }
  }

  @Test
  void gates_are_a_softmax_over_those_kept() {
    try (Scope scope = Scope.open()) {
      ExpertRouting routing = new ExpertRouting(4, 2);
      double[] gates = routing.gates(Tensor.of(new float[] {0, 2, -1, 1}, 1, 4)).toDoubles();
      double high = 1 / (1 + Math.exp(-1));
      assertThat(gates).containsExactly(new double[] {0, high, 0, 1 - high}, within(1e-6));
    }
  }

  @Test
  void balance_is_one_for_equal_loads_and_the_number_of_experts_for_one_that_gets_all() {
    try (Scope scope = Scope.open()) {
      Tensor even = Tensor.of(new float[] {1, 0, 0, 1}, 2, 2);
      assertThat(ExpertTraining.balance(even.mul(0), even).item()).isCloseTo(1, within(1e-6));
      Tensor all = Tensor.of(new float[] {1, 0, 1, 0}, 2, 2);
      assertThat(ExpertTraining.balance(all.mul(100), all).item()).isCloseTo(2, within(1e-6));
    }
  }
}
