package org.lapidary.interpret.iclnewton;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.incontext.InContextAlgorithm;
import org.lapidary.interpret.incontext.InContextModel;
import org.lapidary.interpret.tasks.LabelledPoints;
import org.lapidary.interpret.tasks.RegressionPrompts;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class IclNewtonTest {

  @ParameterizedTest
  @ValueSource(doubles = {1, 10, 100})
  void newtonConvergesToTheInverse(double kappa) {
    try (Scope scope = Scope.open()) {
      Tensor s = Convergence.matrix(4, kappa, new Rng(3));
      Tensor m = Convergence.newton(s, 40);
      Tensor expected = Linalg.inverse(s);
      assertThat(m.sub(expected).abs().max().item()).isLessThan(1e-8);
    }
  }

  @Test
  void newtonsStepsGrowWithTheLogarithmAndGradientDescentsWithTheConditionNumber() {
    Convergence slow = Convergence.measure(4, 1e-6, new Rng(5), 8, 32, 128);
    assertThat(slow.newtonSlope()).isCloseTo(2, within(0.6));
    assertThat(slow.gradientSlope()).isCloseTo(1, within(0.15));
  }

  @Test
  void theConstructedTransformerTakesNewtonsSteps() {
    try (Scope scope = Scope.open()) {
      Tensor x = new Rng(1).normal(1, 5, 9, 4).to(DType.FLOAT64);
      Tensor s = x.transpose(1, 2).matmul(x);
      Tensor most = Linalg.eigh(s).values().max(true, 1).unsqueeze(2);
      Tensor m = s.div(most.square());
      Tensor expected = m;
      for (int k = 0; k < 6; k++) {
        expected = expected.mul(2).sub(expected.matmul(s).matmul(expected));
      }
      Tensor found = new NewtonTransformer(4, 6).forward(m, s);
      assertThat(found.sub(expected).abs().max().item()).isLessThan(1e-10);
      assertThat(new NewtonTransformer(4, 6).copy()).isInstanceOf(NewtonTransformer.class);
      assertThatThrownBy(() -> new NewtonTransformer(3, 1).forward(m, s))
          .hasMessageContaining("[..., 3, 3]");
    }
  }

  @Test
  void aLearnerThatTakesThreeStepsALayerIsFoundOut() {
    try (Scope scope = Scope.open()) {
      LabelledPoints p =
          RegressionPrompts.conditioned(4, 12, 30).draw(50, new Rng(2)).points().to(DType.FLOAT64);
      InContextAlgorithm.IterativeNewton newton = new InContextAlgorithm.IterativeNewton(15);
      InContextAlgorithm.GradientDescent gd = new InContextAlgorithm.GradientDescent(40, 1);
      int[] all = java.util.stream.IntStream.rangeClosed(0, 15).toArray();
      int[] more = java.util.stream.IntStream.rangeClosed(0, 40).toArray();
      List<Tensor> likeNewton = new ArrayList<>();
      List<Tensor> likeGd = new ArrayList<>();
      for (int l = 1; l <= 4; l++) {
        likeNewton.add(newton.iterates(p).get(3 * l).mul(p.x()).sum(false, 2));
        likeGd.add(gd.iterates(p).get(3 * l).mul(p.x()).sum(false, 2));
      }
      AlgorithmMatch match = AlgorithmMatch.of(likeNewton, newton, p, all);
      AlgorithmMatch other = AlgorithmMatch.of(likeGd, gd, p, more);
      AlgorithmMatch wrong = AlgorithmMatch.of(likeGd, newton, p, all);
      for (int l = 0; l < 4; l++) {
        assertThat(match.bestSteps(l)).isEqualTo(3 * (l + 1));
        assertThat(other.bestSteps(l)).isEqualTo(3 * (l + 1));
        assertThat(other.best(l)).isCloseTo(1, within(1e-12)).isGreaterThan(wrong.best(l));
      }
      assertThat(match.bestWithin(3, 5)).isEqualTo(match.similarity()[3][5]);
      assertThatThrownBy(() -> AlgorithmMatch.of(likeGd, newton, p, 0, 16))
          .hasMessageContaining("at most the algorithm's 15");
    }
  }

  @Test
  void aReadoutFindsWhatAStreamSaysLinearly() {
    try (Scope scope = Scope.open()) {
      InContextModel model =
          InContextModel.random(2, 5, new InContextModel.Body.Transformer(2, 8, 2), new Rng(4));
      LabelledPoints p = RegressionPrompts.isotropic(2, 4, 0).draw(200, new Rng(5)).points();
      Tensor y =
          model.streams(p).get(1).to(DType.FLOAT64).sum(false, 2).mul(0.5).add(3).to(DType.FLOAT32);
      LabelledPoints relabelled = new LabelledPoints(p.x(), y);
      // reading labels of the second stream itself; tokens differ, so the same stream is not read
      LayerReadouts readouts = LayerReadouts.fit(model, p);
      assertThat(readouts.maps()).hasSize(2);
      assertThat(readouts.predict(relabelled).get(1).shape()).isEqualTo(p.y().shape());
      double own = p.y().sub(readouts.predict(p).get(1).to(DType.FLOAT32)).square().mean().item();
      assertThat(own).isLessThan(p.y().square().mean().item());
    }
  }

  @Test
  void whoFitsAllPointsForgetsNone() {
    try (Scope scope = Scope.open()) {
      LabelledPoints p =
          RegressionPrompts.isotropic(3, 5, 0).draw(50, new Rng(6)).points().to(DType.FLOAT64);
      double[] ols = Forgetting.errors(new InContextAlgorithm.LeastSquares()::predict, p);
      assertThat(ols).hasSize(6);
      assertThat(ols[5]).isLessThan(1e-4);
      double[] online = Forgetting.errors(new InContextAlgorithm.OnlineGradient(0.2)::predict, p);
      assertThat(online[5]).isGreaterThan(online[0]);
    }
  }

  @Test
  void theExperimentRunsSmall() {
    Reproduction.Outcome outcome =
        new IclNewtonReproduction()
            .run(
                new Reproduction.Setting(
                    Reproduction.Size.SMOKE, List.of(0L), org.lapidary.evidence.Progress.silent()));
    assertThat(outcome.holds()).isTrue();
  }
}
