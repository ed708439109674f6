package org.lapidary.kernels;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width of every kernel, fixed when the class loads so that the compiler sees a
 * constant: what the processor prefers, or {@code -Dlapidary.vectorBits=128|256|512}. Our tests run
 * at all three.
 */
final class Lanes {
  /** Values lie in segments as little endian. */
  static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  static final VectorSpecies<Float> FLOAT = species();

  static final VectorSpecies<Integer> INT = FLOAT.withLanes(int.class);

  /** A short for every float. */
  static final VectorSpecies<Short> SHORT =
      VectorSpecies.of(short.class, VectorShape.forBitSize(FLOAT.vectorBitSize() / 2));

  /** A byte for every float; of 128 bits of floats it is twice as many, the narrowest there are. */
  static final VectorSpecies<Byte> BYTE =
      VectorSpecies.of(
          byte.class, VectorShape.forBitSize(Math.max(64, FLOAT.vectorBitSize() / Float.BYTES)));

  /** Floats in one vector. */
  static final int COUNT = FLOAT.length();

  private Lanes() {}

  private static VectorSpecies<Float> species() {
    String bits = System.getProperty("lapidary.vectorBits", "");
    return switch (bits) {
      case "" -> FloatVector.SPECIES_PREFERRED;
      case "128", "256", "512" ->
          VectorSpecies.of(float.class, VectorShape.forBitSize(Integer.parseInt(bits)));
      default ->
          throw new IllegalArgumentException(
              "lapidary.vectorBits is '" + bits + "'; use 128, 256 or 512, or leave it out");
    };
  }
}
