package org.lapidary.nn;

import java.util.Map;

/**
 * What a model is, apart from its parameters. A record of settings that can build the layer tree.
 */
public interface ModelConfig {
  /** The family's name, such as {@code llama} or {@code vit}. */
  String family();

  /** A layer tree of this configuration with undrawn parameters. */
  Layer build();

  /** What to show of it, in order: names and values. */
  Map<String, Object> summary();
}
