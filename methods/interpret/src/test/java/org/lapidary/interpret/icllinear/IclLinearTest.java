package org.lapidary.interpret.icllinear;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.icllinear.Primitive.Divide;
import org.lapidary.interpret.icllinear.Primitive.Move;
import org.lapidary.interpret.icllinear.Primitive.Product;
import org.lapidary.interpret.incontext.InContextAlgorithm;
import org.lapidary.interpret.tasks.LabelledPoints;
import org.lapidary.interpret.tasks.RegressionPrompts;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

class IclLinearTest {

  @Test
  void theConstructedGradientStepsAreTheirFormula() {
    try (Scope scope = Scope.open()) {
      double[] start = {0.5, -1, 0.2};
      LabelledPoints p =
          RegressionPrompts.isotropic(3, 3, 0.1).draw(20, new Rng(3)).points().to(DType.FLOAT64);
      double[] x = p.x().toDoubles();
      double[] y = p.y().toDoubles();
      Construction bilinear = Construction.gradientSteps(start, 4, 0.05, 0.1, 0);
      double[] weights = bilinear.weights(p).toDoubles();
      double[] says = bilinear.predict(p).toDoubles();
      double[] gelu = Construction.gradientSteps(start, 4, 0.05, 0.1, 0.004).weights(p).toDoubles();
      for (int b = 0; b < 20; b++) {
        double[] w = start.clone();
        for (int i = 0; i < 3; i++) {
          double wrong = -y[b * 4 + i];
          for (int j = 0; j < 3; j++) {
            wrong += w[j] * x[(b * 4 + i) * 3 + j];
          }
          for (int j = 0; j < 3; j++) {
            w[j] -= 2 * 0.05 * (x[(b * 4 + i) * 3 + j] * wrong + 0.1 * w[j]);
          }
        }
        double said = 0;
        for (int j = 0; j < 3; j++) {
          assertThat(weights[b * 3 + j]).isCloseTo(w[j], within(1e-9));
          assertThat(gelu[b * 3 + j]).isCloseTo(w[j], within(2e-3));
          said += w[j] * x[(b * 4 + 3) * 3 + j];
        }
        assertThat(says[b]).isCloseTo(said, within(1e-9));
      }
    }
  }

  @Test
  void theConstructedRidgeRegressionIsTheSolvedOne() {
    try (Scope scope = Scope.open()) {
      LabelledPoints p =
          RegressionPrompts.isotropic(3, 6, 0.1).draw(20, new Rng(4)).points().to(DType.FLOAT64);
      InContextAlgorithm.Ridge ridge = new InContextAlgorithm.Ridge(0.3);
      Construction built = Construction.ridge(3, 7, 0.3, 0);
      assertThat(built.weights(p).sub(ridge.weights(p).select(1, 6)).abs().max().item())
          .isLessThan(1e-6);
      assertThat(built.predict(p).sub(ridge.predict(p).select(1, 6)).abs().max().item())
          .isLessThan(1e-6);
      assertThat(built.width()).isLessThan(4 * 9 + 30);
    }
  }

  @Test
  void depthPerPointIsConstantAndWidthIsLinearForGradientSteps() {
    double[] four = new double[4];
    double[] eight = new double[8];
    int a = Construction.gradientSteps(four, 3, 0.1, 0, 0).depth();
    int b = Construction.gradientSteps(four, 4, 0.1, 0, 0).depth();
    int c = Construction.gradientSteps(eight, 5, 0.1, 0, 0).depth();
    assertThat(c - b).isEqualTo(b - a);
    assertThat(Construction.gradientSteps(eight, 3, 0.1, 0, 0).width()).isEqualTo(4 * 8 + 3);
  }

  @Test
  void geluUnitsMultiplyWithAnErrorThatFallsWithTheScale() {
    try (Scope scope = Scope.open()) {
      Tensor a = Tensor.of(new double[] {2, -1.5, 0.3}, 3);
      Tensor b = Tensor.of(new double[] {1, 2, -4}, 3);
      double coarse = new Product.Gelu(0.1).of(a, b).sub(a.mul(b)).abs().max().item();
      double fine = new Product.Gelu(0.01).of(a, b).sub(a.mul(b)).abs().max().item();
      assertThat(fine).isLessThan(1e-3);
      assertThat(coarse / fine).isBetween(50.0, 200.0); // order s^2
    }
  }

  @Test
  void layerNormDividesAndAttentionMoves() {
    try (Scope scope = Scope.open()) {
      Tape tape = new Tape();
      Tape.Places x = tape.take(2);
      Tape.Places y = tape.take(1);
      Tape.Places out = tape.take(2);
      Tensor tokens = Tensor.of(new double[] {3, -5, 2, 0, 0, 8, 1, 4, 0, 0}, 1, 2, 5);
      double[] divided = out.read(new Divide(x, y, out).apply(tokens)).toDoubles();
      assertThat(divided).containsExactly(new double[] {1.5, -2.5, 2, 0.25}, within(1e-6));
      double[] moved = new Move(x, x, new int[] {0, 0}).apply(tokens).toDoubles();
      assertThat(moved)
          .containsExactly(new double[] {3, -5, 2, 0, 0, 3, -5, 4, 0, 0}, within(1e-12));
      assertThatThrownBy(() -> new Move(x, x, new int[] {1, 1}).apply(tokens))
          .hasMessageContaining("position 0 cannot read position 1");
    }
  }

  @Test
  void aProbeFindsWhatIsThereAndNotWhatIsNot() {
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(8);
      Tensor streams = rng.normal(1, 2000, 3, 6);
      Tensor there = streams.select(1, 1).slice(1, 0, 2).contiguous();
      StateProbe.Settings linear = new StateProbe.Settings(0, 300, 128, 3e-2);
      Tensor train = streams.slice(0, 0, 1500).contiguous();
      Tensor test = streams.slice(0, 1500, 2000).contiguous();
      StateProbe probe = StateProbe.fit(train, there.slice(0, 0, 1500).contiguous(), linear, 0);
      assertThat(probe.error(test, there.slice(0, 1500, 2000))).isLessThan(0.05);
      Tensor elsewhere = rng.normal(1, 2000, 2);
      StateProbe blind = StateProbe.fit(train, elsewhere.slice(0, 0, 1500).contiguous(), linear, 0);
      assertThat(blind.error(test, elsewhere.slice(0, 1500, 2000))).isGreaterThan(0.9);
      assertThatThrownBy(() -> StateProbe.fit(train, there, linear, 0))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("[n, outputs]");
    }
  }

  @Test
  void badInputIsNamed() {
    try (Scope scope = Scope.open()) {
      assertThatThrownBy(() -> Construction.ridge(3, 4, 0, 0)).hasMessageContaining("above 0");
      assertThatThrownBy(() -> Construction.ridge(3, 1, 1, 0)).hasMessageContaining("2 points");
      LabelledPoints p = RegressionPrompts.isotropic(2, 3, 0).draw(1, new Rng(0)).points();
      assertThatThrownBy(() -> Construction.ridge(3, 4, 1, 0).predict(p))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("4 points of 3 dimensions");
    }
  }

  @Test
  void theExperimentRunsSmall() {
    Reproduction.Outcome outcome =
        new IclLinearReproduction()
            .run(new Reproduction.Setting(Reproduction.Size.SMOKE, List.of(0L), Progress.silent()));
    assertThat(outcome.holds()).as("%s", outcome.checks()).isTrue();
  }
}
