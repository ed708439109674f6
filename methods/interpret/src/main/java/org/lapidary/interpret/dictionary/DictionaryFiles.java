package org.lapidary.interpret.dictionary;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.io.AtomicFolder;
import org.lapidary.io.FormatException;
import org.lapidary.io.Json;
import org.lapidary.io.RawTensor;
import org.lapidary.io.Safetensors;
import org.lapidary.io.TensorSource;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Dictionaries on disk, laid out as SAELens does: W_enc [dIn, features], b_enc, W_dec [features,
 * dOut], b_dec, for gated ones b_gate, r_mag and b_mag instead of b_enc, for JumpReLU threshold,
 * all float32, and their settings beside them.
 */
final class DictionaryFiles {
  private static final String WEIGHTS = "sae_weights.safetensors";
  private static final String CONFIG = "cfg.json";

  private static final List<String> ARCHITECTURES =
      List.of("standard", "transcoder", "topk", "gated", "jumprelu");

  private DictionaryFiles() {}

  static void save(Dictionary dictionary, Path folder) {
    ObjectNode config = config(dictionary);
    try (Scope scope = Scope.open();
        AtomicFolder target = AtomicFolder.create(folder)) {
      Map<String, RawTensor> tensors = new LinkedHashMap<>();
      tensors.put("W_enc", raw(dictionary.encoder().t()));
      Activation activation = dictionary.activation();
      if (activation instanceof Activation.Gated gated) {
        // the file has no b_enc; both paths take it over
        activation =
            zero(dictionary.encoderBias()) ? gated : gated.shifted(dictionary.encoderBias());
      } else {
        tensors.put("b_enc", raw(dictionary.encoderBias()));
      }
      tensors.put("W_dec", raw(dictionary.decoder()));
      tensors.put("b_dec", raw(dictionary.decoderBias()));
      activation.vectors().forEach((name, vector) -> tensors.put(name, raw(vector)));
      Safetensors.write(target.path().resolve(WEIGHTS), tensors, Map.of("format", "pt"));
      Json.write(target.path().resolve(CONFIG), config);
      target.commit();
    }
  }

  private static boolean zero(Tensor bias) {
    return bias.abs().max().item() == 0;
  }

  private static RawTensor raw(Tensor tensor) {
    return RawTensor.of(tensor.toFloats(), tensor.shape().toArray());
  }

  private static ObjectNode config(Dictionary dictionary) {
    ObjectNode config = JsonNodeFactory.instance.objectNode();
    switch (dictionary.activation()) {
      case Activation.Relu ignored ->
          config.put("architecture", dictionary.autoencodes() ? "standard" : "transcoder");
      case Activation.TopK top ->
          config
              .put("architecture", "topk")
              .put("k", top.k())
              .put("rescale_acts_by_decoder_norm", false);
      case Activation.Choice ignored ->
          throw new IllegalArgumentException(
              "SAELens files have no codebooks; save the model that holds this one");
      case Activation.Experts ignored ->
          throw new IllegalArgumentException(
              "SAELens files have no experts; save the model that holds this one");
      case Activation.Gated ignored -> config.put("architecture", "gated");
      case Activation.JumpRelu ignored -> config.put("architecture", "jumprelu");
    }
    config
        .put("d_in", dictionary.dIn())
        .put("d_sae", dictionary.features())
        .put("d_out", dictionary.dOut())
        .put("dtype", "float32")
        .put("apply_b_dec_to_input", false)
        .put("normalize_activations", "none")
        .put("reshape_activations", dictionary.inputSite().endsWith("hook_z") ? "hook_z" : "none");
    config
        .putObject("metadata")
        .put("hook_name", dictionary.inputSite())
        .put("hook_name_out", dictionary.outputSite());
    return config;
  }

  static Dictionary load(Path folder) {
    Path configFile = folder.resolve(CONFIG);
    JsonNode config = Json.read(configFile);
    String architecture = config.path("architecture").asText("standard");
    checkArchitecture(configFile, architecture);
    String normalization = config.path("normalize_activations").asText("none");
    if (!normalization.equals("none")) {
      throw unknown(
          configFile, "normalize_activations", normalization, "none; fold the scale in first");
    }
    if (config.path("rescale_acts_by_decoder_norm").asBoolean(false)) {
      throw unknown(configFile, "rescale_acts_by_decoder_norm", "true", "false");
    }
    Path weightsFile = folder.resolve(WEIGHTS);
    try (Scope scope = Scope.open();
        TensorSource source = Safetensors.open(weightsFile)) {
      Tensor encoder = matrix(weightsFile, source, "W_enc").t().contiguous();
      Tensor decoder = matrix(weightsFile, source, "W_dec");
      long features = encoder.size(0);
      Tensor encoderBias =
          architecture.equals("gated")
              ? Tensor.zeros(features)
              : vector(weightsFile, source, "b_enc", features);
      Tensor decoderBias = vector(weightsFile, source, "b_dec", decoder.size(1));
      if (decoder.size(0) != encoder.size(0)) {
        throw fault(
            weightsFile,
            "an encoder of %d and a decoder of %d features"
                .formatted(encoder.size(0), decoder.size(0)),
            "equally many");
      }
      Activation activation =
          activation(architecture, configFile, config, weightsFile, source, features);
      JsonNode metadata = config.path("metadata");
      String input = name(metadata, config, "hook_name", "");
      boolean centred =
          config.path("apply_b_dec_to_input").asBoolean(false)
              && encoder.size(1) == decoder.size(1);
      if (centred) {
        // W (x - b_dec) + b = W x + (b - W b_dec)
        Tensor shift = decoderBias.linear(encoder, null).neg();
        if (activation instanceof Activation.Gated gated) {
          activation = gated.shifted(shift);
        } else {
          encoderBias = encoderBias.add(shift);
        }
      }
      activation.vectors().values().forEach(scope::keep);
      return new Dictionary(
          scope.keep(encoder),
          scope.keep(encoderBias),
          scope.keep(decoder),
          scope.keep(decoderBias),
          activation,
          input,
          name(metadata, config, "hook_name_out", input));
    }
  }

  private static void checkArchitecture(Path file, String architecture) {
    if (!ARCHITECTURES.contains(architecture)) {
      throw unknown(file, "architecture", architecture, "one of " + ARCHITECTURES);
    }
  }

  private static Activation activation(
      String architecture,
      Path configFile,
      JsonNode config,
      Path weightsFile,
      TensorSource source,
      long features) {
    return switch (architecture) {
      case "topk" -> {
        int k = config.path("k").asInt(0);
        if (k < 1) {
          throw unknown(configFile, "k", config.path("k").toString(), "a number from 1");
        }
        if (k > features) {
          throw unknown(configFile, "k", "" + k, "at most the " + features + " features");
        }
        yield new Activation.TopK(k);
      }
      case "gated" ->
          new Activation.Gated(
              vector(weightsFile, source, "b_gate", features),
              vector(weightsFile, source, "r_mag", features),
              vector(weightsFile, source, "b_mag", features));
      case "jumprelu" -> {
        Tensor threshold = vector(weightsFile, source, "threshold", features);
        if (threshold.min().item() < 0) {
          throw fault(
              weightsFile,
              "a threshold of " + threshold.min().item(),
              "thresholds that are at least 0");
        }
        yield new Activation.JumpRelu(threshold);
      }
      default -> new Activation.Relu();
    };
  }

  private static String name(JsonNode metadata, JsonNode config, String key, String otherwise) {
    String inMetadata = metadata.path(key).asText("");
    String name = inMetadata.isEmpty() ? config.path(key).asText("") : inMetadata;
    return name.isEmpty() ? otherwise : name;
  }

  private static Tensor matrix(Path file, TensorSource source, String name) {
    RawTensor raw = raw(file, source, name);
    if (raw.rank() != 2 || raw.elements() == 0) {
      throw fault(file, name + " of the shape " + Arrays.toString(raw.shape()), "a matrix");
    }
    return finite(file, name, Tensor.of(raw.toFloats(), raw.shape()));
  }

  private static Tensor vector(Path file, TensorSource source, String name, long length) {
    RawTensor raw = raw(file, source, name);
    if (raw.rank() != 1 || raw.elements() != length) {
      throw fault(
          file, name + " of the shape " + Arrays.toString(raw.shape()), length + " numbers");
    }
    return finite(file, name, Tensor.of(raw.toFloats(), length));
  }

  private static Tensor finite(Path file, String name, Tensor tensor) {
    if (!Double.isFinite(tensor.sum().item())) {
      throw fault(file, name + " with values that are not finite", "finite numbers");
    }
    return tensor;
  }

  private static RawTensor raw(Path file, TensorSource source, String name) {
    if (!source.names().contains(name)) {
      throw fault(file, "the arrays " + source.names(), name + " among them");
    }
    RawTensor raw = source.get(name);
    if (raw.dtype().kind() != org.lapidary.tensor.DType.Kind.FLOAT) {
      throw fault(file, name + " of " + raw.dtype(), "floating-point numbers");
    }
    return raw;
  }

  private static FormatException unknown(Path file, String key, String value, String expected) {
    return fault(file, key + " " + FormatException.quote(value), expected);
  }

  private static FormatException fault(Path file, String found, String expected) {
    return new FormatException(
        file.toString(),
        FormatException.NOWHERE,
        found,
        expected,
        "save the dictionary again in a form that is known");
  }
}
