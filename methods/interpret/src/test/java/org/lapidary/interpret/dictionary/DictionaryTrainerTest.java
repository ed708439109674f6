package org.lapidary.interpret.dictionary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.dictionary.DictionaryTrainer.Settings;
import org.lapidary.interpret.dictionary.DictionaryTrainer.Trained;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;

class DictionaryTrainerTest {
  private static final int D = 8;

  /** Sums of few of 16 fixed directions, with a mean and a scale that are not 0 and 1. */
  private static PairSource sparse() {
    Tensor directions = new Rng(1).normal(1, 16, D).unscoped();
    return (tokens, rng) -> {
      Tensor s = rng.uniform(0.5, 1.5, tokens, 16).mul(rng.bernoulli(0.1, tokens, 16));
      Tensor x = s.matmul(directions).mul(3).add(2);
      return new Pairs(x, x);
    };
  }

  private static Settings settings() {
    return Settings.defaults(32).withSteps(120).withBatch(256).withLearningRate(1e-2);
  }

  private static Trained train(Settings settings) {
    return new DictionaryTrainer(settings).train(sparse(), Progress.silent());
  }

  @Test
  void directionsHaveUnitNormWhateverTheScaleOfTheActivations() {
    for (Activation a : List.of(new Activation.Relu(), new Activation.TopK(3))) {
      double[] norms =
          train(settings().withActivation(a)).dictionary().decoder().norm(false, 1).toDoubles();
      for (double norm : norms) {
        assertThat(norm).isCloseTo(1, within(1e-5));
      }
    }
  }

  @Test
  void trainingLowersTheErrorAndALargerPenaltyMakesFewerFeaturesFire() {
    Pairs test = sparse().next(2000, new Rng(9));
    DictionaryStatistics before =
        DictionaryStatistics.of(train(settings().withSteps(0)).dictionary(), test);
    DictionaryStatistics weak =
        DictionaryStatistics.of(train(settings().withLambda(0.1)).dictionary(), test);
    DictionaryStatistics strong =
        DictionaryStatistics.of(train(settings().withLambda(1)).dictionary(), test);
    assertThat(weak.meanSquaredError()).isLessThan(0.2 * before.meanSquaredError());
    assertThat(strong.l0()).isLessThan(weak.l0());
    assertThat(strong.meanSquaredError()).isGreaterThan(weak.meanSquaredError());
  }

  @Test
  void lambdaIsSteeredToTheL0ThatIsAskedFor() {
    Trained trained = train(settings().withSteps(600).withLambda(0.3).withTargetL0(2));
    DictionaryStatistics s =
        DictionaryStatistics.of(trained.dictionary(), sparse().next(4000, new Rng(9)));
    assertThat(s.l0()).isBetween(1.7, 2.3);
    assertThat(trained.lambda()).isNotEqualTo(0.3);
  }

  @Test
  void theSameSeedGivesTheSameBits() {
    Settings settings = settings().withSteps(30);
    assertThat(train(settings).dictionary().encoder().toFloats())
        .isEqualTo(train(settings).dictionary().encoder().toFloats());
    assertThat(train(settings.withSeed(1)).dictionary().encoder().toFloats())
        .isNotEqualTo(train(settings).dictionary().encoder().toFloats());
  }

  @Test
  void gradientsLeaveTheNormsOfTheDirectionsAlone() {
    Settings settings = settings();
    try (Weights weights = weights(settings)) {
      Tensor x = new Rng(4).normal(1, 64, D);
      Gradients g = Gradients.of(weights, new Pairs(x, x), weights.encode(x), 0.3);
      List<Tensor> projected = weights.project(g.parameters());
      double[] along = projected.get(2).mul(weights.decoder()).sum(false, 1).toDoubles();
      for (double a : along) {
        assertThat(a).isCloseTo(0, within(1e-4));
      }
    }
  }

  @Test
  void gradientsAreThoseOfAutogradWhetherFewFireOrMany() {
    for (Activation activation : List.of(new Activation.Relu(), new Activation.TopK(3))) {
      for (double shift : new double[] {-4, -1, 0, 3}) {
        Rng rng = new Rng(7);
        try (Weights weights = weights(settings().withActivation(activation))) {
          Tensor bias = weights.tensors().get(1);
          MemorySegment.copy(
              rng.normal(0.5, 32).add(shift).segment(), 0, bias.segment(), 0, 32 * Float.BYTES);
          Pairs pairs = new Pairs(rng.normal(1, 40, D), rng.normal(1, 40, D));
          weights.tensors().forEach(t -> t.requiresGrad(true));
          Tensor z = weights.encode(pairs.input());
          Tensor loss =
              weights
                  .decode(z)
                  .sub(pairs.output())
                  .square()
                  .sum()
                  .add(z.sum().mul(0.3))
                  .div(pairs.tokens());
          List<Tensor> expected = Autograd.grad(loss, weights.tensors());
          weights.tensors().forEach(t -> t.requiresGrad(false));
          Tensor active = z.detach();
          for (Gradients g :
              List.of(
                  Gradients.sparse(weights, pairs, active, 0.3),
                  Gradients.dense(weights, pairs, active, 0.3),
                  Gradients.of(weights, pairs, active, 0.3))) {
            assertThat(g.loss()).isCloseTo(loss.item(), within(1e-5 * loss.item()));
            assertThat(g.l0()).isCloseTo(active.gt(0).sum().item() / 40, within(1e-9));
            for (int p = 0; p < expected.size(); p++) {
              Tensor e = expected.get(p);
              assertThat(g.parameters().get(p).sub(e).abs().max().item())
                  .isLessThanOrEqualTo(1e-5 * Math.max(1e-3, e.abs().max().item()));
            }
            double[] firings = active.gt(0).sum(false, 0).toDoubles();
            for (int i = 0; i < firings.length; i++) {
              assertThat(g.fired()[i]).isEqualTo(firings[i] > 0);
            }
          }
        }
      }
    }
  }

  private static Weights weights(Settings settings) {
    Scaling plain = new Scaling(Tensor.zeros(D), 1, Tensor.zeros(D), 1);
    return new Weights(settings, plain, new Rng(2));
  }

  @Test
  void featuresThatNeverFireAreDrawnAnewAndTheirMomentsForgotten() {
    Settings settings = settings();
    try (Weights weights = weights(settings);
        AdamW adam = new AdamW(weights.tensors(), AdamW.Settings.adam())) {
      Tensor x = new Rng(4).normal(1, 64, D);
      List<Tensor> ones =
          weights.tensors().stream().map(t -> Tensor.ones(t.dtype(), t.shape())).toList();
      adam.step(ones, 1e-3);
      float[] before = weights.tensors().get(0).copy().toFloats();
      boolean[] fired = new boolean[32];
      java.util.Arrays.fill(fired, true);
      fired[3] = false;
      fired[17] = false;
      Tensor z = Autograd.noGrad(() -> weights.encode(x));
      assertThat(weights.resample(fired, new Pairs(x, x), z, adam, new Rng(5))).isEqualTo(2);
      float[] after = weights.tensors().get(0).toFloats();
      float[] moments = java.util.Objects.requireNonNull(adam.state().get("m.2")).toFloats();
      double[] norms = weights.decoder().norm(false, 1).toDoubles();
      for (int i = 0; i < 32; i++) {
        boolean drawn = i == 3 || i == 17;
        float[] was = java.util.Arrays.copyOfRange(before, i * D, (i + 1) * D);
        float[] is = java.util.Arrays.copyOfRange(after, i * D, (i + 1) * D);
        assertThat(java.util.Arrays.equals(was, is)).isEqualTo(!drawn);
        assertThat(moments[i * D] == 0).isEqualTo(drawn);
        if (drawn) {
          assertThat(norms[i]).isCloseTo(1, within(1e-5));
        }
      }
    }
  }

  @Test
  void resamplingRevivesDeadFeatures() {
    // A penalty this strong kills features early; it is then steered back.
    Settings settings =
        Settings.defaults(64)
            .withBatch(256)
            .withLearningRate(2e-2)
            .withSteps(500)
            .withLambda(3)
            .withTargetL0(2);
    PairSource source = sparse();
    Trained without =
        new DictionaryTrainer(settings.withResampleEvery(0)).train(source, Progress.silent());
    Trained with =
        new DictionaryTrainer(settings.withResampleEvery(100)).train(source, Progress.silent());
    Pairs test = source.next(4000, new Rng(9));
    assertThat(with.resampled()).isPositive();
    assertThat(DictionaryStatistics.of(with.dictionary(), test).deadShare())
        .isLessThan(DictionaryStatistics.of(without.dictionary(), test).deadShare());
  }

  @Test
  void aRunThatIsStoppedKeepsWhatIsDone() {
    int[] asked = new int[1];
    Trained trained =
        new DictionaryTrainer(settings())
            .train(sparse(), Progress.stoppable(() -> ++asked[0] > 10));
    assertThat(trained.steps()).isEqualTo(10);
    assertThat(trained.losses()).hasSize(10);
    assertThat(trained.dictionary().features()).isEqualTo(32);
  }

  @Test
  void badInputIsRefusedInWords() {
    Tensor bad = Tensor.full(DType.FLOAT32, Shape.of(8, D), Double.NaN);
    assertThatThrownBy(() ->
            new DictionaryTrainer(settings())
                .train((n, rng) -> new Pairs(bad, bad), Progress.silent()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not finite");
    Tensor same = Tensor.ones(8, D);
    assertThatThrownBy(() ->
            new DictionaryTrainer(settings())
                .train((n, rng) -> new Pairs(same, same), Progress.silent()))
        .hasMessageContaining("all activations are the same");
    assertThatThrownBy(() -> settings().withActivation(new Activation.TopK(33)))
        .hasMessageContaining("from 1 to 32");
    assertThatThrownBy(() -> settings().withLambda(Double.NaN)).hasMessageContaining("lambda");
    assertThatThrownBy(() -> settings().withTargetL0(40)).hasMessageContaining("targetL0");
  }
}
