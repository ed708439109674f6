package org.lapidary.io.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.lapidary.io.AtomicFiles;
import org.lapidary.io.AtomicFolder;
import org.lapidary.io.FormatException;
import org.lapidary.io.Json;
import org.lapidary.io.RawTensor;
import org.lapidary.io.Safetensors;
import org.lapidary.io.TensorSource;
import org.lapidary.io.TorchCheckpoint;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.MetaFormerConfig;
import org.lapidary.nn.Model;
import org.lapidary.nn.ModelConfig;
import org.lapidary.nn.Nearest;
import org.lapidary.nn.Parameter;
import org.lapidary.nn.Rope;
import org.lapidary.nn.Tokenizer;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Folders in the layout of Hugging Face: {@code config.json}, safetensors (one or several files) or
 * {@code pytorch_model.bin}, {@code tokenizer.json}.
 */
public final class HuggingFace {
  private HuggingFace() {}

  private static final Map<String, Family<?>> FAMILIES = new TreeMap<>();

  static {
    FAMILIES.put("gpt2", new Gpt2Family());
    FAMILIES.put("gpt_neox", new NeoxFamily());
    FAMILIES.put("phi", new PhiFamily());
    FAMILIES.put("bert", new BertFamily());
    FAMILIES.put("vit", new VitFamily());
    FAMILIES.put("poolformer", new PoolFormerFamily());
    FAMILIES.put("mlp-mixer", new MixerFamily());
    FAMILIES.put(MetaFormerFamily.TYPE, new MetaFormerFamily());
    for (String type : List.of("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "phi3")) {
      FAMILIES.put(type, new LlamaFamily(type));
    }
  }

  /**
   * Opens a model.
   *
   * @throws FormatException naming the file, what was wrong in it, and what to do
   */
  public static Model load(Path folder) {
    Settings json = settings(folder);
    return open(family(json), json, folder);
  }

  /**
   * What a model is by its {@code config.json}; its weights are not looked at.
   *
   * @throws FormatException naming the file, what was wrong in it, and what to do
   */
  public static ModelConfig config(Path folder) {
    Settings json = settings(folder);
    return read(family(json), json);
  }

  private static Settings settings(Path folder) {
    Path file = folder.resolve("config.json");
    return new Settings(file, Json.read(file));
  }

  private static Family<?> family(Settings json) {
    String type = json.text("model_type", "");
    Family<?> family = FAMILIES.get(type);
    if (family == null) {
      throw json.fault(
          "model_type \"" + type + "\"",
          "one of "
              + FAMILIES.keySet()
              + " (nearest: "
              + Nearest.names(type, FAMILIES.keySet(), 1).getFirst()
              + ")");
    }
    return family;
  }

  private static <C extends ModelConfig> C read(Family<C> family, Settings json) {
    try {
      return family.read(json);
    } catch (IllegalArgumentException e) {
      throw json.fault(String.valueOf(e.getMessage()), "settings that fit together");
    }
  }

  private static <C extends ModelConfig> Model open(Family<C> family, Settings json, Path folder) {
    C config = read(family, json);
    Layer layer;
    try (TensorSource source = weights(folder)) {
      checkSize(family.weights(config), source, json.file());
      layer = build(config, json);
      fill(layer, config, family, source, folder);
    }
    Tokenizer tokenizer = config instanceof DecoderConfig c ? tokenizer(folder, c) : null;
    return new Model(config, layer, tokenizer);
  }

  /** Some fillings of slots find only when they are made that they do not fit. */
  private static Layer build(ModelConfig config, Settings json) {
    try {
      return config.build();
    } catch (IllegalArgumentException e) {
      throw json.fault(String.valueOf(e.getMessage()), "settings that fit together");
    }
  }

  /** A configuration that claims more than the weights hold is refused before it is built. */
  private static void checkSize(double claimed, TensorSource source, Path file) {
    long held = 0;
    for (String name : source.names()) {
      held += source.get(name).elements();
    }
    if (claimed > 2.0 * held + 1e6) {
      throw new FormatException(
          file.toString(),
          FormatException.NOWHERE,
          "settings of a model with about %.0f weights".formatted(claimed),
          "the %d that the folder holds".formatted(held),
          "config.json and the weights are of different models");
    }
  }

  private static TensorSource weights(Path folder) {
    if (Files.exists(folder.resolve(Safetensors.SINGLE))
        || Files.exists(folder.resolve(Safetensors.INDEX))) {
      return Safetensors.open(folder);
    }
    Path torch = folder.resolve("pytorch_model.bin");
    if (Files.exists(torch)) {
      return TorchCheckpoint.open(torch);
    }
    throw new FormatException(
        folder.toString(),
        FormatException.NOWHERE,
        "no weights",
        Safetensors.SINGLE + ", " + Safetensors.INDEX + " or pytorch_model.bin",
        "check that the folder was downloaded whole");
  }

  private static <C extends ModelConfig> void fill(
      Layer layer, C config, Family<C> family, TensorSource source, Path folder) {
    Map<String, Parameter> parameters = layer.state();
    Set<String> unread = new LinkedHashSet<>(source.names());
    for (Mapping mapping : family.mappings(config)) {
      String name = find(mapping.theirs(), family, source);
      if (name == null) {
        throw new FormatException(
            folder.toString(),
            FormatException.NOWHERE,
            "no tensor " + mapping.theirs(),
            "one, nearest is " + Nearest.names(mapping.theirs(), source.names(), 1),
            "the weights are not those of this config.json");
      }
      unread.remove(name);
      try (Scope scope = Scope.open()) {
        List<Parameter> ours =
            mapping.ours().stream()
                .map(path -> java.util.Objects.requireNonNull(parameters.get(path), path))
                .toList();
        Tensor published = weight(source, name, unread, folder);
        List<Tensor> parts = cut(mapping, published, ours, family.heads(config), name, folder);
        for (int i = 0; i < parts.size(); i++) {
          ours.get(i).set(parts.get(i));
        }
      }
    }
    unread.removeIf(name -> family.harmless(name, config));
    if (!unread.isEmpty()) {
      throw new FormatException(
          folder.toString(),
          FormatException.NOWHERE,
          "tensors that a "
              + config.family()
              + " does not have: "
              + unread.stream().limit(5).toList(),
          "none but its own",
          "the weights are not those of this config.json");
    }
  }

  /** A weight as float32; one of int8 times the scales that lie beside it, by row or for all. */
  private static Tensor weight(TensorSource source, String name, Set<String> unread, Path folder) {
    Tensor stored = tensor(source.get(name));
    Tensor weight = stored.to(DType.FLOAT32);
    if (stored.dtype().kind() == DType.Kind.FLOAT) {
      return weight;
    }
    String scales = name + SCALE;
    Tensor scale =
        stored.dtype() == DType.INT8 && source.names().contains(scales)
            ? tensor(source.get(scales)).to(DType.FLOAT32)
            : null;
    if (scale == null || (scale.elements() != 1 && scale.elements() != weight.size(0))) {
      throw new FormatException(
          folder.toString(),
          FormatException.NOWHERE,
          "%s of type %s%s"
              .formatted(name, stored.dtype(), scale == null ? "" : " with scales " + scale.type()),
          "floats, or int8 with a float " + scales + " for every row",
          "export the model dequantised, or with symmetric int8 rows");
    }
    unread.remove(scales);
    long[] rows = new long[weight.rank()];
    java.util.Arrays.fill(rows, 1);
    rows[0] = scale.elements();
    return weight.mul(scale.reshape(rows));
  }

  private static List<Tensor> cut(
      Mapping mapping,
      Tensor published,
      List<Parameter> ours,
      int heads,
      String name,
      Path folder) {
    long[] expected = mapping.publishedShape(ours.stream().map(p -> p.tensor().shape()).toList());
    if (!java.util.Arrays.equals(published.shape().toArray(), expected)) {
      throw new FormatException(
          folder.toString(),
          FormatException.NOWHERE,
          name + " of shape " + published.shape(),
          java.util.Arrays.toString(expected) + " by config.json",
          "the weights are not those of this config.json");
    }
    return mapping.split(published, ours.stream().map(p -> p.tensor().size(0)).toList(), heads);
  }

  private static @Nullable String find(String theirs, Family<?> family, TensorSource source) {
    if (source.names().contains(theirs)) {
      return theirs;
    }
    String prefix = family.optionalPrefix();
    if (!prefix.isEmpty() && theirs.startsWith(prefix)) {
      String bare = theirs.substring(prefix.length());
      return source.names().contains(bare) ? bare : null;
    }
    return null;
  }

  static Tensor tensor(RawTensor raw) {
    return Tensor.from(raw.data(), raw.dtype(), raw.shape());
  }

  private static @Nullable Tokenizer tokenizer(Path folder, DecoderConfig config) {
    Path file = folder.resolve("tokenizer.json");
    if (!Files.exists(file)) {
      return null;
    }
    Tokenizer tokenizer = JsonTokenizer.load(file);
    if (tokenizer.vocab() > config.vocab()) {
      throw new FormatException(
          file.toString(),
          FormatException.NOWHERE,
          "a tokenizer with %d ids".formatted(tokenizer.vocab()),
          "at most the %d that the model's embedding has".formatted(config.vocab()),
          "put the tokenizer.json of this model beside its weights");
    }
    return tokenizer;
  }

  /** What the name of an int8 weight's scales ends with (compressed-tensors). */
  private static final String SCALE = "_scale";

  /** What config.json says of int8 rows, for tools that know compressed-tensors. */
  private static final Map<String, Object> INT8_ROWS =
      Map.of(
          "quant_method",
          "compressed-tensors",
          "format",
          "int-quantized",
          "ignore",
          List.of("lm_head"),
          "config_groups",
          Map.of(
              "group_0",
              Map.of(
                  "targets",
                  List.of("Linear"),
                  "weights",
                  Map.of("num_bits", 8, "type", "int", "symmetric", true, "strategy", "channel"))));

  /** Where Hugging Face begins a new shard. */
  private static final long SHARD = 5_000_000_000L;

  /**
   * How weights are written.
   *
   * @param dtype FLOAT32, FLOAT16, BFLOAT16, or INT8: the matrices of the blocks are then symmetric
   *     int8 with a float scale for each row as published, the rest stays float32 (the layout
   *     {@code int-quantized} of compressed-tensors)
   * @param shardBytes a file is at most so long, if no single tensor is longer
   */
  public record Form(DType dtype, long shardBytes) {
    private static final Set<DType> TYPES =
        Set.of(DType.FLOAT32, DType.FLOAT16, DType.BFLOAT16, DType.INT8);

    public static final Form FLOAT32 = new Form(DType.FLOAT32, SHARD);

    public Form {
      if (!TYPES.contains(dtype)) {
        throw new IllegalArgumentException(
            "weights are written as float32, float16, bfloat16 or int8, not "
                + dtype.toString().toLowerCase(Locale.ROOT));
      }
      if (shardBytes < 1) {
        throw new IllegalArgumentException("a shard has at least 1 byte, not " + shardBytes);
      }
    }

    public static Form of(DType dtype) {
      return new Form(dtype, SHARD);
    }

    boolean quantised() {
      return dtype == DType.INT8;
    }

    /** The element type of what is not quantised. */
    DType plain() {
      return quantised() ? DType.FLOAT32 : dtype;
    }
  }

  /** Writes a model in a form of its own, all or nothing. */
  public static void save(Model model, Path folder, Form form) {
    write(familyOf(model.config()), model, folder, form, ignored -> {});
  }

  /**
   * Writes a model so that Hugging Face tools read it; float32. Refuses a folder that is not empty.
   */
  public static void save(Model model, Path folder) {
    save(model, folder, ignored -> {});
  }

  /** Writes more files into the folder before it appears. */
  public interface More {
    void write(Path unfinished);
  }

  /** Writes a model and what goes with it, all or nothing. */
  public static void save(Model model, Path folder, More more) {
    write(familyOf(model.config()), model, folder, Form.FLOAT32, more);
  }

  private static <C extends ModelConfig> void write(
      Family<C> family, Model model, Path folder, Form form, More more) {
    C config = family.configs().cast(model.config());
    Map<String, Parameter> parameters = model.layer().state();
    Map<String, RawTensor> tensors = new LinkedHashMap<>();
    try (AtomicFolder target = AtomicFolder.create(folder);
        Scope scope = Scope.open()) {
      for (Mapping mapping : family.mappings(config)) {
        List<Tensor> parts = new ArrayList<>();
        for (String path : mapping.ours()) {
          Parameter p = parameters.get(path);
          if (p == null) {
            throw new IllegalArgumentException(
                "'" + path + "' is packed; export the dequantised model instead");
          }
          parts.add(p.value().detach());
        }
        Tensor joined = mapping.join(parts, family.heads(config));
        if (form.quantised() && isBlockMatrix(mapping, joined)) {
          Tensor scale = joined.abs().max(true, 1).div(127).maximum(Float.MIN_NORMAL);
          tensors.put(mapping.theirs(), raw(joined.div(scale).round().to(DType.INT8)));
          tensors.put(mapping.theirs() + SCALE, raw(scale));
        } else {
          tensors.put(mapping.theirs(), raw(joined.to(form.plain())));
        }
      }
      Path place = target.path();
      Safetensors.writeFolder(place, tensors, Map.of("format", "pt"), form.shardBytes());
      Map<String, Object> json = new LinkedHashMap<>(family.write(config));
      json.put("torch_dtype", form.plain().toString().toLowerCase(Locale.ROOT));
      if (form.quantised()) {
        json.put("quantization_config", INT8_ROWS);
      }
      Tokenizer tokenizer = model.tokenizer();
      if (tokenizer != null) {
        if (tokenizer.bos() != null) {
          json.put("bos_token_id", tokenizer.bos());
        }
        if (tokenizer.eos() != null) {
          json.put("eos_token_id", tokenizer.eos());
        }
        String text = tokenizer.json();
        if (text != null) {
          AtomicFiles.writeText(place.resolve("tokenizer.json"), text);
        }
      }
      Json.write(place.resolve("config.json"), new ObjectMapper().valueToTree(json));
      more.write(place);
      target.commit();
    }
  }

  private static boolean isBlockMatrix(Mapping mapping, Tensor published) {
    return published.rank() == 2
        && mapping.ours().stream().allMatch(p -> p.startsWith("blocks.") && p.endsWith(".weight"));
  }

  private static RawTensor raw(Tensor x) {
    Tensor dense = x.contiguous();
    return new RawTensor(dense.dtype(), dense.shape().toArray(), dense.segment());
  }

  private static Family<?> familyOf(ModelConfig config) {
    return switch (config) {
      case DecoderConfig c -> familyOf(c);
      case MetaFormerConfig c -> familyOf(c);
      default ->
          throw new IllegalArgumentException(
              "a "
                  + config.family()
                  + " has no layout of Hugging Face here; decoders and metaformers have");
    };
  }

  /** The published family where it says everything, else the house's own layout. */
  private static Family<?> familyOf(MetaFormerConfig config) {
    if (FAMILIES.get(config.family()) instanceof GridFamily published) {
      Settings json =
          new Settings(
              Path.of("config.json"), new ObjectMapper().valueToTree(published.write(config)));
      if (published.read(json).equals(config)) {
        return published;
      }
    }
    return java.util.Objects.requireNonNull(FAMILIES.get(MetaFormerFamily.TYPE));
  }

  private static Family<?> familyOf(DecoderConfig config) {
    if (FAMILIES.get(config.family()) instanceof DecoderFamily known) {
      return known;
    }
    // The house's own decoders are written as the family whose layout they have.
    if (config.positions().equals("learned")
        && config.mixer().equals("attention")
        && config.ends().equals(DecoderConfig.Ends.PLAIN)
        && config.placement().equals("pre")
        && config.norm().equals("layernorm")
        && config.mlp().equals("mlp")
        && config.biases().equals(DecoderConfig.Biases.ALL)
        && config.dHead() * config.heads() == config.dModel()) {
      return java.util.Objects.requireNonNull(FAMILIES.get("gpt2"));
    }
    throw new IllegalArgumentException(
        "a decoder with %s norm placed %s, %s positions, the mixers %s and %s has no published layout to be written in"
            .formatted(
                config.norm(),
                config.placement(),
                config.positions(),
                config.mixer(),
                config.mlp()));
  }

  /** The name of an activation as Hugging Face writes it. */
  static String activation(String ours) {
    return ours.equals("gelu_tanh") ? "gelu_new" : ours;
  }

  static Rope.@Nullable Scaling scaling(Settings json) {
    Settings s = json.object("rope_scaling");
    if (s == null) {
      s = json.object("rope_parameters");
    }
    if (s == null) {
      return null;
    }
    String type = s.text("rope_type", s.text("type", "default"));
    return switch (type) {
      case "default" -> null;
      case "linear" -> new Rope.LinearScaling(s.number("factor", 1));
      case "llama3" ->
          new Rope.Llama3Scaling(
              s.number("factor", 8),
              s.number("low_freq_factor", 1),
              s.number("high_freq_factor", 4),
              s.number("original_max_position_embeddings", 8192));
      default -> throw json.fault("rope scaling \"" + type + "\"", "default, linear or llama3");
    };
  }

  static void writeScaling(Map<String, Object> json, Rope rope) {
    switch (rope.scaling()) {
      case null -> {}
      case Rope.LinearScaling s ->
          json.put("rope_scaling", Map.of("rope_type", "linear", "factor", s.factor()));
      case Rope.Llama3Scaling s ->
          json.put(
              "rope_scaling",
              new TreeMap<>(
                  Map.of(
                      "rope_type", "llama3",
                      "factor", s.factor(),
                      "low_freq_factor", s.lowFrequencyFactor(),
                      "high_freq_factor", s.highFrequencyFactor(),
                      "original_max_position_embeddings", (long) s.originalContext())));
    }
  }
}
