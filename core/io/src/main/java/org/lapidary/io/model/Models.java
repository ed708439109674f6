package org.lapidary.io.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lapidary.io.FormatException;
import org.lapidary.io.Llama2c;
import org.lapidary.io.Llama2cTokens;
import org.lapidary.io.RawTensor;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.nn.ModelConfig;
import org.lapidary.nn.Parameter;
import org.lapidary.nn.Rope;
import org.lapidary.nn.Tokenizer;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** Opens trained models of any supported format. */
public final class Models {
  private Models() {}

  private static final String CHECK = "check the path";

  /**
   * Opens a Hugging Face folder or a llama2.c {@code .bin} file (with its tokenizer beside it as
   * {@code tokenizer.bin} or {@code tok<vocab>.bin}).
   *
   * @throws FormatException naming the file, what was wrong in it, and what to do
   */
  public static Model load(Path path) {
    if (Files.isDirectory(path)) {
      if (Files.exists(path.resolve("config.json"))) {
        return HuggingFace.load(path);
      }
      throw fault(
          path,
          "a folder without config.json",
          "a Hugging Face model folder",
          llama2cIn(path)
              .map(file -> "it holds a llama2.c model, give that file: " + file)
              .orElse(CHECK));
    }
    if (!Files.exists(path)) {
      throw fault(
          path, "nothing there", "a Hugging Face model folder or a llama2.c .bin file", CHECK);
    }
    return llama2c(path);
  }

  /**
   * What a model is, read from {@code config.json} or a llama2.c header alone.
   *
   * @throws FormatException naming the file, what was wrong in it, and what to do
   */
  public static ModelConfig config(Path path) {
    if (Files.isDirectory(path)) {
      return HuggingFace.config(path);
    }
    try (Llama2c file = Llama2c.open(path)) {
      return config(file.config());
    }
  }

  private static DecoderConfig config(Llama2c.Config c) {
    return DecoderConfig.llama(
        c.vocab(),
        c.dim(),
        c.layers(),
        c.heads(),
        c.kvHeads(),
        c.hidden(),
        c.positions(),
        c.tied());
  }

  /**
   * Whether a path has the marks of a model: a folder with {@code config.json} and weights, or a
   * llama2.c file. Nothing but names and a header is read, and {@link #load} may still refuse it.
   */
  public static boolean looksLikeOne(Path path) {
    if (!Files.isDirectory(path)) {
      return isLlama2c(path);
    }
    if (!Files.isRegularFile(path.resolve("config.json"))) {
      return false;
    }
    try (Stream<Path> files = Files.list(path)) {
      return files.anyMatch(f -> f.toString().matches(".*\\.(safetensors|bin)(\\.index\\.json)?"));
    } catch (IOException | UncheckedIOException e) {
      return false;
    }
  }

  private static FormatException fault(Path path, String found, String expected, String remedy) {
    return new FormatException(path.toString(), FormatException.NOWHERE, found, expected, remedy);
  }

  private static Optional<Path> llama2cIn(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(Models::isLlama2c).sorted().findFirst();
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty(); // it only makes the message better
    }
  }

  private static boolean isLlama2c(Path file) {
    if (!file.toString().endsWith(".bin")) {
      return false;
    }
    try (Llama2c ignored = Llama2c.open(file)) {
      return true;
    } catch (FormatException e) {
      return false;
    }
  }

  private static Model llama2c(Path path) {
    try (Llama2c file = Llama2c.open(path);
        Scope scope = Scope.open()) {
      Llama2c.Config c = file.config();
      DecoderConfig config = config(c);
      Layer layer = config.build();
      Map<String, Parameter> parameters = layer.parameters();
      Map<String, String> whole = new LinkedHashMap<>();
      whole.put("tok_embeddings", "embed");
      whole.put("norm", "ln_final.weight");
      if (!c.tied()) {
        whole.put("output", "unembed.weight");
      }
      whole.forEach((theirs, ours) -> set(parameters, ours, HuggingFace.tensor(file.get(theirs))));
      Map<String, String> perLayer = new LinkedHashMap<>();
      perLayer.put("attention_norm", "ln1.weight");
      perLayer.put("wq", "attn.q.weight");
      perLayer.put("wk", "attn.k.weight");
      perLayer.put("wv", "attn.v.weight");
      perLayer.put("wo", "attn.o.weight");
      perLayer.put("ffn_norm", "ln2.weight");
      perLayer.put("w1", "mlp.gate.weight");
      perLayer.put("w2", "mlp.down.weight");
      perLayer.put("w3", "mlp.up.weight");
      for (var e : perLayer.entrySet()) {
        RawTensor raw = file.get(e.getKey());
        Tensor all = HuggingFace.tensor(raw);
        for (int i = 0; i < c.layers(); i++) {
          Tensor one = all.select(0, i);
          int heads =
              switch (e.getKey()) {
                case "wq" -> c.heads();
                case "wk" -> c.kvHeads();
                default -> 0;
              };
          set(
              parameters,
              "blocks." + i + "." + e.getValue(),
              heads == 0 ? one : halfSplit(one, heads));
        }
      }
      return new Model(config, layer, tokenizer(path, c.vocab()));
    }
  }

  private static void set(Map<String, Parameter> parameters, String path, Tensor value) {
    java.util.Objects.requireNonNull(parameters.get(path), path).set(value.copy());
  }

  /**
   * llama2.c turns neighbouring dimensions of a head together, we turn i and i + n/2 (see {@link
   * Rope}): the rows of each head are reordered, evens first.
   */
  private static Tensor halfSplit(Tensor w, int heads) {
    long rows = w.size(0) / heads;
    return w.reshape(heads, rows / 2, 2, w.size(1)).transpose(1, 2).reshape(w.shape());
  }

  private static @Nullable Tokenizer tokenizer(Path model, int vocab) {
    Path folder = model.toAbsolutePath().getParent();
    if (folder == null) {
      return null;
    }
    for (String name : List.of("tok" + vocab + ".bin", "tokenizer.bin")) {
      Path file = folder.resolve(name);
      if (Files.exists(file)) {
        return new Llama2cTokenizer(Llama2cTokens.read(file, vocab));
      }
    }
    return null;
  }
}
