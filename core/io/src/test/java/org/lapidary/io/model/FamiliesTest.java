package org.lapidary.io.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
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
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.nn.Rope;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/** Small random folders of every family, against a forward pass in plain loops. */
class FamiliesTest {
  @TempDir Path folder;

  private static final int[] IDS = {3, 1, 7, 0, 12, 5, 9};

  static Stream<DecoderConfig> families() {
    DecoderConfig.Extras none = DecoderConfig.Extras.NONE;
    Rope rope = new Rope(10000, 4, null);
    Rope llama3 = new Rope(500, 4, new Rope.Llama3Scaling(8, 1, 4, 40));
    Rope linear = new Rope(10000, 4, new Rope.LinearScaling(2));
    DecoderConfig.Biases no = DecoderConfig.Biases.NONE;
    DecoderConfig.Biases qkv = new DecoderConfig.Biases(true, false, false, false, false);
    return Stream.of(
        c(
            "gpt2",
            2,
            "layernorm",
            "pre",
            "mlp",
            "gelu_tanh",
            null,
            DecoderConfig.Biases.ALL,
            none,
            true),
        c(
            "gpt2",
            2,
            "layernorm",
            "pre",
            "mlp",
            "gelu_tanh",
            null,
            DecoderConfig.Biases.ALL,
            none,
            false),
        c(
            "gpt_neox",
            2,
            "layernorm",
            "parallel",
            "mlp",
            "gelu",
            new Rope(10000, 2, null),
            DecoderConfig.Biases.ALL,
            none,
            false),
        c(
            "gpt_neox",
            2,
            "layernorm",
            "pre",
            "mlp",
            "gelu",
            rope,
            DecoderConfig.Biases.ALL,
            none,
            false),
        c("llama", 1, "rmsnorm", "pre", "gated", "silu", llama3, no, none, false),
        c("llama", 1, "rmsnorm", "pre", "gated", "silu", linear, no, none, true),
        c(
            "mistral",
            1,
            "rmsnorm",
            "pre",
            "gated",
            "silu",
            rope,
            no,
            new DecoderConfig.Extras(false, false, 1, 0, 0, 0, 3, 1),
            false),
        c("qwen2", 1, "rmsnorm", "pre", "gated", "silu", rope, qkv, none, true),
        c(
            "qwen3",
            1,
            "rmsnorm",
            "pre",
            "gated",
            "silu",
            rope,
            no,
            new DecoderConfig.Extras(false, true, 1, 0, 0, 0, 0, 1),
            false),
        c(
            "gemma",
            1,
            "rmsnorm1p",
            "pre",
            "gated",
            "gelu_tanh",
            rope,
            no,
            new DecoderConfig.Extras(false, false, Math.sqrt(8), 0, 0, 0, 0, 1),
            true),
        c(
            "gemma2",
            1,
            "rmsnorm1p",
            "sandwich",
            "gated",
            "gelu_tanh",
            rope,
            no,
            new DecoderConfig.Extras(false, false, Math.sqrt(8), 0.5, 2, 3, 3, 2),
            true),
        c(
            "phi",
            2,
            "layernorm",
            "parallel",
            "mlp",
            "gelu_tanh",
            new Rope(10000, 2, null),
            new DecoderConfig.Biases(true, true, true, true, true),
            new DecoderConfig.Extras(true, false, 1, 0, 0, 0, 0, 1),
            false),
        c("phi3", 1, "rmsnorm", "pre", "gated", "silu", rope, no, none, false));
  }

  private static DecoderConfig c(
      String family,
      int kv,
      String norm,
      String placement,
      String mlp,
      String activation,
      Rope rope,
      DecoderConfig.Biases biases,
      DecoderConfig.Extras extras,
      boolean tied) {
    return new DecoderConfig(
        family,
        13,
        8,
        2,
        2,
        kv,
        4,
        12,
        16,
        norm,
        1e-5,
        placement,
        "attention",
        mlp,
        activation,
        rope == null ? "learned" : "rope",
        rope,
        biases,
        extras,
        tied);
  }

  /** Every parameter random and large enough that a mistake shows, norms and biases too. */
  private static Model random(DecoderConfig config) {
    Layer layer = config.build();
    Rng rng = new Rng(config.hashCode());
    layer
        .parameters()
        .forEach((path, p) -> {
          Tensor noise = rng.normal(0.5, p.tensor().shape().toArray());
          p.set(path.contains("ln") && path.endsWith("weight") ? noise.add(1) : noise);
        });
    return new Model(config, layer, null);
  }

  @ParameterizedTest
  @MethodSource("families")
  void aFolderGivesTheLogitsOfTheFamilyAndReadsBackAsItself(DecoderConfig config) {
    Model model = random(config);
    Path target = folder.resolve("model");
    HuggingFace.save(model, target);
    Model read = Models.load(target);
    double[][] expected = new PlainForward(target).logits(IDS);
    float[] logits = read.forward(Tensor.of(IDS, 1, IDS.length)).toFloats();
    for (int p = 0; p < IDS.length; p++) {
      for (int v = 0; v < 13; v++) {
        assertThat((double) logits[p * 13 + v])
            .as(config.family() + " position " + p + " token " + v)
            .isCloseTo(expected[p][v], within(2e-4 * (1 + Math.abs(expected[p][v]))));
      }
    }
    assertThat(model.forward(Tensor.of(IDS, 1, IDS.length)).toFloats()).containsExactly(logits);
  }

  @Test
  void halfPrecisionAndShardsReadAsTheSameModel() throws Exception {
    Model model = random(families().toList().get(4));
    Tensor ids = Tensor.of(IDS, 1, IDS.length);
    Tensor expected = model.forward(ids);
    for (DType dtype : List.of(DType.FLOAT16, DType.BFLOAT16)) {
      Path half = folder.resolve(dtype.toString());
      HuggingFace.save(model, half, new HuggingFace.Form(dtype, 600));
      assertThat(half.resolve(Safetensors.INDEX)).exists();
      assertThat(Json.read(half.resolve("config.json")).get("torch_dtype").asText())
          .isEqualTo(dtype == DType.FLOAT16 ? "float16" : "bfloat16");
      Tensor read = Models.load(half).forward(ids);
      double apart = read.sub(expected).norm(false).div(expected.norm(false)).item();
      assertThat(apart).isBetween(1e-9, dtype == DType.FLOAT16 ? 0.005 : 0.05);
    }
  }

  @Test
  void int8RowsAreWithinHalfAStepOfTheWeightsInEveryFamily() throws Exception {
    int n = 0;
    for (DecoderConfig config : families().toList()) {
      Model model = random(config);
      Path target = folder.resolve("int8-" + n++);
      HuggingFace.save(model, target, HuggingFace.Form.of(DType.INT8));
      Model read = Models.load(target);
      double largest = // a published row may hold rows of several of our matrices
          model.layer().parameters().entrySet().stream()
              .filter(e -> e.getKey().startsWith("blocks."))
              .mapToDouble(e -> e.getValue().value().abs().max().item())
              .max()
              .orElseThrow();
      int matrices = 0;
      for (var entry : model.layer().parameters().entrySet()) {
        Tensor before = entry.getValue().value();
        Tensor after = read.layer().parameterAt(entry.getKey()).value();
        if (entry.getKey().startsWith("blocks.") && before.rank() == 2) {
          assertThat(after.sub(before).abs().max().item()).isBetween(1e-9, 0.5001 * largest / 127);
          matrices++;
        } else {
          assertThat(after.toFloats()).containsExactly(before.toFloats());
        }
      }
      assertThat(matrices).isPositive();
      assertThat(
              Json.read(target.resolve("config.json")).at("/quantization_config/format").asText())
          .isEqualTo("int-quantized");
    }
  }

  @Test
  void int8WeightsNeedTheirScales() throws Exception {
    Model model = random(families().toList().get(4));
    Path whole = folder.resolve("whole");
    HuggingFace.save(model, whole);
    String name = "model.layers.0.mlp.up_proj.weight";
    Map<String, RawTensor> tensors = new LinkedHashMap<>();
    Tensor codes;
    Tensor scale;
    try (TensorSource source = Safetensors.open(whole)) {
      for (String other : source.names()) {
        RawTensor raw = source.get(other);
        tensors.put(other, RawTensor.of(HuggingFace.tensor(raw).toFloats(), raw.shape()));
      }
      Tensor w = HuggingFace.tensor(source.get(name));
      scale = w.abs().max(true, 1).div(127);
      codes = w.div(scale).round().to(DType.INT8);
    }
    tensors.put(
        name,
        new RawTensor(
            DType.INT8,
            codes.shape().toArray(),
            java.lang.foreign.MemorySegment.ofArray(codes.toBytes())));
    Path bare = Files.createDirectory(folder.resolve("bare"));
    Files.copy(whole.resolve("config.json"), bare.resolve("config.json"));
    Safetensors.write(bare.resolve(Safetensors.SINGLE), tensors, Map.of());
    assertThatThrownBy(() -> Models.load(bare))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining(name + " of type INT8")
        .hasMessageContaining("_scale");
    tensors.put(name + "_scale", RawTensor.of(scale.toFloats(), scale.shape().toArray()));
    Path scaled = Files.createDirectory(folder.resolve("scaled"));
    Files.copy(whole.resolve("config.json"), scaled.resolve("config.json"));
    Safetensors.write(scaled.resolve(Safetensors.SINGLE), tensors, Map.of());
    float[] read =
        Models.load(scaled).layer().parameterAt("blocks.0.mlp.up.weight").value().toFloats();
    float[] written = codes.to(DType.FLOAT32).mul(scale).toFloats();
    assertThat(read).containsExactly(written);
  }

  @Test
  void aFolderWithALlama2cFileSaysToGiveTheFile() throws Exception {
    Path file = folder.resolve("tiny.bin");
    try (var out = Files.newOutputStream(file)) {
      var header = java.nio.ByteBuffer.allocate(28).order(java.nio.ByteOrder.LITTLE_ENDIAN);
      for (int value :
          new int[] {4, 4, 1, 1, 1, 4, 4}) { // dim, hidden, layers, heads, heads, vocab, context
        header.putInt(value);
      }
      out.write(header.array());
      out.write(new byte[4 * 156]);
    }
    assertThatThrownBy(() -> Models.load(folder))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("give that file: " + file);
  }

  @Test
  void faultsInAFolderAreNamed() throws Exception {
    Path target = folder.resolve("model");
    HuggingFace.save(random(families().toList().get(4)), target);
    Path config = target.resolve("config.json");
    ObjectNode json = (ObjectNode) Json.read(config);
    json.put("model_type", "lama");
    Json.write(config, json);
    assertThatThrownBy(() -> Models.load(target))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("lama")
        .hasMessageContaining("nearest: llama");
    json.put("model_type", "llama");
    json.put("hidden_size", 1_000_000);
    Json.write(config, json);
    assertThatThrownBy(() -> Models.load(target)).isInstanceOf(FormatException.class);
    json.put("hidden_size", 8);
    json.put("intermediate_size", 13);
    Json.write(config, json);
    assertThatThrownBy(() -> Models.load(target))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("gate_proj");
    json.put("intermediate_size", "twelve");
    Json.write(config, json);
    assertThatThrownBy(() -> Models.load(target))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("intermediate_size");
    json.put("intermediate_size", 12);
    json.put("num_hidden_layers", 3);
    Json.write(config, json);
    assertThatThrownBy(() -> Models.load(target))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("model.layers.2");
    assertThatThrownBy(() -> HuggingFace.save(random(families().toList().get(4)), target))
        .hasMessageContaining("model");
    Files.delete(target.resolve("model.safetensors"));
    assertThatThrownBy(() -> Models.load(target))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("no weights");
  }
}
