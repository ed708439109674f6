package org.lapidary.interpret.utilityduality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

class UtilityDualityTest {
  private static final int V = 6;

  /** Gradients of a small network's weights. */
  private static double[] gradient(Tensor w, Tensor loss) {
    return Autograd.grad(loss, List.of(w)).getFirst().toDoubles();
  }

  @Test
  void allCompetitorsGiveTheGradientOfMaximumLikelihood() {
    try (Scope scope = Scope.open()) {
      Tensor x = new Rng(1).normal(1, 4, 5);
      Tensor w = new Rng(2).normal(0.5, V, 5).requiresGrad(true);
      Tensor y = Tensor.of(new int[] {0, 3, 5, 3}, 4);
      double[] likelihood = gradient(w, x.linear(w, null).tanh().mul(3).crossEntropy(y));
      double[] utility =
          gradient(w, new UtilityLearning(0).loss(x.linear(w, null).tanh().mul(3), y, new Rng(0)));
      // and by enumeration: grad u(y) - sum over y' of P(y') grad u(y')
      double[] enumerated = new double[V * 5];
      for (int row = 0; row < 4; row++) {
        Tensor one = x.slice(0, row, row + 1);
        double[] p = one.linear(w, null).tanh().mul(3).detach().softmax(1).toDoubles();
        for (int v = 0; v < V; v++) {
          double[] g = gradient(w, one.linear(w, null).tanh().mul(3).select(1, v).sum());
          double weight = p[v] - (v == y.toInts()[row] ? 1 : 0);
          for (int i = 0; i < g.length; i++) {
            enumerated[i] += weight * g[i] / 4;
          }
        }
      }
      for (int i = 0; i < utility.length; i++) {
        assertThat(utility[i]).isCloseTo(likelihood[i], within(1e-6));
        assertThat(utility[i]).isCloseTo(enumerated[i], within(1e-6));
      }
    }
  }

  @Test
  void oneCompetitorGivesItWithoutBias() {
    try (Scope scope = Scope.open()) {
      int draws = 20_000;
      Tensor row = new Rng(3).normal(1, 1, V);
      Tensor y = Tensor.of(new int[draws], draws).add(2);
      Tensor u = row.expand(draws, V).contiguous().requiresGrad(true);
      Tensor loss = new UtilityLearning(1).loss(u, y, new Rng(4)).mul(draws);
      double[] each = Autograd.grad(loss, List.of(u)).getFirst().toDoubles();
      double[] p = row.softmax(1).toDoubles();
      for (int v = 0; v < V; v++) {
        double mean = 0;
        for (int i = 0; i < draws; i++) {
          mean += each[i * V + v] / draws;
        }
        double expected = p[v] - (v == 2 ? 1 : 0);
        double error = Math.sqrt(p[v] * (1 - p[v]) / draws);
        assertThat(Math.abs(mean - expected)).isLessThan(4 * error);
      }
    }
  }

  @Test
  void orderSurvivesAnAffineChangeAndSamplingDoesNot() {
    try (Scope scope = Scope.open()) {
      Tensor u = new Rng(5).normal(1, 20, V);
      Tensor changed = u.mul(2.5).add(-3);
      assertThat(changed.argmax(1).toInts()).isEqualTo(u.argmax(1).toInts());
      assertThat(changed.topk(3, 1).indices().toInts()).isEqualTo(u.topk(3, 1).indices().toInts());
      Tensor p = u.softmax(1);
      double divergence = p.mul(p.log().sub(changed.logSoftmax(1))).sum(false, 1).mean().item();
      assertThat(divergence).isGreaterThan(0.01);
    }
  }

  @Test
  void theSmoothingInverseUndoesSmoothing() {
    assertThat(UtilityDualityReproduction.tabular(new Rng(6))).isLessThan(1e-3);
    try (Scope scope = Scope.open()) {
      Tensor truth = Tensor.of(new float[] {0.7f, 0.3f, 0, 0}, 1, 4);
      Tensor u = truth.mul(0.9).add(0.025).log();
      assertThat(new Transform.SmoothingInverse(0.1).probabilities(u).toDoubles())
          .containsExactly(new double[] {0.7, 0.3, 0, 0}, within(1e-6));
      assertThat(new Transform.AffineRatio(0.025, 1).probabilities(u).toDoubles())
          .containsExactly(new double[] {0.7, 0.3, 0, 0}, within(1e-6));
      assertThat(new Transform.Power(1).probabilities(u).toDoubles())
          .containsExactly(u.softmax(1).toDoubles(), within(1e-7));
    }
  }

  @Test
  void theFitFindsTheSmoothing() {
    try (Scope scope = Scope.open()) {
      Tensor truth = new Rng(7).normal(3, 30, 20).softmax(1);
      Tensor u = truth.mul(0.9).add(0.1 / 20).log();
      Tensor many = u.unsqueeze(0).expand(400, 30, 20).reshape(12_000, 20);
      Tensor shown =
          UtilityLearning.draw(
                  truth.unsqueeze(0).expand(400, 30, 20).reshape(12_000, 20), 1, new Rng(8))
              .squeeze(1);
      Transform found = Transform.fit(many, shown);
      double raw = new Transform.Power(1).nats(many, shown);
      assertThat(found.nats(many, shown)).isLessThan(raw);
      double apart = found.probabilities(u).sub(truth).abs().sum(false, 1).mean().item() / 2;
      assertThat(apart).isLessThan(0.03);
    }
  }

  @Test
  void copiesOfTheTaskAreValidAndItsProbabilitiesSumToOne() {
    for (int[] s : CopyTask.draw(100, new Rng(9))) {
      assertThat(CopyTask.valid(s)).isTrue();
      for (int t = 0; t < CopyTask.OUT; t++) {
        double sum = java.util.Arrays.stream(CopyTask.truth(s, t)).sum();
        assertThat(sum).isCloseTo(1, within(1e-12));
      }
      int[] wrong = s.clone();
      wrong[CopyTask.IN] = (wrong[CopyTask.IN] + 1) % CopyTask.VOCAB;
      assertThat(CopyTask.valid(wrong)).isFalse();
    }
  }

  @Test
  void rulesDrawFromTheirTokens() {
    try (Scope scope = Scope.open()) {
      Tensor p = Tensor.of(new float[] {0.5f, 0.3f, 0.15f, 0.05f}, 1, 4).expand(4000, 4);
      int[] counts = new int[4];
      for (int v : SequenceModel.Rule.nucleus(0.75).choose(p, new Rng(1)).toInts()) {
        counts[v]++;
      }
      assertThat(counts[2] + counts[3]).isZero();
      assertThat(counts[0] / 4000.0).isCloseTo(0.625, within(0.03));
      assertThat(SequenceModel.Rule.greedy().choose(p, new Rng(1)).toInts()).containsOnly(0);
    }
  }

  @Test
  void badInputIsNamed() {
    try (Scope scope = Scope.open()) {
      assertThatThrownBy(() -> new UtilityLearning(-1)).hasMessageContaining("at least 1");
      assertThatThrownBy(() -> new Transform.SmoothingInverse(1)).hasMessageContaining("below 1");
      assertThatThrownBy(() ->
              new UtilityLearning(1)
                  .loss(Tensor.ones(2, 3), Tensor.of(new int[] {1}, 1), new Rng(0)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("[n, V]");
    }
  }

  @Test
  void theExperimentRunsSmall() {
    Reproduction.Outcome outcome =
        new UtilityDualityReproduction()
            .run(new Reproduction.Setting(Reproduction.Size.SMOKE, List.of(0L), Progress.silent()));
    assertThat(outcome.holds()).as("%s", outcome.checks()).isTrue();
  }
}
