package org.lapidary.interpret.onestepgd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.tasks.RegressionPrompts;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class OneStepTest {

  @Test
  void theLayerIsTheProductOfItsMatricesWithTheSumOfOuterProducts() {
    try (Scope scope = Scope.open()) {
      int d = 3;
      LinearSelfAttention layer = new LinearSelfAttention(d);
      layer.initialise(new Rng(5));
      double[] p = layer.parameterAt("p").value().toDoubles();
      double[] m = layer.parameterAt("m").value().toDoubles();
      RegressionPrompts.Prompts prompts =
          RegressionPrompts.isotropic(d, 4, 0.3).draw(2, new Rng(6));
      double[] forward = layer.forward(prompts).toDoubles();
      for (int t = 0; t < 2; t++) {
        double[] x = prompts.x().select(0, t).toDoubles();
        double[] y = prompts.y().select(0, t).toDoubles();
        double[] query = prompts.query().select(0, t).toDoubles();
        double[][] g = new double[d + 1][d + 1];
        for (int i = 0; i < 4; i++) {
          double[] v = {x[i * d], x[i * d + 1], x[i * d + 2], y[i]};
          for (int a = 0; a <= d; a++) {
            for (int b = 0; b <= d; b++) {
              g[a][b] += v[a] * v[b];
            }
          }
        }
        double expected = 0;
        for (int a = 0; a <= d; a++) {
          for (int b = 0; b <= d; b++) {
            for (int c = 0; c < d; c++) {
              expected += p[a] * g[a][b] * m[b * d + c] * query[c];
            }
          }
        }
        assertThat(forward[t]).isCloseTo(expected, within(1e-5));
      }
    }
  }

  @Test
  void aGradientStepPredictsWithTheMomentsOfThePrompt() {
    try (Scope scope = Scope.open()) {
      RegressionPrompts prompts = RegressionPrompts.isotropic(4, 6, 0.1);
      RegressionPrompts.Prompts p = prompts.draw(10, new Rng(7));
      OneStep step = OneStep.ofLinear(prompts);
      Tensor own = LinearSelfAttention.gradientStep(step.matrix(prompts)).forward(p);
      Tensor expected = p.query().mul(p.moments()).sum(false, 1).mul(step.eta());
      assertThat(own.sub(expected).abs().max().item()).isLessThan(1e-5);
    }
  }

  @Test
  void theClosedFormsAreThoseOfTheCitedCases() {
    assertThat(OneStep.ofLinear(RegressionPrompts.isotropic(5, 10, 0)).eta()).isEqualTo(0.0625);
    assertThat(OneStep.ofLinear(RegressionPrompts.isotropic(5, 10, 1)).eta())
        .isCloseTo(0.0588, within(5e-5));
    assertThat(OneStep.ofLinear(RegressionPrompts.isotropic(8, 20, 0.5)).eta())
        .isCloseTo(0.0339, within(5e-5));
    RegressionPrompts skewed =
        new RegressionPrompts(
            10, new double[] {2, 1, 0.5}, new RegressionPrompts.Functions.Linear(), 0.3);
    assertThat(OneStep.estimate(skewed, 200_000, new Rng(8)).mean())
        .isCloseTo(OneStep.ofLinear(skewed).eta(), within(0.001));
    assertThatThrownBy(
            () -> OneStep.ofLinear(skewed.with(new RegressionPrompts.Functions.ReluNetwork(3))))
        .hasMessageContaining("ReluNetwork");
  }

  @Test
  void theExperimentRunsAndItsChecksHold() {
    Reproduction reproduction = new OneStepReproduction();
    var outcome =
        reproduction.run(
            new Reproduction.Setting(Reproduction.Size.SMOKE, List.of(0L), Progress.silent()));
    assertThat(outcome.checks()).allSatisfy(c -> assertThat(c.holds()).as("%s", c).isTrue());
  }
}
