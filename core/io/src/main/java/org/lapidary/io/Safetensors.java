package org.lapidary.io;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The safetensors format: a JSON header and raw little-endian arrays, in one file or in shards with
 * an index. Reads F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL and C64.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">the format</a>
 */
public final class Safetensors {
  /** The usual name of a model's only file. */
  public static final String SINGLE = "model.safetensors";

  /** The usual name of the index of a model in shards. */
  public static final String INDEX = "model.safetensors.index.json";

  private Safetensors() {}

  /**
   * Opens a .safetensors file, the index of a sharded model, or a folder that holds either.
   *
   * @throws FormatException if what is there is not sound
   * @throws UncheckedIOException if nothing readable is there
   */
  public static TensorSource open(Path path) {
    if (Files.isDirectory(path)) {
      Path index = path.resolve(INDEX);
      return open(Files.exists(index) ? index : path.resolve(SINGLE));
    }
    return String.valueOf(path.getFileName()).endsWith(".json")
        ? ShardedSafetensors.open(path)
        : SafetensorsFile.open(path);
  }

  /**
   * Writes one file, whole or not at all. Arrays are laid out by falling element width, then by
   * name, so that each is aligned and equal content gives equal bytes.
   *
   * @param metadata free text about the file, perhaps empty; Hugging Face tools want {@code
   *     {"format": "pt"}}
   * @throws IllegalArgumentException if an element type has no name in the format
   * @throws UncheckedIOException if it cannot be written
   */
  public static void write(
      Path path, Map<String, RawTensor> tensors, Map<String, String> metadata) {
    SequencedMap<String, RawTensor> sorted = sort(tensors);
    byte[] header = header(sorted, metadata);
    ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    length.putLong(header.length).flip();
    AtomicFiles.write(
        path,
        out -> {
          AtomicFiles.writeFully(out, length);
          AtomicFiles.writeFully(out, ByteBuffer.wrap(header));
          for (RawTensor tensor : sorted.values()) {
            AtomicFiles.writeFully(out, tensor.data());
          }
        });
  }

  /**
   * Writes shards and their index into a folder, or a single file if one shard is enough. A shard
   * holds more than {@code maxShardBytes} only if one array alone does.
   *
   * @return the files written, the index last
   */
  public static List<Path> writeFolder(
      Path folder,
      Map<String, RawTensor> tensors,
      Map<String, String> metadata,
      long maxShardBytes) {
    List<SequencedMap<String, RawTensor>> shards = cut(tensors, maxShardBytes);
    if (shards.size() == 1) {
      Path single = folder.resolve(SINGLE);
      write(single, shards.getFirst(), metadata);
      return List.of(single);
    }
    List<Path> written = new ArrayList<>();
    ObjectNode index = JsonNodeFactory.instance.objectNode();
    long total = 0;
    ObjectNode places = JsonNodeFactory.instance.objectNode();
    for (int i = 0; i < shards.size(); i++) {
      String name = String.format("model-%05d-of-%05d.safetensors", i + 1, shards.size());
      write(folder.resolve(name), shards.get(i), metadata);
      written.add(folder.resolve(name));
      for (Map.Entry<String, RawTensor> entry : shards.get(i).entrySet()) {
        places.put(entry.getKey(), name);
        total += entry.getValue().data().byteSize();
      }
    }
    index.putObject("metadata").put("total_size", total);
    index.set("weight_map", places);
    Json.write(folder.resolve(INDEX), index);
    written.add(folder.resolve(INDEX));
    return written;
  }

  private static List<SequencedMap<String, RawTensor>> cut(
      Map<String, RawTensor> tensors, long maxShardBytes) {
    List<SequencedMap<String, RawTensor>> shards = new ArrayList<>();
    SequencedMap<String, RawTensor> shard = new LinkedHashMap<>();
    long bytes = 0;
    for (Map.Entry<String, RawTensor> entry : tensors.entrySet()) {
      long size = entry.getValue().data().byteSize();
      if (!shard.isEmpty() && size > maxShardBytes - bytes) {
        shards.add(shard);
        shard = new LinkedHashMap<>();
        bytes = 0;
      }
      shard.put(entry.getKey(), entry.getValue());
      bytes += size;
    }
    shards.add(shard);
    return shards;
  }

  private static SequencedMap<String, RawTensor> sort(Map<String, RawTensor> tensors) {
    SequencedMap<String, RawTensor> sorted = new LinkedHashMap<>();
    tensors.entrySet().stream()
        .sorted(
            Comparator.<Map.Entry<String, RawTensor>>comparingInt(
                    e -> -e.getValue().dtype().bytes())
                .thenComparing(Map.Entry::getKey))
        .forEach(e -> sorted.put(e.getKey(), e.getValue()));
    return sorted;
  }

  /** The header's JSON, padded with spaces so that the data start at a multiple of 8. */
  private static byte[] header(
      SequencedMap<String, RawTensor> tensors, Map<String, String> metadata) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    if (!metadata.isEmpty()) {
      ObjectNode texts = json.putObject(SafetensorsHeader.METADATA);
      metadata.forEach(texts::put);
    }
    long next = 0;
    for (Map.Entry<String, RawTensor> entry : tensors.entrySet()) {
      RawTensor tensor = entry.getValue();
      String dtype = SafetensorsHeader.nameOf(tensor.dtype());
      if (dtype == null || entry.getKey().equals(SafetensorsHeader.METADATA)) {
        throw new IllegalArgumentException(
            "safetensors cannot hold " + entry.getKey() + " of " + tensor.dtype());
      }
      ObjectNode node = json.putObject(entry.getKey()).put("dtype", dtype);
      Arrays.stream(tensor.shape()).forEach(node.putArray("shape")::add);
      long end = next + tensor.data().byteSize();
      node.putArray("data_offsets").add(next).add(end);
      next = end;
    }
    byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(text, (text.length + 7) / 8 * 8);
    Arrays.fill(padded, text.length, padded.length, (byte) ' ');
    return padded;
  }

  /** Reads a file already in memory. */
  static TensorSource parse(FileBytes bytes) {
    return SafetensorsFile.parse(bytes);
  }

  /** Reads a file already in memory; the arrays look into {@code bytes}. */
  public static TensorSource parse(String name, MemorySegment bytes) {
    return parse(new FileBytes(name, bytes));
  }
}
