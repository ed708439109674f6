package org.lapidary.interpret.dictionary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.dictionary.DictionaryTrainer.Settings;
import org.lapidary.interpret.dictionary.DictionaryTrainer.Trained;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;

class DictionaryTrainerTest {
  private static final int D = 8;
  private static final List<Activation> KINDS =
      List.of(
          new Activation.Relu(),
          new Activation.TopK(3),
          Activation.Gated.initial(32),
          Activation.JumpRelu.initial(32, 0.05));

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
    for (Activation a : KINDS) {
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
      Tensor pre = weights.preActivations(x);
      Gradients g = Gradients.of(weights, new Pairs(x, x), pre, pre.relu(), 0.3, 0.1);
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
          agree(weights, pairs, z.detach(), loss.item(), expected, 0);
        }
      }
    }
  }

  /** That the written-out gradients are the expected ones, by whichever products. */
  private static void agree(
      Weights weights, Pairs pairs, Tensor z, double loss, List<Tensor> expected, double width) {
    Tensor pre = Autograd.noGrad(() -> weights.preActivations(pairs.input()));
    List<Function<Tensor, Firing>> ways = List.of(Firing::sparse, Firing::dense, Firing::of);
    for (Function<Tensor, Firing> way : ways) {
      Gradients g = Autograd.noGrad(() -> Gradients.of(weights, pairs, pre, z, 0.3, width, way));
      assertThat(g.loss()).isCloseTo(loss, within(1e-5 * loss));
      assertThat(g.l0()).isCloseTo(z.gt(0).sum().item() / 40, within(1e-9));
      assertThat(g.parameters()).hasSameSizeAs(expected);
      for (int p = 0; p < expected.size(); p++) {
        Tensor e = expected.get(p);
        assertThat(g.parameters().get(p).sub(e).abs().max().item())
            .isLessThanOrEqualTo(1e-5 * Math.max(1e-3, e.abs().max().item()));
      }
      double[] firings = z.gt(0).sum(false, 0).toDoubles();
      for (int i = 0; i < firings.length; i++) {
        assertThat(g.fired()[i]).isEqualTo(firings[i] > 0);
      }
    }
  }

  private static void set(Tensor parameter, Tensor values) {
    MemorySegment.copy(values.segment(), 0, parameter.segment(), 0, parameter.segment().byteSize());
  }

  @Test
  void gatedGradientsAreThoseOfThePublishedLossWithAFrozenDecoderInItsAuxiliaryPart() {
    for (double shift : new double[] {-4, -1, 0, 3}) {
      Rng rng = new Rng(7);
      Settings settings = settings().withActivation(Activation.Gated.initial(32));
      try (Weights weights = weights(settings)) {
        List<Tensor> all = weights.tensors();
        set(all.get(4), rng.normal(0.5, 32).add(shift));
        set(all.get(5), rng.normal(0.3, 32));
        set(all.get(6), rng.normal(0.5, 32).add(shift));
        Pairs pairs = new Pairs(rng.normal(1, 40, D), rng.normal(1, 40, D));
        all.forEach(t -> t.requiresGrad(true));
        Tensor pre = weights.preActivations(pairs.input());
        Tensor gate = pre.add(all.get(4));
        Tensor z =
            pre.mul(all.get(5).exp()).add(all.get(6)).relu().mul(gate.gt(0).to(DType.FLOAT32));
        Tensor alone = gate.relu().matmul(all.get(2).detach()).add(all.get(3).detach());
        Tensor loss =
            weights
                .decode(z)
                .sub(pairs.output())
                .square()
                .sum()
                .add(gate.relu().sum().mul(0.3))
                .add(alone.sub(pairs.output()).square().sum())
                .div(40);
        // the encoder's bias is no parameter of a gated dictionary
        List<Tensor> expected = new java.util.ArrayList<>(Autograd.grad(loss, all));
        expected.set(1, Tensor.zeros(32));
        all.forEach(t -> t.requiresGrad(false));
        agree(weights, pairs, z.detach(), loss.item(), expected, 0);
      }
    }
  }

  @Test
  void jumpReluGradientsAreThePublishedPseudoDerivatives() {
    double width = 0.6;
    for (double shift : new double[] {-3, 0, 2}) {
      Rng rng = new Rng(7);
      Settings settings = settings().withActivation(Activation.JumpRelu.initial(32, 0.4));
      try (Weights weights = weights(settings)) {
        List<Tensor> all = weights.tensors();
        set(all.get(1), rng.normal(0.5, 32).add(shift));
        set(all.get(4), rng.normal(0.5, 32).sub(1));
        Pairs pairs = new Pairs(rng.normal(1, 40, D), rng.normal(1, 40, D));
        all.forEach(t -> t.requiresGrad(true));
        double[] theta = all.get(4).exp().toDoubles();
        Tensor pre = weights.preActivations(pairs.input());
        Tensor z = weights.activation().apply(pre);
        Tensor error = weights.decode(z).sub(pairs.output());
        Tensor loss = error.square().sum().div(40);
        List<Tensor> expected = new java.util.ArrayList<>(Autograd.grad(loss, all.subList(0, 4)));
        all.forEach(t -> t.requiresGrad(false));
        float[] p = pre.toFloats();
        double[] slopes = error.linear(weights.decoder(), null).mul(2.0 / 40).toDoubles();
        float[] byLogThreshold = new float[32];
        for (int t = 0; t < 40; t++) {
          for (int i = 0; i < 32; i++) {
            if (Math.abs(p[t * 32 + i] - theta[i]) < width / 2) {
              byLogThreshold[i] -=
                  (float) ((theta[i] * slopes[t * 32 + i] + 0.3 / 40) / width * theta[i]);
            }
          }
        }
        expected.add(Tensor.of(byLogThreshold, 32));
        double l0 = z.gt(0).sum().item() / 40;
        agree(weights, pairs, z.detach(), loss.item() + 0.3 * l0, expected, width);
      }
    }
  }

  @Test
  void gatedAndJumpReluLearnToReconstructAndAreSteeredToTheirL0() {
    Pairs test = sparse().next(4000, new Rng(9));
    for (Activation a : KINDS.subList(2, 4)) {
      Settings settings = settings().withActivation(a);
      DictionaryStatistics before =
          DictionaryStatistics.of(train(settings.withSteps(0)).dictionary(), test);
      DictionaryStatistics after =
          DictionaryStatistics.of(
              train(settings.withSteps(800).withLambda(0.1).withTargetL0(2)).dictionary(), test);
      assertThat(after.l0()).isBetween(1.6, 2.4);
      assertThat(after.meanSquaredError()).isLessThan(0.2 * before.meanSquaredError());
    }
  }

  @Test
  void theDictionaryForPlainActivationsDoesWhatTheScaledOneDid() {
    for (Activation a : KINDS) {
      Rng rng = new Rng(5);
      Tensor mean = rng.normal(1, D);
      Scaling scaling = new Scaling(mean, 1.7, rng.normal(1, D), 2.3);
      try (Weights weights = new Weights(settings().withActivation(a), scaling, new Rng(2))) {
        List<Tensor> all = weights.tensors();
        for (int p = 4; p < all.size(); p++) {
          set(all.get(p), rng.normal(0.2, 32).add(-0.3));
        }
        Tensor x = rng.normal(2, 50, D);
        Pairs scaled = scaling.apply(new Pairs(x, x));
        Tensor expected =
            weights.decode(weights.encode(scaled.input())).mul(2.3).add(scaling.meanOut());
        assertThat(weights.dictionary(scaling).forward(x).sub(expected).abs().max().item())
            .isLessThan(1e-4);
      }
    }
  }

  private static final Model MODEL =
      Model.random(DecoderConfig.gpt(11, D, 1, 2, 12, "relu"), new Rng(1));

  /** A pool that holds fewer tokens than the texts have, so that what it gave before matters. */
  private static ActivationBuffer pool() {
    Rng rng = new Rng(2);
    int[][] texts = new int[60][12];
    for (int[] text : texts) {
      java.util.Arrays.setAll(text, i -> rng.nextInt(11));
    }
    String site = "blocks.0.hook_resid_post";
    return new ActivationBuffer(MODEL, site, site, texts, 200, 3);
  }

  @Test
  void stoppedAndResumedIsTheSameToTheBitAsNeverStopped(@TempDir Path folder) {
    for (Activation a : KINDS) {
      Settings settings =
          settings().withActivation(a).withSteps(60).withBatch(64).withResampleEvery(15);
      settings = a instanceof Activation.TopK ? settings : settings.withTargetL0(3);
      Trained whole;
      try (ActivationBuffer pool = pool()) {
        whole = new DictionaryTrainer(settings).train(pool.outputs(), Progress.silent());
      }
      Path file = folder.resolve(a.getClass().getSimpleName());
      DictionaryTrainer trainer = new DictionaryTrainer(settings).withCheckpoint(file, 7);
      int[] asked = new int[1];
      for (int stop : new int[] {23, 14, 1000}) {
        try (ActivationBuffer pool = pool()) {
          asked[0] = 0;
          Trained part = trainer.train(pool.outputs(), Progress.stoppable(() -> ++asked[0] > stop));
          if (part.steps() == settings.steps()) {
            assertThat(part.losses()).isEqualTo(whole.losses());
            assertThat(part.lambda()).isEqualTo(whole.lambda());
            assertThat(part.resampled()).isEqualTo(whole.resampled());
            assertThat(numbers(part.dictionary())).isEqualTo(numbers(whole.dictionary()));
          }
        }
      }
      assertThat(asked[0]).isEqualTo(60 - 23 - 14);
    }
  }

  private static float[] numbers(Dictionary d) {
    List<Tensor> all =
        new java.util.ArrayList<>(
            List.of(d.encoder(), d.encoderBias(), d.decoder(), d.decoderBias()));
    all.addAll(d.activation().vectors().values());
    return Tensor.concat(0, all.stream().map(t -> t.reshape(t.elements())).toList()).toFloats();
  }

  @Test
  void aRunThatIsKilledGoesOnFromItsLastCheckpoint(@TempDir Path folder) {
    Settings settings = settings().withSteps(40).withBatch(64);
    Trained whole = train(settings);
    DictionaryTrainer trainer =
        new DictionaryTrainer(settings).withCheckpoint(folder.resolve("c"), 10);
    int[] drawn = new int[1];
    PairSource source = sparse();
    PairSource failing =
        (tokens, rng) -> {
          if (++drawn[0] > 26) {
            throw new IllegalStateException("killed");
          }
          return source.next(tokens, rng);
        };
    assertThatThrownBy(() -> trainer.train(failing, Progress.silent())).hasMessage("killed");
    Trained resumed = trainer.train(source, Progress.silent());
    assertThat(numbers(resumed.dictionary())).isEqualTo(numbers(whole.dictionary()));
  }

  @Test
  void aCheckpointOfAnotherRunIsRefused(@TempDir Path folder) {
    Path file = folder.resolve("c");
    Settings settings = settings().withSteps(3);
    new DictionaryTrainer(settings).withCheckpoint(file, 0).train(sparse(), Progress.silent());
    for (Settings other :
        List.of(
            settings.withSeed(4),
            settings.withSteps(6),
            settings.withActivation(new Activation.TopK(3)),
            settings.withActivation(Activation.Gated.initial(32)))) {
      assertThatThrownBy(() ->
              new DictionaryTrainer(other)
                  .withCheckpoint(file, 0)
                  .train(sparse(), Progress.silent()))
          .isInstanceOf(org.lapidary.io.FormatException.class)
          .hasMessageContaining("another checkpoint file");
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
    assertThatThrownBy(() -> settings().withActivation(Activation.Gated.initial(8)))
        .hasMessageContaining("32 features");
    assertThatThrownBy(() -> settings().withActivation(Activation.JumpRelu.initial(32, 0)))
        .hasMessageContaining("begin above 0");
    PairSource late =
        (tokens, rng) -> tokens > 256 ? sparse().next(tokens, rng) : new Pairs(bad, bad);
    assertThatThrownBy(() -> new DictionaryTrainer(settings()).train(late, Progress.silent()))
        .hasMessageContaining("bad values in the activations");
  }
}
