package org.lapidary.io.model;

import java.util.List;
import java.util.Map;
import org.lapidary.nn.DecoderConfig;

/** A published family of decoders: its configuration and the names of its tensors. */
interface Family {

  /** Our configuration of a {@code config.json}. */
  DecoderConfig read(Settings json);

  /** The {@code config.json} of our configuration. */
  Map<String, Object> write(DecoderConfig config);

  /** The tensors of a model of this family. */
  List<Mapping> mappings(DecoderConfig config);

  /** A prefix that some files leave out, such as {@code transformer.}; empty if there is none. */
  default String optionalPrefix() {
    return "";
  }
}
