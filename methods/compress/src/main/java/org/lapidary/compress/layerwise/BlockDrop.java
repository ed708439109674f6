package org.lapidary.compress.layerwise;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.Map;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.Model;
import org.lapidary.nn.Parameter;

/** The comparator: the least important blocks are dropped altogether. */
public final class BlockDrop {
  private BlockDrop() {}

  /** A smaller decoder without the first {@code count} blocks of an order. */
  public static Model apply(Model model, int[] order, int count) {
    Decoder decoder = model.decoder();
    int[] kept = Arrays.stream(order).skip(count).sorted().toArray();
    var config = decoder.config().withLayers(kept.length);
    Model smaller = new Model(config, config.build(), model.tokenizer());
    Map<String, Parameter> from = decoder.state();
    smaller
        .layer()
        .state()
        .forEach((path, parameter) -> {
          String source = path;
          if (path.startsWith("blocks.")) {
            int block = Rounding.blockOf(path);
            source = path.replaceFirst("\\.\\d+\\.", "." + kept[block] + ".");
          }
          parameter.set(requireNonNull(from.get(source)).tensor().copy());
        });
    return smaller;
  }
}
