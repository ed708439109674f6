package org.lapidary.interpret.shortcutavailability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;

class ShortcutTest {

  @Test
  void theSignOfAFeatureIsTheLabelAsOftenAsItsPredictivitySays() {
    int n = 20_000;
    try (Scope scope = Scope.open()) {
      Latents latents = new Latents(0.9, 0.7, 0.4);
      Latents.Sample sample = latents.draw(n, new Rng(1));
      float[] z = sample.z().toFloats();
      double[] rho = {0.9, 0.7};
      for (int f = 0; f < 2; f++) {
        int right = 0;
        for (int i = 0; i < n; i++) {
          right += z[2 * i + f] * sample.labels()[i] > 0 ? 1 : 0;
        }
        double sigma = Math.sqrt(rho[f] * (1 - rho[f]) / n);
        assertThat((double) right / n).isCloseTo(rho[f], within(3 * sigma));
      }
      assertThat(latents.muCore()).isCloseTo(1.2815515655446004, within(1e-9)); // tables
    }
  }

  @Test
  void theOptimalRuleIsTheBestOfAllDirections() {
    for (double r : new double[] {0, 0.5, -0.3}) {
      Latents latents = new Latents(0.9, 0.8, r);
      double[] w = latents.optimal();
      double best = 0;
      double at = 0;
      for (int i = 0; i < 3600; i++) {
        double angle = Math.PI * i / 1800;
        double accuracy = accuracy(latents, Math.cos(angle), Math.sin(angle));
        if (accuracy > best) {
          best = accuracy;
          at = angle;
        }
      }
      assertThat(Math.atan2(w[1], w[0]))
          .isCloseTo(at > Math.PI ? at - 2 * Math.PI : at, within(4e-3));
      assertThat(accuracy(latents, w[0], w[1])).isGreaterThanOrEqualTo(best - 1e-9);
    }
  }

  /** P(y (u z) > 0) for normal z. */
  private static double accuracy(Latents latents, double u, double v) {
    double mean = u * latents.muCore() + v * latents.muShortcut();
    double variance = u * u + v * v + 2 * latents.correlation() * u * v;
    return Latents.normal(mean / Math.sqrt(variance));
  }

  @Test
  void embeddingsAreOrthogonalAndAsLoudAsAsked() {
    try (Scope scope = Scope.open()) {
      Embedding e = Embedding.draw(50, 0.5, 3, new Rng(2));
      Tensor x = e.embed(Tensor.of(new float[] {2, 0, 0, 1}, 2, 2));
      assertThat(x.select(0, 0).norm(false).item()).isCloseTo(Math.sqrt(50), within(1e-4));
      assertThat(x.select(0, 1).norm(false).item()).isCloseTo(3 * Math.sqrt(50), within(1e-4));
      assertThat(x.select(0, 0).mul(x.select(0, 1)).sum().item()).isCloseTo(0, within(1e-3));
      Embedding deep = Embedding.draw(200, new double[] {1, 1}, new int[] {2, 0}, new Rng(3));
      Tensor nested = deep.embed(Tensor.of(new float[] {1, 0}, 1, 2));
      assertThat(nested.norm(false).item()).isBetween(0.6 * Math.sqrt(200), 1.5 * Math.sqrt(200));
      assertThat(nested.min().item()).isGreaterThanOrEqualTo(0);
    }
  }

  @Test
  void theBestRuleHasNoBiasAndTheShortcutAloneHasMost() {
    Latents latents = Latents.defaults();
    double[] w = latents.optimal();
    ShortcutBias best =
        ShortcutBias.of(
            z -> z.matmul(Tensor.of(new float[] {(float) w[0], (float) w[1]}, 2, 1)), latents);
    assertThat(best.bias()).isZero();
    assertThat(best.sensitivity()).isCloseTo(1, within(1e-4));
    // Of a quadrant, the part where mu_s |z_s| > mu_c |z_c|: half the ratio of the means.
    assertThat(best.optimal()).isCloseTo(w[1] / w[0] / 2, within(0.01));
    ShortcutBias shortcut = ShortcutBias.of(z -> z.slice(1, 1, 2), latents);
    assertThat(shortcut.reliance()).isEqualTo(1);
    ShortcutBias core = ShortcutBias.of(z -> z.slice(1, 0, 1), latents);
    assertThat(core.reliance()).isZero();
    assertThat(core.decisions()[59][0]).isEqualTo(1);
    assertThat(core.decisions()[0][59]).isZero();
  }

  @Test
  void aWideNetworkHasTheTangentKernel() {
    int width = 8192;
    int d = 5;
    try (Scope scope = Scope.open()) {
      Tensor x = new Rng(4).normal(1, 3, d);
      double[] formula = TangentKernel.RELU.between(x, x).toDoubles();
      double[] mean = new double[9];
      for (int draw = 0; draw < 3; draw++) {
        Rng rng = new Rng(10 + draw);
        Tensor w = rng.normal(1, width, d).requiresGrad(true);
        Tensor a = rng.normal(1, 1, width).requiresGrad(true);
        Tensor[] gradients = new Tensor[3];
        for (int i = 0; i < 3; i++) {
          Tensor f =
              x.slice(0, i, i + 1L)
                  .linear(w, null)
                  .relu()
                  .linear(a, null)
                  .mul(Math.sqrt(2.0 / width));
          List<Tensor> g = Autograd.grad(f.sum(), List.of(w, a));
          gradients[i] =
              Tensor.concat(0, g.get(0).reshape((long) width * d), g.get(1).reshape(width));
        }
        for (int i = 0; i < 3; i++) {
          for (int j = 0; j < 3; j++) {
            mean[3 * i + j] += gradients[i].mul(gradients[j]).sum().item() / 3;
          }
        }
      }
      for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
          double scale = Math.sqrt(formula[4 * i] * formula[4 * j]);
          assertThat(mean[3 * i + j]).isCloseTo(formula[3 * i + j], within(0.05 * scale));
        }
      }
    }
  }

  @Test
  void kernelRegressionWithHardlyARidgeGoesThroughItsPoints() {
    try (Scope scope = Scope.open()) {
      Tensor x = new Rng(5).normal(1, 12, 4);
      double[] y = new Rng(6).normal(1, 12).to(DType.FLOAT64).toDoubles();
      assertThat(TangentKernel.RELU.fit(x, y, 1e-10).predict(x).toDoubles())
          .containsExactly(y, within(1e-5));
      Tensor twice = TangentKernel.LINEAR.fit(x, y, 1).predict(x.mul(2));
      assertThat(twice.toDoubles())
          .containsExactly(
              TangentKernel.LINEAR.fit(x, y, 1).predict(x).mul(2).toDoubles(), within(1e-9));
      assertThatThrownBy(() -> TangentKernel.RELU.between(x, x.slice(1, 0, 2)))
          .hasMessageContaining("kernel");
    }
  }

  @Test
  void squaresStandInTheCornerOfTheirLabelAsOftenAsAsked() {
    try (Scope scope = Scope.open()) {
      int[] digits = new int[4000];
      for (int i = 0; i < digits.length; i++) {
        digits[i] = i % 10;
      }
      Classification grey = Classification.of(Tensor.zeros(4000, 1, 6, 6), digits);
      Patches patches = new Patches(0.9, 0.85, 2, 1);
      Classification drawn = patches.draw(grey, new Rng(7));
      int[] labels = drawn.labels().toInts();
      float[] pixels = drawn.inputs().toFloats();
      int core = 0;
      int corner = 0;
      for (int i = 0; i < labels.length; i++) {
        core += labels[i] == digits[i] % 2 ? 1 : 0;
        corner += (pixels[36 * i + 5] == 1) == (labels[i] == 1) ? 1 : 0;
      }
      assertThat(core / 4000.0).isCloseTo(0.9, within(0.015));
      assertThat(corner / 4000.0).isCloseTo(0.85, within(0.017));
      assertThat(drawn.inputs().sum().item()).isEqualTo(4000 * 4);
      // A network that looks at the corner only has all of the bias.
      assertThat(
              patches.bias(
                  x -> Tensor.concat(1, x.select(2, 0).select(2, 0), x.select(2, 0).select(2, 5)),
                  grey))
          .isEqualTo(1);
      assertThatThrownBy(() -> new Patches(0.9, 0.85, 4, 1).draw(grey, new Rng(1)))
          .hasMessageContaining("do not fit");
    }
  }

  @Test
  void impossiblePredictivitiesAreRefused() {
    assertThatThrownBy(() -> new Latents(1, 0.8, 0)).hasMessageContaining("between 0.5 and 1");
    assertThatThrownBy(() -> new Latents(0.9, 0.8, 1)).hasMessageContaining("correlation");
  }
}
