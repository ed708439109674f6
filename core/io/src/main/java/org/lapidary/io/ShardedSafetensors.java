package org.lapidary.io;

import static org.lapidary.io.FormatException.NOWHERE;
import static org.lapidary.io.FormatException.quote;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;

/**
 * A model in several safetensors files with an index {@code {"weight_map": {tensor: file}}}. Shards
 * are plain file names inside the index's folder.
 */
final class ShardedSafetensors implements TensorSource {
  private final Path index;
  private final SequencedMap<String, SafetensorsFile> placeOf;
  private final Map<String, SafetensorsFile> shards;

  private ShardedSafetensors(
      Path index,
      SequencedMap<String, SafetensorsFile> placeOf,
      Map<String, SafetensorsFile> shards) {
    this.index = index;
    this.placeOf = placeOf;
    this.shards = shards;
  }

  static ShardedSafetensors open(Path index) {
    SequencedMap<String, String> fileOf = weightMap(index);
    Map<String, SafetensorsFile> shards = new LinkedHashMap<>();
    SequencedMap<String, SafetensorsFile> placeOf = new LinkedHashMap<>();
    try {
      fileOf.forEach((tensor, file) -> {
        SafetensorsFile shard =
            shards.computeIfAbsent(file, name -> SafetensorsFile.open(inside(index, name)));
        if (!shard.names().contains(tensor)) {
          throw new FormatException(
              index.toString(),
              NOWHERE,
              quote(tensor) + " placed in " + file + ", which does not hold it",
              "an index that fits its shards",
              "index and shards come from different models: download them again");
        }
        placeOf.put(tensor, shard);
      });
    } catch (RuntimeException | Error e) {
      shards.values().forEach(SafetensorsFile::close);
      throw e;
    }
    return new ShardedSafetensors(index, placeOf, shards);
  }

  /** The index's map from tensor to file, its structure checked. */
  static SequencedMap<String, String> weightMap(FileBytes file) {
    JsonNode map = Json.parse(file).path("weight_map");
    if (!map.isObject()) {
      throw file.fault(0, "no object \"weight_map\"", "a safetensors index");
    }
    SequencedMap<String, String> fileOf = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      String name = entry.getValue().asText("");
      if (!entry.getValue().isTextual() || !isPlainName(name)) {
        throw file.fault(
            NOWHERE,
            "the shard " + quote(name) + " for " + quote(entry.getKey()),
            "a plain file name ending in .safetensors",
            "do not use this model: its index points outside its folder");
      }
      fileOf.put(entry.getKey(), name);
    }
    return fileOf;
  }

  private static SequencedMap<String, String> weightMap(Path index) {
    try (Arena arena = Arena.ofConfined()) {
      return weightMap(FileBytes.map(index, arena));
    }
  }

  private static boolean isPlainName(String name) {
    return name.endsWith(".safetensors")
        && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ')
        && !name.startsWith(".");
  }

  /**
   * The shard's real place. A link may only lead to the folder itself or, in a download cache of
   * Hugging Face (models--x/snapshots/commit), to the blobs of the same model.
   */
  private static Path inside(Path index, String name) {
    Path shard = index.resolveSibling(name);
    if (!Files.exists(shard)) {
      throw new FormatException(
          index.toString(),
          NOWHERE,
          "the shard " + quote(name) + ", which is not in the folder",
          "all shards beside the index",
          "download the missing file");
    }
    try {
      Path folder = index.toAbsolutePath().resolveSibling("").toRealPath();
      Path real = shard.toRealPath();
      Path parent = folder.getParent();
      boolean cached =
          parent != null
              && parent.endsWith("snapshots")
              && real.startsWith(parent.resolveSibling("blobs"));
      if (!cached && !folder.equals(real.getParent())) {
        throw new FormatException(
            index.toString(),
            NOWHERE,
            "the shard " + quote(name) + ", a link to " + real,
            "a file inside " + folder,
            "copy the shard into the folder if you trust it");
      }
      return real;
    } catch (IOException e) {
      throw new UncheckedIOException(
          new IOException("cannot read " + shard + ": " + AtomicFiles.reason(e), e));
    }
  }

  @Override
  public SequencedSet<String> names() {
    return Collections.unmodifiableSequencedSet(new LinkedHashSet<>(placeOf.keySet()));
  }

  @Override
  public RawTensor get(String name) {
    SafetensorsFile shard = placeOf.get(name);
    if (shard == null) {
      throw new IllegalArgumentException(index + " has no tensor " + quote(name));
    }
    return shard.get(name);
  }

  @Override
  public Map<String, String> metadata() {
    return shards.isEmpty() ? Map.of() : shards.values().iterator().next().metadata();
  }

  @Override
  public void close() {
    shards.values().forEach(SafetensorsFile::close);
  }
}
