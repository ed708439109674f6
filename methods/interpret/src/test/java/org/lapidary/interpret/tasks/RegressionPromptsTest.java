package org.lapidary.interpret.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class RegressionPromptsTest {
  private static final double[] SKEWED = {2, 1, 0.5};

  @Test
  void linearPromptsAreLinearInTheirSlope() {
    try (Scope scope = Scope.open()) {
      RegressionPrompts linear =
          new RegressionPrompts(6, SKEWED, new RegressionPrompts.Functions.Linear(), 0);
      RegressionPrompts.Prompts p = linear.draw(50, new Rng(1));
      Tensor expected = p.x().matmul(p.slope().unsqueeze(2)).squeeze(2);
      assertThat(p.y().sub(expected).abs().max().item()).isLessThan(1e-5);
      assertThat(p.target().sub(p.query().mul(p.slope()).sum(false, 1)).abs().max().item())
          .isLessThan(1e-5);
    }
  }

  @Test
  void inputsAndWeightsHaveTheVariancesThatWereAskedFor() {
    try (Scope scope = Scope.open()) {
      RegressionPrompts linear =
          new RegressionPrompts(9, SKEWED, new RegressionPrompts.Functions.Linear(), 0.5);
      RegressionPrompts.Prompts p = linear.draw(20_000, new Rng(2));
      double[] x = p.x().to(DType.FLOAT64).square().mean(false, 0, 1).toDoubles();
      double[] w = p.slope().to(DType.FLOAT64).square().mean(false, 0).toDoubles();
      for (int i = 0; i < 3; i++) {
        double variance = SKEWED[i] * SKEWED[i];
        assertThat(x[i]).isCloseTo(variance, within(0.02 * variance));
        assertThat(w[i]).isCloseTo(1 / variance, within(0.05 / variance));
      }
      Tensor residual = p.target().sub(p.query().mul(p.slope()).sum(false, 1));
      assertThat(residual.to(DType.FLOAT64).square().mean().item()).isCloseTo(0.5, within(0.03));
    }
  }

  @Test
  void theSlopeOfAReluNetworkIsWhatItsValuesCorrelateWith() {
    try (Scope scope = Scope.open()) {
      RegressionPrompts curved =
          RegressionPrompts.isotropic(3, 200_000, 0)
              .with(new RegressionPrompts.Functions.ReluNetwork(8));
      RegressionPrompts.Prompts p = curved.draw(1, new Rng(3));
      double[] correlated = p.moments().div(200_000).toDoubles();
      double[] slope = p.slope().toDoubles();
      for (int i = 0; i < 3; i++) {
        assertThat(correlated[i]).isCloseTo(slope[i], within(0.03));
      }
    }
  }

  @Test
  void ridgeSolvesTheNormalEquationsOfEachPrompt() {
    try (Scope scope = Scope.open()) {
      RegressionPrompts.Prompts p = RegressionPrompts.isotropic(3, 5, 0.2).draw(4, new Rng(4));
      double[] all = p.ridge(0.7).toDoubles();
      for (int i = 0; i < 4; i++) {
        Tensor x = p.x().select(0, i);
        Tensor gram = x.t().matmul(x).add(Tensor.eye(DType.FLOAT32, 3).mul(0.7));
        Tensor w = Linalg.solve(gram, x.t().matmul(p.y().select(0, i).unsqueeze(1)));
        double expected = p.query().select(0, i).unsqueeze(0).matmul(w).item();
        assertThat(all[i]).isCloseTo(expected, within(1e-4));
      }
    }
  }

  @Test
  void settingsOutsideTheirRangeAreNamed() {
    assertThatThrownBy(() -> RegressionPrompts.isotropic(3, 0, 0)).hasMessageContaining("0, 3");
    assertThatThrownBy(() ->
            new RegressionPrompts(
                3, new double[] {1, 0}, new RegressionPrompts.Functions.Linear(), 0))
        .hasMessageContaining("[1.0, 0.0]");
  }
}
