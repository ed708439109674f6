package org.lapidary.interpret.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

class LogisticProbeTest {

  @Test
  void theGradientOfThePenalisedLossVanishesAtTheFit() {
    try (Scope scope = Scope.open()) {
      double[] x = {0.5, -1, 2, 0.3, -0.7, 1.5, -2, 0.1, 1, 1};
      boolean[] y = {true, false, true, false, true};
      double l2 = 0.1;
      LogisticProbe probe = LogisticProbe.fit(Tensor.of(x, 5, 2), y, l2);
      double[] w = probe.weight().toDoubles();
      double[] gradient = {l2 * w[0], l2 * w[1], 0};
      for (int i = 0; i < 5; i++) {
        double score = w[0] * x[2 * i] + w[1] * x[2 * i + 1] + probe.bias();
        double error = (1 / (1 + Math.exp(-score)) - (y[i] ? 1 : 0)) / 5;
        gradient[0] += error * x[2 * i];
        gradient[1] += error * x[2 * i + 1];
        gradient[2] += error;
      }
      assertThat(gradient[0]).isCloseTo(0, within(1e-8));
      assertThat(gradient[1]).isCloseTo(0, within(1e-8));
      assertThat(gradient[2]).isCloseTo(0, within(1e-7));
    }
  }

  @Test
  void separableClassesAreSeparatedInMoreDimensionsThanExamples() {
    try (Scope scope = Scope.open()) {
      Tensor x = new Rng(1).normal(1, 12, 40);
      boolean[] y = new boolean[12];
      for (int i = 0; i < 12; i++) {
        y[i] = i % 3 == 0;
      }
      assertThat(LogisticProbe.fit(x, y, 1e-4).accuracy(x, y)).isEqualTo(1);
    }
  }

  @Test
  void whatCannotBeFittedIsRefused() {
    try (Scope scope = Scope.open()) {
      Tensor x = Tensor.zeros(3, 2);
      assertThatThrownBy(() -> LogisticProbe.fit(x, new boolean[2], 0.1))
          .isInstanceOf(ShapeException.class);
      assertThatThrownBy(() -> LogisticProbe.fit(x, new boolean[3], 0.1))
          .hasMessageContaining("all 3 labels");
      assertThatThrownBy(() -> LogisticProbe.fit(x, new boolean[] {true, false, true}, 0))
          .hasMessageContaining("l2");
    }
  }
}
