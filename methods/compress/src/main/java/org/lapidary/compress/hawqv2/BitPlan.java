package org.lapidary.compress.hawqv2;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The width of every layer's weights and activations.
 *
 * @param widths by layer path, in order
 */
public record BitPlan(Map<String, Widths> widths) {

  /** The width of activations that stay as they are. */
  public static final int FLOAT = 32;

  /** Bits of the weights and of the activations that a layer reads. */
  public record Widths(int weights, int activations) {}

  public BitPlan {
    widths = Collections.unmodifiableMap(new LinkedHashMap<>(widths));
  }

  /** The same widths everywhere. */
  public static BitPlan uniform(Iterable<LayerSensitivity> layers, int weights, int activations) {
    Map<String, Widths> all = new LinkedHashMap<>();
    layers.forEach(l -> all.put(l.path(), new Widths(weights, activations)));
    return new BitPlan(all);
  }

  /** The widths of one layer. */
  public Widths of(String path) {
    Widths found = widths.get(path);
    if (found == null) {
      throw new IllegalArgumentException(
          "the plan has no layer '%s'; it has %s".formatted(path, widths.keySet()));
    }
    return found;
  }
}
