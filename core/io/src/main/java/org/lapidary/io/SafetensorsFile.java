package org.lapidary.io;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;

/** One open safetensors file, mapped: an array is read from disk when it is looked at. */
public final class SafetensorsFile implements TensorSource {
  private final Arena arena;
  private final String file;
  private final SequencedMap<String, RawTensor> tensors;
  private final Map<String, String> metadata;

  private SafetensorsFile(Arena arena, FileBytes bytes) {
    SafetensorsHeader header = SafetensorsHeader.read(bytes);
    this.arena = arena;
    this.file = bytes.file();
    this.tensors = header.tensors();
    this.metadata = header.metadata();
  }

  static SafetensorsFile open(Path path) {
    Arena arena = Arena.ofShared();
    try {
      return new SafetensorsFile(arena, FileBytes.map(path, arena));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Checks and reads bytes already in memory. */
  static SafetensorsFile parse(FileBytes bytes) {
    return new SafetensorsFile(Arena.ofShared(), bytes);
  }

  @Override
  public SequencedSet<String> names() {
    return Collections.unmodifiableSequencedMap(tensors).sequencedKeySet();
  }

  @Override
  public RawTensor get(String name) {
    RawTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(file + " has no tensor " + FormatException.quote(name));
    }
    return tensor;
  }

  @Override
  public Map<String, String> metadata() {
    return metadata;
  }

  /** Ends the mapping; arrays of this file can no longer be read. */
  @Override
  public void close() {
    arena.close();
  }
}
