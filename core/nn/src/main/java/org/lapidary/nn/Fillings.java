package org.lapidary.nn;

import java.util.Map;

/**
 * Layers that fit the slots of both backbones, by name. A module offers its own by naming an
 * implementation in {@code META-INF/services/org.lapidary.nn.Fillings}.
 */
public interface Fillings {

  /** Makes the layer for one block. */
  interface Maker {
    /**
     * The layer of one block.
     *
     * @param size the whole number after a colon in the filling's name, as in {@code pool:3}; 0
     *     where there is none
     */
    Layer make(BlockConfig config, int index, int size);
  }

  /** Layers that are {@link TokenMixer}s. */
  default Map<String, Maker> tokenMixers() {
    return Map.of();
  }

  /** Layers that are {@link UnaryLayer}s over [..., dModel]. */
  default Map<String, Maker> channelMixers() {
    return Map.of();
  }
}
