package org.lapidary.train;

import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.lapidary.io.Home;
import org.lapidary.io.RawTensor;
import org.lapidary.io.Safetensors;
import org.lapidary.io.TensorSource;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Tensor;

/**
 * Trained parameters that several experiments share, kept on disk under a key made of all that they
 * follow from: configuration, data, settings and seed, and the parameters before the training, so
 * that who changes how weights are drawn trains anew. {@code LAPIDARY_HOME} (by default {@code
 * ~/.cache/lapidary}) holds them; deleting them costs time only.
 */
public final class Fixtures {
  private Fixtures() {}

  /** Raise it when a change of the trainer or a layer changes what training gives. */
  private static final String VERSION = "1";

  /** The folder that keeps what can be computed again. */
  public static Path home() {
    return Home.path();
  }

  /**
   * Fills a layer tree with the parameters kept under a key, or trains it and keeps them.
   *
   * @param layer as it is before the training
   * @param key everything else the result depends on, in words
   * @param train trains the layer in place
   */
  public static void train(Layer layer, String key, Consumer<Layer> train) {
    train(home().resolve("fixtures"), layer, key, train);
  }

  static void train(Path folder, Layer layer, String words, Consumer<Layer> train) {
    Map<String, Parameter> state = layer.state();
    String key = words + "\nfrom " + fingerprint(state);
    Path file = folder.resolve(hash(VERSION + "\n" + key) + ".safetensors");
    if (Files.exists(file)) {
      try (TensorSource source = Safetensors.open(file)) {
        if (source.names().equals(state.keySet()) && key.equals(source.metadata().get("key"))) {
          state.forEach((name, p) -> {
            RawTensor raw = source.get(name);
            p.set(Tensor.from(raw.data(), raw.dtype(), raw.shape()));
          });
          return;
        }
      }
    }
    train.accept(layer);
    Map<String, RawTensor> tensors = new LinkedHashMap<>();
    state.forEach((name, p) ->
        tensors.put(
            name,
            new RawTensor(p.tensor().dtype(), p.tensor().shape().toArray(), p.tensor().segment())));
    try {
      Files.createDirectories(file.getParent());
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    Safetensors.write(file, tensors, Map.of("key", key));
  }

  /** The first digits of a hash of all parameters. */
  private static String fingerprint(Map<String, Parameter> state) {
    StringBuilder all = new StringBuilder();
    state.forEach((name, p) ->
        all.append(name)
            .append(p.tensor().dtype())
            .append(p.tensor().shape())
            .append(hash(p.tensor().segment().toArray(ValueLayout.JAVA_BYTE))));
    return hash(all.toString()).substring(0, 16);
  }

  /** The SHA-256 of a text, as hexadecimal digits. */
  public static String hash(String text) {
    return hash(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The SHA-256 of bytes, as hexadecimal digits. */
  public static String hash(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
