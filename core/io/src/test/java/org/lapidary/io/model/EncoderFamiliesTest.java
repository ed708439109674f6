package org.lapidary.io.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lapidary.io.FormatException;
import org.lapidary.io.Json;
import org.lapidary.io.RawTensor;
import org.lapidary.io.Safetensors;
import org.lapidary.io.TensorSource;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.DecoderConfig.Ends;
import org.lapidary.nn.Layer;
import org.lapidary.nn.MetaFormerConfig;
import org.lapidary.nn.MetaFormerConfig.Image;
import org.lapidary.nn.Model;
import org.lapidary.nn.ModelConfig;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/** Small random folders of encoders and image models, against forward passes in plain loops. */
class EncoderFamiliesTest {
  @TempDir Path folder;

  private static final int[] IDS = {3, 1, 7, 0, 12, 5, 9};
  private static final int[] TYPES = {0, 0, 0, 1, 1, 1, 1};
  private static final DecoderConfig BERT = DecoderConfig.bert(13, 8, 2, 2, 16);
  private static final MetaFormerConfig VIT =
      MetaFormerConfig.vit(new Image(2, 8, 8), 4, 8, 2, 2, 5);
  private static final MetaFormerConfig MIXER =
      MetaFormerConfig.mlpMixer(new Image(2, 8, 8), 4, 8, 2, 5);
  private static final MetaFormerConfig POOL =
      MetaFormerConfig.poolFormer(new Image(2, 24, 24), List.of(1, 2, 1), List.of(6, 8, 4), 5);

  static Stream<MetaFormerConfig> grids() {
    return Stream.of(VIT, VIT.withClasses(0), MIXER, POOL);
  }

  /** Every parameter random and large enough that a mistake shows. */
  private static Model random(ModelConfig config) {
    Layer layer = config.build();
    Rng rng = new Rng(config.hashCode());
    layer
        .parameters()
        .forEach((path, p) -> {
          Tensor noise = rng.normal(0.4, p.tensor().shape().toArray());
          p.set(path.contains("ln") && path.endsWith("weight") ? noise.add(1) : noise);
        });
    return new Model(config, layer, null);
  }

  private static void near(float[] values, double[] expected) {
    assertThat(values).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) values[i])
          .as("value " + i)
          .isCloseTo(expected[i], within(2e-4 * (1 + Math.abs(expected[i]))));
    }
  }

  @ParameterizedTest
  @MethodSource("grids")
  void aFolderOfAnImageModelGivesItsLogitsAndReadsBackAsItself(MetaFormerConfig config) {
    Model model = random(config);
    Path target = folder.resolve("model");
    HuggingFace.save(model, target);
    Model read = Models.load(target);
    assertThat(read.config()).isEqualTo(config);
    int side = config.image().height();
    Tensor image = new Rng(7).normal(1, 1, 2, side, side);
    float[] pixels = image.toFloats();
    double[][][] plain = new double[2][side][side];
    for (int i = 0; i < pixels.length; i++) {
      plain[i / (side * side)][i / side % side][i % side] = pixels[i];
    }
    PlainEncoders oracle = new PlainEncoders(target);
    double[] expected =
        switch (config.family()) {
          case "vit" -> oracle.vit(plain);
          case "mlp-mixer" -> oracle.mixer(plain);
          default -> oracle.poolFormer(plain);
        };
    float[] logits = read.forward(image).toFloats();
    near(logits, expected);
    assertThat(model.forward(image).toFloats()).containsExactly(logits);
  }

  @Test
  void bertGivesItsMaskedTokenLogitsWithSegmentsAndPadding() {
    for (boolean tied : new boolean[] {true, false}) {
      DecoderConfig config = tied ? BERT : untied();
      Model model = random(config);
      Path target = folder.resolve("bert" + tied);
      HuggingFace.save(model, target);
      Model read = Models.load(target);
      assertThat(read.config()).isEqualTo(config);
      PlainEncoders oracle = new PlainEncoders(target);
      Tensor tokens = Tensor.of(IDS, 1, IDS.length);
      near(read.forward(tokens).toFloats(), flat(oracle.bert(IDS, new int[7], new boolean[7])));
      boolean[] padding = {false, false, false, false, false, true, true};
      near(
          read.decoder()
              .encode(tokens, Tensor.of(TYPES, 1, 7), Tensor.of(padding, 1, 7))
              .toFloats(),
          flat(oracle.bert(IDS, TYPES, padding)));
      assertThat(model.forward(tokens).toFloats()).containsExactly(read.forward(tokens).toFloats());
    }
  }

  private static DecoderConfig untied() {
    return new DecoderConfig(
        "bert",
        13,
        8,
        2,
        2,
        2,
        4,
        12,
        16,
        "layernorm",
        1e-12,
        "post",
        "bidirectional-attention",
        "mlp",
        "gelu",
        "learned",
        null,
        BERT.biases(),
        BERT.extras(),
        false,
        BERT.ends());
  }

  @Test
  void aBertModelGivesItsLastStreamAndItsPooledFirstToken() {
    Model model = random(BERT.withEnds(new Ends(2, true, "pooler")));
    Path target = folder.resolve("model");
    HuggingFace.save(model, target);
    Model read = Models.load(target);
    PlainEncoders oracle = new PlainEncoders(target);
    double[][] stream = oracle.bert(IDS, new int[7], new boolean[7]);
    Tensor out = read.forward(Tensor.of(IDS, 1, 7));
    near(out.toFloats(), flat(stream));
    near(read.decoder().pooled(out).toFloats(), oracle.pooled(stream));
  }

  private static double[] flat(double[][] x) {
    return Stream.of(x).flatMapToDouble(java.util.Arrays::stream).toArray();
  }

  @Test
  void watchingBertDoesNotChangeItEvenWithPadding() {
    Model model = random(BERT);
    Tensor tokens = Tensor.of(IDS, 1, 7);
    Tensor out = model.capture(tokens, "**").output();
    assertThat(out.sub(model.forward(tokens)).abs().max().item()).isLessThan(1e-4);
    assertThat(model.capture(tokens, "**").sites())
        .contains(
            "hook_token_type_embed",
            "embed_ln.hook_normalized",
            "blocks.1.hook_resid_mid",
            "blocks.1.hook_normalized_resid_post");
  }

  @Test
  void whatPreTrainingLeftBesideTheWeightsIsNotInTheWay() {
    Model model = random(BERT);
    Path plain = folder.resolve("plain");
    HuggingFace.save(model, plain);
    Path more = folder.resolve("more");
    HuggingFace.save(
        model,
        more,
        unfinished -> {
          try (TensorSource source = Safetensors.open(plain)) {
            Map<String, RawTensor> all = new LinkedHashMap<>();
            source.names().forEach(n -> all.put(n, source.get(n)));
            for (String name :
                List.of(
                    "bert.pooler.dense.weight",
                    "cls.seq_relationship.bias",
                    "cls.predictions.decoder.weight")) {
              all.put(name, source.get("cls.predictions.transform.dense.weight"));
            }
            Safetensors.write(unfinished.resolve(Safetensors.SINGLE), all, Map.of());
          }
        });
    Tensor tokens = Tensor.of(IDS, 1, 7);
    assertThat(Models.load(more).forward(tokens).toFloats())
        .containsExactly(model.forward(tokens).toFloats());
  }

  @Test
  void aMetaFormerWithoutAPublishedLayoutIsKeptInTheHousesOwn() {
    for (MetaFormerConfig config :
        List.of(
            VIT.withPooling("mean").withMixer("pool:3"),
            VIT.withNorm("rmsnorm", "sandwich"),
            MetaFormerConfig.vit(new Image(2, 8, 12), 4, 8, 2, 2, 5))) {
      Model model = random(config);
      Path target = folder.resolve("own" + config.hashCode());
      HuggingFace.save(model, target);
      Model read = Models.load(target);
      assertThat(read.config()).isEqualTo(config);
      Tensor image = new Rng(7).normal(1, 1, 2, 8, config.image().width());
      assertThat(read.forward(image).toFloats()).containsExactly(model.forward(image).toFloats());
    }
  }

  @Test
  void faultsInAFolderAreNamed() {
    Path target = folder.resolve("model");
    HuggingFace.save(random(VIT), target);
    faults(target, "patch_size", 3, "projection.weight of shape");
    faults(target, "patch_size", 2, "position_embeddings of shape");
    faults(target, "num_attention_heads", 3, "multiple of the 3 heads");
    faults(target, "image_size", 2, "do not fit");
    faults(target, "num_hidden_layers", 1_000_000_000, "different models");
    faults(target, "hidden_size", 2_000_000_000, "different models");
    faults(target, "image_size", 2_000_000_000, "more than can be counted");
    faults(target, "num_hidden_layers", -1, "no negative depth");
    Path pool = folder.resolve("pool");
    HuggingFace.save(random(POOL), pool);
    faults(pool, "num_encoder_blocks", 4, "one value for each of 4 stages");
    faults(pool, "pool_size", 4, "odd");
    Path bert = folder.resolve("bert");
    HuggingFace.save(random(BERT), bert);
    faults(bert, "vocab_size", 14, "word_embeddings.weight of shape");
    faults(bert, "type_vocab_size", -1, "tokenTypes");
  }

  private static void faults(Path model, String key, int value, String words) {
    Path file = model.resolve("config.json");
    ObjectNode json = (ObjectNode) Json.read(file);
    ObjectNode changed = json.deepCopy();
    changed.put(key, value);
    Json.write(file, changed);
    assertThatThrownBy(() -> Models.load(model))
        .as(key)
        .isInstanceOf(FormatException.class)
        .hasMessageContaining(words);
    Json.write(file, json);
  }
}
