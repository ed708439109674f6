package org.lapidary.interpret.transcoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.circuit.InvariantView;
import org.lapidary.interpret.circuit.MlpSites;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryStatistics;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.interpret.dictionary.Pairs;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

class TranscoderTest {
  private static final DecoderConfig LLAMA = DecoderConfig.llama(13, 16, 2, 4, 2, 24, 12, true);
  private static final DecoderConfig GPT = DecoderConfig.gpt(13, 16, 2, 4, 12, "relu");

  private static int[][] texts(int count) {
    Rng rng = new Rng(2);
    int[][] texts = new int[count][12];
    for (int[] text : texts) {
      Arrays.setAll(text, i -> rng.nextInt(13));
    }
    return texts;
  }

  @Test
  void transcodersLearnPlainAndGatedMlps() {
    for (DecoderConfig config : List.of(GPT, LLAMA)) {
      Model model = Model.random(config, new Rng(1));
      Transcoder method = Transcoder.of(64);
      method = method.withTraining(method.training().withSteps(300).withBatch(128).withLambda(0.1));
      DictionaryTrainer.Trained trained = method.train(model, 1, texts(60), Progress.silent());
      DictionaryStatistics s = DictionaryStatistics.of(trained.dictionary(), model, texts(20));
      assertThat(s.varianceExplained()).isGreaterThan(0.5);
      assertThat(trained.dictionary().inputSite()).isEqualTo(MlpSites.input(model, 1));
      Dictionary sae = method.trainAutoencoder(model, 1, texts(60), Progress.silent()).dictionary();
      assertThat(sae.autoencodes()).isTrue();
      assertThat(sae.inputSite()).isEqualTo("blocks.1.hook_mlp_out");
      Transcoder.Both both = method.trainBoth(model, 1, texts(60), Progress.silent());
      assertThat(both.transcoder().dictionary().encoder().toFloats())
          .isEqualTo(trained.dictionary().encoder().toFloats());
      assertThat(both.autoencoder().dictionary().encoder().toFloats())
          .isEqualTo(sae.encoder().toFloats());
      assertThat(both.autoencoder().dictionary().inputSite()).isEqualTo(sae.inputSite());
    }
  }

  @Test
  void aTranscoderThatIsTheMlpCostsNothingAndTheMeanIsAnAblation() {
    Model model = Model.random(GPT, new Rng(1));
    model.layer().parameterAt("blocks.1.mlp.out.weight").set(new Rng(4).normal(2, 16, 64));
    model.layer().parameterAt("unembed.weight").set(new Rng(5).normal(1, 13, 16));
    Fidelity f = Fidelity.of(model, Transcoder.neurons(model, 1), texts(20));
    assertThat(f.increase()).isCloseTo(0, within(1e-5));
    assertThat(f.recovered()).isCloseTo(1, within(1e-3));
    assertThat(Math.abs(f.ablationIncrease())).isGreaterThan(0.01);

    // The mean over tokens, as a dictionary that writes nothing but its bias.
    Dictionary d = Transcoder.neurons(model, 1);
    Dictionary constant =
        new Dictionary(
            d.encoder(),
            d.encoderBias(),
            d.decoder().mul(0),
            Fidelity.mean(model, d.outputSite(), texts(20)),
            d.activation(),
            d.inputSite(),
            d.outputSite());
    assertThat(Fidelity.of(model, constant, texts(20)).recovered()).isCloseTo(0, within(1e-3));
  }

  @Test
  void swappingLeavesTheModelAsItWas() {
    Model model = Model.random(LLAMA, new Rng(1));
    Tensor tokens = Tensor.of(new int[] {1, 2, 3}, 1, 3);
    float[] before = model.forward(tokens).toFloats();
    Rng rng = new Rng(3);
    Dictionary d =
        new Dictionary(
            rng.normal(1, 8, 16),
            rng.normal(1, 8),
            rng.normal(1, 8, 16),
            rng.normal(1, 16),
            new Activation.Relu(),
            "",
            "");
    Model swapped = Transcoder.swap(model, Map.of(0, d));
    assertThat(model.forward(tokens).toFloats()).isEqualTo(before);
    assertThat(swapped.forward(tokens).toFloats()).isNotEqualTo(before);
    assertThat(MlpSites.input(swapped, 0)).isEqualTo("blocks.0.mlp.hook_in");
    assertThat(MlpSites.input(swapped, 1)).isEqualTo("blocks.1.mlp.gate.hook_in");
  }

  @Test
  void modelsWithoutPreNormMlpsAreRefused() {
    Model model = Model.random(GPT, new Rng(1));
    assertThatThrownBy(() -> MlpSites.input(model, 2)).hasMessageContaining("0 to 1");
    assertThatThrownBy(() -> Transcoder.neurons(Model.random(LLAMA, new Rng(1)), 0))
        .hasMessageContaining("plain ReLU");
    Rng rng = new Rng(3);
    Dictionary narrow =
        new Dictionary(
            rng.normal(1, 8, 5),
            rng.normal(1, 8),
            rng.normal(1, 8, 5),
            rng.normal(1, 5),
            new Activation.Relu(),
            "",
            "");
    assertThatThrownBy(() -> Transcoder.swap(model, Map.of(0, narrow)))
        .hasMessageContaining("maps 16 to 16");
    DecoderConfig post = placed(GPT, "post");
    assertThatThrownBy(() -> MlpSites.input(Model.random(post, new Rng(1)), 0))
        .hasMessageContaining("pre-norm");
  }

  private static DecoderConfig placed(DecoderConfig c, String placement) {
    return new DecoderConfig(
        c.family(),
        c.vocab(),
        c.dModel(),
        c.layers(),
        c.heads(),
        c.kvHeads(),
        c.dHead(),
        c.dMlp(),
        c.context(),
        c.norm(),
        c.epsilon(),
        placement,
        c.mixer(),
        c.mlp(),
        c.activation(),
        c.positions(),
        c.rope(),
        c.biases(),
        c.extras(),
        c.tied());
  }

  @Test
  void theInvariantViewAgreesWithTheProductsWrittenOut() {
    Model model = Model.random(GPT, new Rng(1));
    Rng rng = new Rng(5);
    for (String norm : List.of("blocks.0.ln2.weight", "blocks.1.ln2.weight", "ln_final.weight")) {
      model.layer().parameterAt(norm).set(rng.normal(1, 16));
    }
    Dictionary from = Transcoder.neurons(model, 0);
    Dictionary to = Transcoder.neurons(model, 1);
    InvariantView view = new InvariantView(model);
    double[] enc = to.encoder().toDoubles();
    double[] dec = from.decoder().toDoubles();
    double[] gain = model.layer().parameterAt("blocks.1.ln2.weight").tensor().toDoubles();
    double[] finalGain = model.layer().parameterAt("ln_final.weight").tensor().toDoubles();
    double[] embed = model.decoder().embedding().tensor().toDoubles();
    double[] unembed = model.decoder().unembedding().toDoubles();
    int i = 11;
    int j = 20;
    assertThat(view.connections(from, 1, to).toDoubles()[i * 64 + j])
        .isCloseTo(normed(dec, i, gain, enc, j), within(1e-6));
    assertThat(view.deEmbedding(1, to, j).toDoubles()[6])
        .isCloseTo(normed(embed, 6, gain, enc, j), within(1e-6));
    assertThat(view.logitEffect(from, i).toDoubles()[6])
        .isCloseTo(normed(dec, i, finalGain, unembed, 6), within(1e-6));
    List<InvariantView.TokenWeight> top = InvariantView.top(view.logitEffect(from, i), 3);
    assertThat(top).hasSize(3);
    assertThat(top.getFirst().weight())
        .isEqualTo(view.logitEffect(from, i).max().item(), within(1e-12));
  }

  /** Row r of a, centred, times a gain, times row s of b; rows of 16. */
  private static double normed(double[] a, int r, double[] gain, double[] b, int s) {
    double mean = 0;
    for (int k = 0; k < 16; k++) {
      mean += a[r * 16 + k] / 16;
    }
    double sum = 0;
    for (int k = 0; k < 16; k++) {
      sum += (a[r * 16 + k] - mean) * gain[k] * b[s * 16 + k];
    }
    return sum;
  }

  @Test
  void plantedFeaturesThatAreGivenAreFound() {
    Planted planted = Planted.of(1);
    Dictionary exact =
        new Dictionary(
            planted.readers(),
            Tensor.full(org.lapidary.tensor.DType.FLOAT32, org.lapidary.tensor.Shape.of(128), -0.4),
            planted.directions(),
            Tensor.zeros(64),
            new Activation.Relu(),
            "",
            "");
    assertThat(planted.found(exact)).isCloseTo(1, within(1e-5));
    assertThat(DictionaryStatistics.of(exact, planted.next(500, new Rng(1))).varianceExplained())
        .isCloseTo(1, within(1e-5));
    assertThat(planted.found(planted.train(0, 1024, 1, 0))).isLessThan(0.4);
  }

  @Test
  void plantedFeaturesAreActiveAndStrongAsOftenAsTheyShouldBe() {
    double active = 0;
    double sum = 0;
    double squares = 0;
    double least = 1;
    double most = 1;
    int tokens = 4000;
    for (double s : Planted.strengths(tokens, new Rng(1)).toDoubles()) {
      if (s > 0) {
        active++;
        sum += s;
        squares += s * s;
        least = Math.min(least, s);
        most = Math.max(most, s);
      }
    }
    // Binomial(128 * 4000, 0.02) and Uniform(0.5, 1.5), each within four deviations.
    double expected = 128 * tokens * 0.02;
    assertThat(active).isCloseTo(expected, within(4 * Math.sqrt(expected * 0.98)));
    assertThat(sum / active).isCloseTo(1, within(4 * Math.sqrt(1 / 12.0 / active)));
    assertThat(squares / active).isCloseTo(13 / 12.0, within(4 * Math.sqrt(0.339 / active)));
    assertThat(least).isBetween(0.5, 0.501);
    assertThat(most).isBetween(1.499, 1.5);
  }

  @Test
  void plantedPairsAreTheSumsOfTheirDefinition() {
    Planted planted = Planted.of(1);
    Tensor s = Planted.strengths(50, new Rng(2));
    Pairs pairs = planted.next(50, new Rng(2));
    Tensor x = s.matmul(planted.readers());
    Tensor y = x.matmul(planted.readers().t()).sub(0.4).relu().matmul(planted.directions());
    assertThat(pairs.input().sub(x).abs().max().item()).isLessThan(1e-5);
    assertThat(pairs.output().sub(y).abs().max().item()).isLessThan(1e-5);
  }

  @Test
  void theReproductionRunsInItsSmallSize() {
    Reproduction.Outcome outcome =
        new TranscoderReproduction()
            .run(new Reproduction.Setting(Reproduction.Size.SMOKE, List.of(0L), Progress.silent()));
    assertThat(outcome.checks()).isNotEmpty().allMatch(org.lapidary.evidence.Check::holds);
  }
}
