package org.lapidary.io.model;

import java.util.List;
import java.util.Map;
import org.lapidary.nn.ModelConfig;

/**
 * A published family of models: its configuration and the names of its tensors.
 *
 * @param <C> our configurations of it
 */
interface Family<C extends ModelConfig> {

  /** The class of our configurations. */
  Class<C> configs();

  /** Our configuration of a {@code config.json}. */
  C read(Settings json);

  /** The {@code config.json} of our configuration. */
  Map<String, Object> write(C config);

  /** The tensors of a model of this family. */
  List<Mapping> mappings(C config);

  /** About how many weights a configuration claims; asked before anything is allocated. */
  double weights(C config);

  /** Heads whose rows are interleaved in {@link Mapping.Layout#PER_HEAD}. */
  default int heads(C config) {
    return 1;
  }

  /** A prefix that some files leave out, such as {@code transformer.}; empty if there is none. */
  default String optionalPrefix() {
    return "";
  }

  /** Whether a tensor that this family does not read may lie in a file. */
  default boolean harmless(String tensor, C config) {
    return false;
  }
}
