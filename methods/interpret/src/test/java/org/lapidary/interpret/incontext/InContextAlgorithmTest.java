package org.lapidary.interpret.incontext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.tasks.LabelledPoints;
import org.lapidary.interpret.tasks.RegressionPrompts;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

class InContextAlgorithmTest {
  private static final int D = 3;

  private static LabelledPoints points(double noise) {
    return RegressionPrompts.isotropic(D, 7, noise).draw(20, new Rng(3)).points().to(DType.FLOAT64);
  }

  @Test
  void leastSquaresInterpolatesWhileThereAreFewerPointsThanDimensions() {
    try (Scope scope = Scope.open()) {
      LabelledPoints p = points(0.5);
      Tensor w = new InContextAlgorithm.LeastSquares().weights(p);
      for (int i = 1; i <= D; i++) {
        Tensor seen = p.x().slice(1, 0, i);
        Tensor says = seen.matmul(w.select(1, i).unsqueeze(2)).squeeze(2);
        assertThat(says.sub(p.y().slice(1, 0, i)).abs().max().item()).isLessThan(1e-6);
      }
      assertThat(w.select(1, 0).abs().max().item()).isZero();
      // the shortest of those that fit lies in the span of the points
      Tensor x = p.x().select(1, 0);
      Tensor expected = x.mul(p.y().select(1, 0).unsqueeze(1)).div(x.square().sum(true, 1));
      assertThat(w.select(1, 1).sub(expected).abs().max().item()).isLessThan(1e-10);
    }
  }

  @Test
  void withoutNoiseLeastSquaresFindsTheFunction() {
    try (Scope scope = Scope.open()) {
      LabelledPoints p = points(0);
      Tensor says = new InContextAlgorithm.LeastSquares().predict(p);
      assertThat(says.slice(1, D, 8).sub(p.y().slice(1, D, 8)).abs().max().item())
          .isLessThan(1e-3); // labels were drawn in float32
    }
  }

  @Test
  void ridgeHasAVanishingGradient() {
    try (Scope scope = Scope.open()) {
      LabelledPoints p = points(0.5);
      Tensor w = new InContextAlgorithm.Ridge(0.25).weights(p).select(1, 5).unsqueeze(2);
      Tensor x = p.x().slice(1, 0, 5);
      Tensor residual = x.matmul(w).sub(p.y().slice(1, 0, 5).unsqueeze(2));
      Tensor gradient = x.transpose(1, 2).matmul(residual).add(w.mul(0.25));
      assertThat(gradient.abs().max().item()).isLessThan(1e-10);
    }
  }

  @Test
  void theIteratesAreTheirSpectralFormulas() {
    try (Scope scope = Scope.open()) {
      LabelledPoints p = points(0.1);
      Prefixes prefix = Prefixes.of(p);
      Linalg.Eigh e = Linalg.eigh(prefix.gram().select(1, 6)); // all eigenvalues above 0
      Tensor most = e.values().max(true, 1);
      Tensor rotated =
          e.vectors().transpose(1, 2).matmul(prefix.moments().select(1, 6).unsqueeze(2)).squeeze(2);
      Tensor share = e.values().div(most);
      List<Tensor> gd = new InContextAlgorithm.GradientDescent(9, 0.7).iterates(p);
      List<Tensor> newton = new InContextAlgorithm.IterativeNewton(5).iterates(p);
      Tensor gdFilter = share.mul(0.7).subtractFrom(1).pow(9).subtractFrom(1);
      Tensor newtonFilter = share.square().subtractFrom(1).pow(32).subtractFrom(1);
      assertThat(gap(gd.get(9), e, rotated, gdFilter)).isLessThan(1e-9);
      assertThat(gap(newton.get(5), e, rotated, newtonFilter)).isLessThan(1e-9);
      assertThat(gd).hasSize(10);
      assertThat(gd.getFirst().abs().max().item()).isZero();
    }
  }

  private static double gap(Tensor weights, Linalg.Eigh e, Tensor rotated, Tensor filter) {
    Tensor expected =
        e.vectors().matmul(rotated.mul(filter).div(e.values()).unsqueeze(2)).squeeze(2);
    return weights.select(1, 6).sub(expected).abs().max().item();
  }

  @Test
  void theOneGradientStepIsTheBestOnAverage() {
    try (Scope scope = Scope.open()) {
      RegressionPrompts prompts = RegressionPrompts.isotropic(D, 7, 0.5);
      LabelledPoints p = prompts.draw(40_000, new Rng(4)).points();
      Tensor says = new InContextAlgorithm.OneGradientStep(0.5).predict(p);
      double best = apart(says, p);
      assertThat(best).isLessThan(apart(says.mul(1.1), p)).isLessThan(apart(says.mul(0.9), p));
    }
  }

  private static double apart(Tensor says, LabelledPoints p) {
    return says.sub(p.y().to(DType.FLOAT64)).select(1, 7).square().mean().item();
  }

  @Test
  void onlineGradientDescentGoesOverThePointsOnce() {
    try (Scope scope = Scope.open()) {
      LabelledPoints p =
          new LabelledPoints(
              Tensor.of(new double[] {1, 0, 1, 1, 2, 1}, 1, 3, 2),
              Tensor.of(new double[] {2, 4, 0}, 1, 3));
      // w: (0, 0); (0.2, 0); (0.2, 0) + 0.1 * 3.8 * (1, 1)
      assertThat(new InContextAlgorithm.OnlineGradient(0.1).weights(p).toDoubles())
          .containsExactly(new double[] {0, 0, 0.2, 0, 0.58, 0.38}, within(1e-12));
    }
  }

  @Test
  void nearestNeighboursAverageTheirLabels() {
    try (Scope scope = Scope.open()) {
      LabelledPoints p =
          new LabelledPoints(
              Tensor.of(new double[] {0, 10, 1, 0.4}, 1, 4, 1),
              Tensor.of(new double[] {5, 7, 1, 0}, 1, 4));
      assertThat(new InContextAlgorithm.Nearest(2).predict(p).toDoubles())
          .containsExactly(0, 5, 6, 3);
    }
  }

  @Test
  void agreementIsWhatItsFormulasSay() {
    try (Scope scope = Scope.open()) {
      Tensor y = Tensor.of(new double[] {1, 1}, 1, 2);
      Tensor a = Tensor.of(new double[] {2, 1}, 1, 2); // errors (1, 0)
      Tensor b = Tensor.of(new double[] {4, 5}, 1, 2); // errors (3, 4)
      assertThat(Agreement.similarityOfErrors(a, b, y)).isCloseTo(0.6, within(1e-12));
      assertThat(Agreement.similarityOfErrors(a, y, y)).isZero();
      assertThat(Agreement.similarityOfErrors(y, y, y)).isEqualTo(1);
      assertThat(Agreement.squaredDifference(a, b)).containsExactly(4, 16);
    }
  }

  @Test
  void theInducedWeightsOfALinearLearnerAreItsOwn() {
    try (Scope scope = Scope.open()) {
      LabelledPoints p = points(0.5);
      InContextAlgorithm.Ridge ridge = new InContextAlgorithm.Ridge(1);
      Agreement.Induced found =
          Agreement.induced(ridge::predict, p.first(5), new double[] {1, 2, 3}, 9, new Rng(1));
      assertThat(found.weights().sub(ridge.weights(p).select(1, 5)).abs().max().item())
          .isLessThan(1e-6);
      assertThat(found.linearity()).isCloseTo(1, within(1e-9));
      Agreement.Induced near =
          Agreement.induced(
              new InContextAlgorithm.Nearest(1)::predict,
              p.first(5),
              new double[] {1, 1, 1},
              50,
              new Rng(1));
      assertThat(near.linearity()).isLessThan(0.9);
      assertThatThrownBy(
              () -> Agreement.induced(ridge::predict, p, new double[] {1, 1, 1}, 3, new Rng(1)))
          .hasMessageContaining("at least 4 queries");
    }
  }

  @Test
  void aModelNeverLooksAhead() {
    try (Scope scope = Scope.open()) {
      for (InContextModel.Body body :
          List.of(
              new InContextModel.Body.Transformer(2, 8, 2),
              new InContextModel.Body.Recurrent(1, 8))) {
        InContextModel model = InContextModel.random(D, 8, body, new Rng(5));
        LabelledPoints p = points(0).to(DType.FLOAT32);
        LabelledPoints other =
            p.first(4).then(new LabelledPoints(p.x().slice(1, 4, 8), p.y().slice(1, 4, 8).add(1)));
        Tensor first = model.forward(p);
        Tensor second = model.forward(other);
        // the label of point 4 differs, so that what is said from point 5 on may differ
        assertThat(first.slice(1, 0, 5).sub(second.slice(1, 0, 5)).abs().max().item())
            .isLessThan(1e-6);
        assertThat(first.slice(1, 5, 8).sub(second.slice(1, 5, 8)).abs().max().item())
            .isGreaterThan(1e-4);
        assertThat(model.streams(p)).hasSize(body.depth());
        assertThat(((InContextModel) model.copy()).forward(p).toDoubles())
            .containsExactly(first.toDoubles());
      }
    }
  }

  @Test
  void trainingLowersTheLoss() {
    try (Scope scope = Scope.open()) {
      RegressionPrompts prompts = RegressionPrompts.isotropic(1, 3, 0);
      InContextModel model =
          InContextModel.random(1, 4, new InContextModel.Body.Transformer(1, 8, 2), new Rng(0));
      LabelledPoints p = prompts.draw(500, new Rng(9)).points();
      double before = model.forward(p).sub(p.y()).square().mean().item();
      new InContextTraining(60, 32, 1e-2, InContextTraining.Loss.SQUARED)
          .train(model, (b, rng) -> prompts.draw(b, rng).points(), 0, Progress.silent());
      assertThat(model.forward(p).sub(p.y()).square().mean().item()).isLessThan(0.9 * before);
    }
  }

  @Test
  void badInputIsNamed() {
    try (Scope scope = Scope.open()) {
      assertThatThrownBy(() -> new LabelledPoints(Tensor.zeros(2, 3, 1), Tensor.zeros(2, 4)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("[sequences, n, d]");
      InContextModel model = new InContextModel(D, 4, new InContextModel.Body.Transformer(1, 8, 2));
      assertThatThrownBy(() -> model.forward(points(0)))
          .hasMessageContaining("up to 4 points of 3 dimensions, was given 8 of 3");
      assertThatThrownBy(() -> new InContextAlgorithm.Ridge(0)).hasMessageContaining("above 0");
      assertThatThrownBy(() -> new InContextAlgorithm.GradientDescent(1, 2))
          .hasMessageContaining("between 0 and 2");
      assertThatThrownBy(() -> new InContextAlgorithm.Nearest(0))
          .hasMessageContaining("at least 1");
      assertThatThrownBy(() -> RegressionPrompts.conditioned(2, 3, 0.5))
          .hasMessageContaining("at least 1");
    }
  }

  @Test
  void conditionedInputsHaveTheirEigenvaluesAndNoFixedAxes() {
    try (Scope scope = Scope.open()) {
      LabelledPoints p = RegressionPrompts.conditioned(3, 50_000, 100).draw(1, new Rng(2)).points();
      Tensor x = p.x().select(0, 0);
      double[] found = Linalg.eigh(x.t().matmul(x).div(x.size(0))).values().toDoubles();
      assertThat(found[0]).isCloseTo(1 / 37.0, within(0.001)); // 1, 10 and 100 over their mean
      assertThat(found[1]).isCloseTo(10 / 37.0, within(0.01));
      assertThat(found[2]).isCloseTo(100 / 37.0, within(0.1));
      LabelledPoints many =
          RegressionPrompts.conditioned(2, 1, 100).draw(20_000, new Rng(2)).points();
      Tensor first = many.x().select(1, 0).square().mean(false, 0);
      assertThat(first.toDoubles()[0]).isCloseTo(1, within(0.05));
    }
  }
}
