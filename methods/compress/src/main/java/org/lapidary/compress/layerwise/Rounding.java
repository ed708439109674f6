package org.lapidary.compress.layerwise;

import static java.util.Objects.requireNonNull;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.compress.Gptq;
import org.lapidary.compress.InputStatistics;
import org.lapidary.compress.Quantized;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Scope;

/** How a matrix is rounded to a width, with one scale for each row and group of inputs. */
public enum Rounding {
  /** Every weight to its nearest multiple. */
  NEAREST,
  /** With the error made up for by the weights to come (GPTQ). */
  GPTQ;

  /**
   * A model with the whole numbers that its matrices stand for.
   *
   * @param matrices by path
   */
  public record Rounded(Model model, Map<String, Quantized> matrices) {}

  /**
   * A copy of the model with every block rounded to its width.
   *
   * @param bits of each block
   * @param group inputs that share a scale
   * @param calibration tokens; not read by {@link #NEAREST}
   */
  public Model apply(Model model, BlockPlan bits, int group, int[][] calibration) {
    Rounded rounded = round(model, bits, group, calibration);
    rounded
        .matrices()
        .values()
        .forEach(quantized -> {
          quantized.codes().close();
          quantized.scales().close();
        });
    return rounded.model();
  }

  /** As {@link #apply}, with the whole numbers, for the kernels. */
  public Rounded round(Model model, BlockPlan bits, int group, int[][] calibration) {
    int blocks = model.decoder().blocks().size();
    if (bits.bits().length != blocks) {
      throw new IllegalArgumentException(
          "the plan has %d blocks, the model %d".formatted(bits.bits().length, blocks));
    }
    Model rounded = model.copy();
    Map<String, Quantized> matrices = new LinkedHashMap<>();
    switch (this) {
      case NEAREST ->
          BlockMatrices.of(rounded)
              .forEach((path, linear) -> {
                int width = bits.bits()[blockOf(path)];
                Quantized quantized =
                    Quantized.roundToNearest(linear.weight().tensor(), width, group);
                set(linear, quantized);
                matrices.put(path, quantized);
              });
      case GPTQ ->
          InputStatistics.blockwise(
              rounded,
              calibration,
              (linears, statistics) ->
                  linears.forEach((path, linear) -> {
                    int width = bits.bits()[blockOf(path)];
                    InputStatistics inputs = requireNonNull(statistics.get(path));
                    Quantized quantized =
                        Gptq.round(linear.weight().tensor(), inputs, null, width, group);
                    set(linear, quantized);
                    quantized.codes().unscoped();
                    quantized.scales().unscoped();
                    matrices.put(path, quantized);
                  }));
    }
    return new Rounded(rounded, matrices);
  }

  /** The number in {@code blocks.<number>. ...}. */
  static int blockOf(String path) {
    return Integer.parseInt(path.split("\\.", 3)[1]);
  }

  private static void set(Linear linear, Quantized quantized) {
    try (Scope scope = Scope.open()) {
      linear.weight().set(scope.keep(quantized.dequantize()));
    }
  }
}
