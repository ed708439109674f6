package org.lapidary.interpret.dictionary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.io.FormatException;
import org.lapidary.io.Json;
import org.lapidary.io.RawTensor;
import org.lapidary.io.Safetensors;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

class DictionaryTest {
  private static final int N = 7;
  private static final int IN = 3;
  private static final int OUT = 4;

  private static Dictionary dictionary(Activation activation) {
    Rng rng = new Rng(3);
    return new Dictionary(
        rng.normal(1, N, IN),
        rng.normal(1, N),
        rng.normal(1, N, OUT),
        rng.normal(1, OUT),
        activation,
        "blocks.0.mlp.in.hook_in",
        "blocks.0.hook_mlp_out");
  }

  @Test
  void reluFeaturesAgreeWithTheEquationsWrittenOut() {
    Dictionary d = dictionary(new Activation.Relu());
    float[] x = {0.3f, -1.2f, 0.8f};
    double[] expected = d.decoderBias().toDoubles();
    for (int i = 0; i < N; i++) {
      double pre = d.encoderBias().toFloats()[i];
      for (int j = 0; j < IN; j++) {
        pre += d.encoder().toFloats()[i * IN + j] * x[j];
      }
      for (int k = 0; k < OUT; k++) {
        expected[k] += Math.max(0, pre) * d.decoder().toFloats()[i * OUT + k];
      }
    }
    assertThat(d.forward(Tensor.of(x, 1, 1, IN)).toDoubles())
        .containsExactly(expected, within(1e-5));
  }

  @Test
  void topKKeepsTheLargestPositivePreActivationsOfEachToken() {
    Dictionary d = dictionary(new Activation.TopK(2));
    Tensor x = new Rng(5).normal(1, 50, IN);
    float[] pre = d.preActivations(x).toFloats();
    float[] z = d.encode(x).toFloats();
    for (int t = 0; t < 50; t++) {
      for (int i = 0; i < N; i++) {
        int larger = 0;
        for (int j = 0; j < N; j++) {
          larger += pre[t * N + j] > pre[t * N + i] ? 1 : 0;
        }
        float expected = larger < 2 ? Math.max(0, pre[t * N + i]) : 0;
        assertThat(z[t * N + i]).isEqualTo(expected);
      }
    }
  }

  @Test
  void aWrongWidthIsNamedWithTheSite() {
    Dictionary d = dictionary(new Activation.Relu());
    assertThatThrownBy(() -> d.encode(Tensor.zeros(2, 5)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("width 3")
        .hasMessageContaining("blocks.0.mlp.in.hook_in");
    assertThatThrownBy(() -> d.decode(Tensor.zeros(2, 5))).isInstanceOf(ShapeException.class);
    assertThatThrownBy(() -> d.direction(7)).hasMessageContaining("0 to 6");
  }

  @Test
  void kBeyondTheDictionaryIsRefused() {
    assertThatThrownBy(() -> dictionary(new Activation.TopK(8)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("from 1 to 7");
    assertThatThrownBy(() -> new Activation.TopK(0)).hasMessageContaining("at least 1");
  }

  @Test
  void shapesThatDoNotFitAreRefused() {
    assertThatThrownBy(() ->
            new Dictionary(
                Tensor.zeros(4, 2),
                Tensor.zeros(3),
                Tensor.zeros(4, 2),
                Tensor.zeros(2),
                new Activation.Relu(),
                "",
                ""))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("do not fit together");
  }

  @Test
  void whatIsSavedIsLoadedBitForBit(@TempDir Path folder) {
    for (Activation activation : kinds()) {
      Dictionary d = dictionary(activation);
      if (activation instanceof Activation.Gated) {
        d = biased(d, Tensor.zeros(N)); // the file has no other bias than those of the paths
      }
      Path place = folder.resolve("d" + activation.getClass().getSimpleName());
      d.save(place);
      Dictionary read = Dictionary.load(place);
      assertThat(read.encoder().toFloats()).isEqualTo(d.encoder().toFloats());
      assertThat(read.encoderBias().toFloats()).isEqualTo(d.encoderBias().toFloats());
      assertThat(read.decoder().toFloats()).isEqualTo(d.decoder().toFloats());
      assertThat(read.decoderBias().toFloats()).isEqualTo(d.decoderBias().toFloats());
      assertThat(read.activation()).hasSameClassAs(activation);
      assertThat(read.activation().vectors().keySet()).isEqualTo(activation.vectors().keySet());
      activation
          .vectors()
          .forEach((name, vector) ->
              assertThat(
                      java.util.Objects.requireNonNull(read.activation().vectors().get(name))
                          .toFloats())
                  .isEqualTo(vector.toFloats()));
      if (activation instanceof Activation.TopK) {
        assertThat(read.activation()).isEqualTo(activation);
      }
      assertThat(read.inputSite()).isEqualTo(d.inputSite());
      assertThat(read.outputSite()).isEqualTo(d.outputSite());
    }
  }

  private static Dictionary biased(Dictionary d, Tensor bias) {
    return new Dictionary(
        d.encoder(),
        bias,
        d.decoder(),
        d.decoderBias(),
        d.activation(),
        d.inputSite(),
        d.outputSite());
  }

  private static List<Activation> kinds() {
    Rng rng = new Rng(17);
    return List.of(
        new Activation.Relu(),
        new Activation.TopK(3),
        new Activation.Gated(rng.normal(1, N), rng.normal(0.3, N), rng.normal(1, N)),
        new Activation.JumpRelu(rng.uniform(0, 1, N)));
  }

  @Test
  void gatedAndJumpReluAgreeWithTheirEquationsWrittenOut() {
    float[] x = {0.3f, -1.2f, 0.8f};
    for (Activation activation : kinds().subList(2, 4)) {
      Dictionary d = dictionary(activation);
      float[] z = d.encode(Tensor.of(x, 1, IN)).toFloats();
      int fired = 0;
      for (int i = 0; i < N; i++) {
        double pre = d.encoderBias().toFloats()[i];
        for (int j = 0; j < IN; j++) {
          pre += d.encoder().toFloats()[i * IN + j] * x[j];
        }
        double expected =
            switch (activation) {
              case Activation.Gated g -> {
                double magnitude =
                    Math.exp(g.logScale().toFloats()[i]) * pre + g.magnitudeBias().toFloats()[i];
                yield pre + g.gateBias().toFloats()[i] > 0 ? Math.max(0, magnitude) : 0;
              }
              case Activation.JumpRelu j -> pre > j.threshold().toFloats()[i] ? pre : 0;
              default -> Double.NaN;
            };
        assertThat(z[i]).isCloseTo((float) expected, within(1e-5f));
        fired += expected > 0 ? 1 : 0;
      }
      assertThat(fired).isBetween(1, N - 1);
    }
  }

  @Test
  void aGatedDictionaryWithAnEncoderBiasIsSavedAsOneThatDoesTheSame(@TempDir Path folder) {
    Dictionary d = dictionary(kinds().get(2));
    d.save(folder.resolve("d"));
    Tensor x = new Rng(5).normal(1, 50, IN);
    assertThat(Dictionary.load(folder.resolve("d")).encode(x).sub(d.encode(x)).abs().max().item())
        .isLessThan(1e-5);
  }

  @Test
  void everyKindIsSavedUnderTheNamesThatSaeLensUses(@TempDir Path folder) {
    Map<String, Set<String>> names =
        Map.of(
            "transcoder", Set.of("W_enc", "b_enc", "W_dec", "b_dec"),
            "topk", Set.of("W_enc", "b_enc", "W_dec", "b_dec"),
            "gated", Set.of("W_enc", "b_gate", "r_mag", "b_mag", "W_dec", "b_dec"),
            "jumprelu", Set.of("W_enc", "b_enc", "threshold", "W_dec", "b_dec"));
    Set<String> seen = new HashSet<>();
    for (Activation activation : kinds()) {
      Path place = folder.resolve(activation.getClass().getSimpleName());
      dictionary(activation).save(place);
      String architecture = Json.read(place.resolve("cfg.json")).path("architecture").asText();
      try (var source = Safetensors.open(place.resolve("sae_weights.safetensors"))) {
        assertThat(source.names()).isEqualTo(names.get(architecture));
      }
      seen.add(architecture);
    }
    assertThat(seen).isEqualTo(names.keySet());
  }

  @Test
  void aDictionaryOfAttentionReadsTheHeadsSideBySide() {
    Model model = Model.random(DecoderConfig.gpt(11, 8, 2, 2, 12, "relu"), new Rng(1));
    Rng rng = new Rng(2);
    String site = "blocks.1.attn.hook_z";
    Dictionary d =
        new Dictionary(
            rng.normal(1, N, 8),
            rng.normal(1, N),
            rng.normal(1, N, 8),
            rng.normal(1, 8),
            new Activation.Relu(),
            site,
            site);
    int[][] texts = {{1, 5, 3, 7}};
    Tensor tokens = Tensor.of(texts[0], 1, 4);
    Pairs pairs = ActivationBuffer.harvest(model, site, site, texts);
    assertThat(pairs.input().shape()).hasToString("[4, 8]");
    Tensor spliced = d.forward(pairs.input()).reshape(1, 4, 2, 4);
    assertThat(model.with(d.splice()).forward(tokens).toDoubles())
        .containsExactly(
            model.with(Intervention.replace(site, spliced)).forward(tokens).toDoubles(),
            within(1e-6));
  }

  @Test
  void aDictionaryOfAnotherModelsWidthIsRefusedWhereverItIsUsed() {
    Model model = Model.random(DecoderConfig.gpt(11, 8, 1, 2, 12, "relu"), new Rng(1));
    String site = "blocks.0.hook_resid_post";
    Dictionary wide = dictionary(new Activation.Relu()).at(site, site);
    int[][] texts = {{1, 5, 3, 7}};
    for (org.assertj.core.api.ThrowableAssert.ThrowingCallable use :
        List.<org.assertj.core.api.ThrowableAssert.ThrowingCallable>of(
            () -> DictionaryStatistics.of(wide, model, texts),
            () -> TopContexts.of(wide, model, texts, 1, 1),
            () -> model.with(wide.splice()).forward(Tensor.of(texts[0], 1, 4)))) {
      assertThatThrownBy(use)
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("width 3")
          .hasMessageContaining(site)
          .hasMessageContaining("use the model and site it was trained on");
    }
  }

  @Test
  void anEmptyCorpusIsRefused() {
    Model model = Model.random(DecoderConfig.gpt(11, 8, 1, 2, 12, "relu"), new Rng(1));
    String site = "blocks.0.hook_resid_post";
    Dictionary d = dictionary(new Activation.Relu()).at(site, site);
    int[][] none = {};
    assertThatThrownBy(() -> new ActivationBuffer(model, site, site, none, 100, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least one text");
    assertThatThrownBy(() -> DictionaryStatistics.of(d, model, none))
        .hasMessageContaining("at least one token");
    assertThatThrownBy(() -> ActivationBuffer.harvest(model, site, site, none))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least one text");
    assertThatThrownBy(() -> TopContexts.of(d, model, none, 1, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least one text");
  }

  @Test
  void savedArraysCarrySaeLensNamesAndShapes(@TempDir Path folder) {
    dictionary(new Activation.Relu()).save(folder.resolve("d"));
    try (var source = Safetensors.open(folder.resolve("d/sae_weights.safetensors"))) {
      assertThat(source.names()).containsExactlyInAnyOrder("W_enc", "b_enc", "W_dec", "b_dec");
      assertThat(source.get("W_enc").shape()).containsExactly(IN, N);
      assertThat(source.get("W_dec").shape()).containsExactly(N, OUT);
    }
  }

  @Test
  void aBiasThatIsTakenFromTheInputIsFoldedIn(@TempDir Path folder) {
    for (Activation activation : kinds()) {
      Rng rng = new Rng(8);
      Dictionary d =
          new Dictionary(
              rng.normal(1, N, IN),
              rng.normal(1, N),
              rng.normal(1, N, IN),
              rng.normal(1, IN),
              activation,
              "hook",
              "hook");
      Path place = folder.resolve(activation.getClass().getSimpleName());
      d.save(place);
      Path config = place.resolve("cfg.json");
      Json.write(config, ((ObjectNode) Json.read(config)).put("apply_b_dec_to_input", true));
      Tensor x = rng.normal(1, 5, IN);
      assertThat(Dictionary.load(place).encode(x).toDoubles())
          .containsExactly(d.encode(x.sub(d.decoderBias())).toDoubles(), within(1e-5));
    }
  }

  @Test
  void foldersThatHoldNoKnownDictionaryAreRefusedInWords(@TempDir Path folder) throws Exception {
    Dictionary d = dictionary(new Activation.TopK(3));
    refused(folder, d, "architecture", "matryoshka", "standard, transcoder, topk, gated, jumprelu");
    refused(folder, d, "normalize_activations", "layer_norm", "none");
    refused(folder, d, "k", "999", "at most the 7 features");
    refused(folder, d, "k", "-1", "a number from 1");
    Path place = folder.resolve("arrays");
    d.save(place);
    Map<String, RawTensor> tensors = new LinkedHashMap<>();
    tensors.put("W_enc", RawTensor.of(new float[6], 2, 3));
    tensors.put("W_dec", RawTensor.of(new float[8], 4, 2));
    tensors.put("b_enc", RawTensor.of(new float[3], 3));
    tensors.put("b_dec", RawTensor.of(new float[2], 2));
    Safetensors.write(place.resolve("sae_weights.safetensors"), tensors, Map.of());
    assertThatThrownBy(() -> Dictionary.load(place))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("encoder of 3 and a decoder of 4");
    tensors.remove("b_dec");
    Safetensors.write(place.resolve("sae_weights.safetensors"), tensors, Map.of());
    assertThatThrownBy(() -> Dictionary.load(place)).hasMessageContaining("b_dec among them");
    tensors.put("W_dec", RawTensor.of(new float[] {1, 2, Float.NaN, 3, 4, 5}, 3, 2));
    Safetensors.write(place.resolve("sae_weights.safetensors"), tensors, Map.of());
    assertThatThrownBy(() -> Dictionary.load(place))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("W_dec with values that are not finite");
    Files.delete(place.resolve("sae_weights.safetensors"));
    assertThatThrownBy(() -> Dictionary.load(place)).isInstanceOf(RuntimeException.class);
  }

  private static void refused(
      Path folder, Dictionary d, String key, String value, String expected) {
    Path place = folder.resolve(key + value);
    d.save(place);
    Path config = place.resolve("cfg.json");
    ObjectNode json = (ObjectNode) Json.read(config);
    if (key.equals("k")) {
      json.put(key, Integer.parseInt(value));
    } else {
      json.put(key, value);
    }
    Json.write(config, json);
    assertThatThrownBy(() -> Dictionary.load(place))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining(expected);
  }

  @Test
  void aFeatureHeldAtAValueMovesTheOutputAlongItsDirectionAlone() {
    Model model = Model.random(DecoderConfig.gpt(11, 8, 2, 2, 12, "relu"), new Rng(1));
    Rng rng = new Rng(2);
    Dictionary d =
        new Dictionary(
            rng.normal(1, N, 8),
            rng.normal(1, N),
            rng.normal(1, N, 8),
            rng.normal(1, 8),
            new Activation.Relu(),
            "blocks.1.mlp.in.hook_in",
            "blocks.1.hook_mlp_out");
    Tensor tokens = Tensor.of(new int[] {1, 5, 3, 7}, 1, 4);
    var plain = model.capture(tokens, "blocks.1.{mlp.in.hook_in,hook_mlp_out}");
    double[] z = d.encode(plain.at(d.inputSite())).select(-1, 3).toDoubles();
    double[] direction = d.direction(3).toDoubles();
    double[] expected = plain.at(d.outputSite()).toDoubles();
    for (int i = 0; i < expected.length; i++) {
      expected[i] += (2.5 - z[i / 8]) * direction[i % 8];
    }
    assertThat(
            model
                .with(d.clamp(3, 2.5))
                .capture(tokens, d.outputSite())
                .at(d.outputSite())
                .toDoubles())
        .containsExactly(expected, within(1e-5));
    assertThatThrownBy(() -> d.clamp(N, 0)).hasMessageContaining("features 0 to 6");
  }

  @Test
  void splicedAtTheOutputAndPutIntoTheSlotGiveTheSameModel() {
    Model model = Model.random(DecoderConfig.gpt(11, 8, 2, 2, 12, "relu"), new Rng(1));
    Rng rng = new Rng(2);
    Dictionary d =
        new Dictionary(
            rng.normal(1, N, 8),
            rng.normal(1, N),
            rng.normal(1, N, 8),
            rng.normal(1, 8),
            new Activation.Relu(),
            "blocks.1.mlp.in.hook_in",
            "blocks.1.hook_mlp_out");
    Tensor tokens = Tensor.of(new int[] {1, 5, 3, 7}, 1, 4);
    Model swapped = model.copy();
    swapped.layer().replace("blocks.1.mlp", new DictionaryLayer(d));
    double[] expected = swapped.copy().forward(tokens).toDoubles();
    assertThat(model.with(d.splice()).forward(tokens).toDoubles())
        .containsExactly(expected, within(1e-5));
    assertThat(
            swapped.capture(tokens, "blocks.1.mlp.hook_post").at("blocks.1.mlp.hook_post").shape())
        .hasToString("[1, 4, 7]");
    assertThatThrownBy(() -> d.at("", "").splice()).hasMessageContaining("names no sites");
  }

  @Test
  void statisticsAgreeWithCountingByHand() {
    Dictionary d = dictionary(new Activation.TopK(2));
    Rng rng = new Rng(6);
    Pairs pairs = new Pairs(rng.normal(1, 40, IN), rng.normal(2, 40, OUT).add(1));
    DictionaryStatistics s = DictionaryStatistics.of(d, pairs);
    double[] z = d.encode(pairs.input()).toDoubles();
    double[] error = d.forward(pairs.input()).sub(pairs.output()).toDoubles();
    double[] y = pairs.output().toDoubles();
    int active = 0;
    int firstFeature = 0;
    for (int i = 0; i < z.length; i++) {
      active += z[i] > 0 ? 1 : 0;
      firstFeature += i % N == 0 && z[i] > 0 ? 1 : 0;
    }
    double squares = 0;
    double variance = 0;
    for (int k = 0; k < OUT; k++) {
      double mean = 0;
      for (int t = 0; t < 40; t++) {
        mean += y[t * OUT + k] / 40;
      }
      for (int t = 0; t < 40; t++) {
        squares += error[t * OUT + k] * error[t * OUT + k];
        variance += (y[t * OUT + k] - mean) * (y[t * OUT + k] - mean);
      }
    }
    assertThat(s.l0()).isCloseTo(active / 40.0, within(1e-9));
    assertThat(s.firingRates()[0]).isCloseTo(firstFeature / 40.0, within(1e-9));
    assertThat(s.meanSquaredError()).isCloseTo(squares / 40, within(1e-4));
    assertThat(s.varianceExplained()).isCloseTo(1 - squares / variance, within(1e-5));
    assertThat(s.tokens()).isEqualTo(40);
  }

  @Test
  void activationsThatAreNotFiniteAreRefused() {
    Dictionary d = dictionary(new Activation.Relu());
    Pairs bad =
        new Pairs(
            Tensor.full(
                org.lapidary.tensor.DType.FLOAT32, org.lapidary.tensor.Shape.of(4, IN), Double.NaN),
            Tensor.zeros(4, OUT));
    assertThatThrownBy(() -> DictionaryStatistics.of(d, bad))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not finite");
    Model model = Model.random(DecoderConfig.gpt(11, 8, 1, 2, 12, "relu"), new Rng(1));
    model
        .layer()
        .parameterAt("blocks.0.mlp.in.weight")
        .set(
            Tensor.full(
                org.lapidary.tensor.DType.FLOAT32,
                org.lapidary.tensor.Shape.of(32, 8),
                Double.NaN));
    assertThatThrownBy(() ->
            ActivationBuffer.harvest(
                model, "blocks.0.hook_mlp_in", "blocks.0.hook_mlp_out", new int[][] {{1, 2}}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("blocks.0.hook_mlp_out");
  }
}
