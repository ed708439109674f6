package org.lapidary.io;

import java.util.Map;
import java.util.SequencedSet;

/**
 * Named arrays in an open file. The arrays may look into the mapped file: use them before close.
 */
public interface TensorSource extends AutoCloseable {

  /** The names, in the file's order. */
  SequencedSet<String> names();

  /**
   * One array, without reading the others.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  RawTensor get(String name);

  /** What the file says of itself in free text; often nothing. */
  default Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  void close();
}
