package org.lapidary.compress.layerwise;

import static java.util.Objects.requireNonNull;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.compress.Gptq;
import org.lapidary.compress.InputStatistics;
import org.lapidary.compress.Quantized;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Every block of a model rounded to every width once, with the statistics of the unrounded model,
 * so that many plans can be looked at quickly.
 */
final class RoundedBlocks {
  private final Model model;
  private final Map<Integer, Map<String, Tensor>> byWidth = new LinkedHashMap<>();

  RoundedBlocks(
      Model model,
      Rounding rounding,
      List<Integer> widths,
      int group,
      Map<String, InputStatistics> statistics) {
    this.model = model;
    for (int width : widths) {
      Map<String, Tensor> rounded = new LinkedHashMap<>();
      BlockMatrices.of(model)
          .forEach((path, linear) -> {
            try (Scope scope = Scope.open()) {
              Tensor w = linear.weight().tensor();
              Quantized quantized =
                  switch (rounding) {
                    case NEAREST -> Quantized.roundToNearest(w, width, group);
                    case GPTQ ->
                        Gptq.round(w, requireNonNull(statistics.get(path)), null, width, group);
                  };
              rounded.put(path, scope.keep(quantized.dequantize()).unscoped());
            }
          });
      byWidth.put(width, rounded);
    }
  }

  /** The model with every block at its planned width. */
  Model at(BlockPlan plan) {
    Model rounded = model.copy();
    BlockMatrices.of(rounded)
        .forEach((path, linear) -> {
          int width = plan.bits()[Rounding.blockOf(path)];
          Tensor w = requireNonNull(requireNonNull(byWidth.get(width)).get(path));
          linear.weight().set(w.copy());
        });
    return rounded;
  }
}
