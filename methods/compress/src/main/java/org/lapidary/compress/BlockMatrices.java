package org.lapidary.compress;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;

/**
 * The matrices that compression works on: the linear layers inside the blocks, not embeddings,
 * norms or the unembedding.
 */
public final class BlockMatrices {
  private BlockMatrices() {}

  /** By path, such as {@code blocks.0.attn.q}, in order of computation. */
  public static Map<String, Linear> of(Model model) {
    Map<String, Linear> found = new LinkedHashMap<>();
    model
        .layer()
        .all(Linear.class)
        .forEach((path, linear) -> {
          if (path.startsWith("blocks.")) {
            found.put(path, linear);
          }
        });
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          "this %s has no dense matrices inside blocks; packed ones are compressed already"
              .formatted(model.config().family()));
    }
    return found;
  }

  /** The matrices of one block. */
  public static Map<String, Linear> ofBlock(Decoder decoder, int block) {
    Map<String, Linear> found = new LinkedHashMap<>();
    decoder
        .blocks()
        .get(block)
        .all(Linear.class)
        .forEach((path, linear) -> found.put("blocks." + block + "." + path, linear));
    return found;
  }

  /** Weights in all matrices. */
  public static long weights(Model model) {
    return of(model).values().stream().mapToLong(l -> (long) l.in() * l.out()).sum();
  }
}
