package org.lapidary.nn;

import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.Tensor;

/**
 * What a token mixer knows of the positions besides their activations.
 *
 * @param cache keys and values of earlier tokens, or null
 * @param height rows of the grid whose cells the positions are, row by row; 0 where they are a
 *     sequence
 * @param width columns of that grid
 * @param padding BOOL [batch, position], true at positions that nobody may see, or null
 */
public record Positions(@Nullable KvCache cache, int height, int width, @Nullable Tensor padding) {

  /** All positions of a sequence at once. */
  public static Positions sequence() {
    return new Positions(null, 0, 0, null);
  }

  /** Positions that follow those in a cache. */
  public static Positions following(@Nullable KvCache cache) {
    return new Positions(cache, 0, 0, null);
  }

  /** The cells of a grid, row by row. */
  public static Positions grid(int height, int width) {
    return new Positions(null, height, width, null);
  }
}
