package org.lapidary.assay;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.compress.slim.Slimmer;
import org.lapidary.io.FormatException;
import org.lapidary.io.RawTensor;
import org.lapidary.io.Safetensors;
import org.lapidary.io.TensorSource;
import org.lapidary.io.model.Models;
import org.lapidary.kernels.PackedMatrix;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;

/** Packed matrices in one safetensors file: parts as bytes, their meaning in the metadata. */
public final class PackedFile {
  private PackedFile() {}

  /** Its name beside a slimmed model. */
  public static final String NAME = "packed.safetensors";

  /** Writes matrices by path. */
  public static void write(Path file, Map<String, PackedMatrix> matrices) {
    Map<String, RawTensor> tensors = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", "lapidary packed matrices 1");
    matrices.forEach((path, matrix) -> {
      matrix.meta().forEach((key, value) -> metadata.put(path + "|" + key, value));
      matrix
          .parts()
          .forEach((name, bytes) ->
              tensors.put(
                  path + "|" + name,
                  new RawTensor(DType.UINT8, new long[] {bytes.byteSize()}, bytes)));
    });
    Safetensors.write(file, tensors, metadata);
  }

  /**
   * Opens a slimmed model's folder with its packed matrices, which the kernels run, in the place of
   * the dense ones.
   *
   * @throws FormatException if the folder is no model or holds no packed matrices, or they are of
   *     another
   */
  public static Model model(Path folder) {
    Path file = folder.resolve(NAME);
    if (!Files.exists(file)) {
      throw new FormatException(
          folder.toString(),
          FormatException.NOWHERE,
          "no " + NAME,
          "the model folder of an assay",
          "leave --packed away, or run an assay of this model first");
    }
    Model dense = Models.load(folder);
    Map<String, PackedMatrix> matrices = read(file);
    if (!matrices.keySet().equals(BlockMatrices.of(dense).keySet())) {
      throw new FormatException(
          file.toString(),
          FormatException.NOWHERE,
          "matrices " + matrices.keySet(),
          "those of the model beside it",
          "run the assay again");
    }
    return Slimmer.pack(dense, matrices);
  }

  /**
   * Reads matrices.
   *
   * @throws FormatException if a part is missing or does not fit its description
   */
  public static Map<String, PackedMatrix> read(Path file) {
    try (TensorSource source = Safetensors.open(file)) {
      Map<String, Map<String, MemorySegment>> parts = new HashMap<>();
      Map<String, Map<String, String>> meta = new HashMap<>();
      for (String name : source.names()) {
        int bar = name.indexOf('|');
        if (bar > 0) {
          byte[] copy = source.get(name).data().toArray(ValueLayout.JAVA_BYTE);
          parts
              .computeIfAbsent(name.substring(0, bar), k -> new HashMap<>())
              .put(name.substring(bar + 1), MemorySegment.ofArray(copy));
        }
      }
      source
          .metadata()
          .forEach((key, value) -> {
            int bar = key.indexOf('|');
            if (bar > 0) {
              meta.computeIfAbsent(key.substring(0, bar), k -> new HashMap<>())
                  .put(key.substring(bar + 1), value);
            }
          });
      Map<String, PackedMatrix> matrices = new LinkedHashMap<>();
      for (String path : new TreeSet<>(parts.keySet())) {
        try {
          matrices.put(
              path,
              PackedMatrix.of(
                  meta.getOrDefault(path, Map.of()), parts.getOrDefault(path, Map.of())));
        } catch (IllegalArgumentException e) {
          throw new FormatException(
              file.toString(),
              FormatException.NOWHERE,
              path + ": " + e.getMessage(),
              "a packed matrix",
              "run the assay again");
        }
      }
      return matrices;
    }
  }
}
