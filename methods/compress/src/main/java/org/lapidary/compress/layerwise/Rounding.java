package org.lapidary.compress.layerwise;

import static java.util.Objects.requireNonNull;

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
   * A copy of the model with every block rounded to its width.
   *
   * @param bits of each block
   * @param group inputs that share a scale
   * @param calibration tokens; not read by {@link #NEAREST}
   */
  public Model apply(Model model, BlockPlan bits, int group, int[][] calibration) {
    int blocks = model.decoder().blocks().size();
    if (bits.bits().length != blocks) {
      throw new IllegalArgumentException(
          "the plan has %d blocks, the model %d".formatted(bits.bits().length, blocks));
    }
    Model rounded = model.copy();
    switch (this) {
      case NEAREST -> {
        for (int b = 0; b < blocks; b++) {
          int width = bits.bits()[b];
          BlockMatrices.ofBlock(rounded.decoder(), b)
              .values()
              .forEach(linear ->
                  set(linear, Quantized.roundToNearest(linear.weight().tensor(), width, group)));
        }
      }
      case GPTQ ->
          InputStatistics.blockwise(
              rounded,
              calibration,
              (matrices, statistics) ->
                  matrices.forEach((path, linear) -> {
                    int width = bits.bits()[blockOf(path)];
                    InputStatistics inputs = requireNonNull(statistics.get(path));
                    set(linear, Gptq.round(linear.weight().tensor(), inputs, null, width, group));
                  }));
    }
    return rounded;
  }

  /** The number in {@code blocks.<number>. ...}. */
  static int blockOf(String path) {
    return Integer.parseInt(path.split("\\.", 3)[1]);
  }

  private static void set(Linear linear, Quantized quantized) {
    try (Scope scope = Scope.open()) {
      linear.weight().set(scope.keep(quantized.dequantize()));
    }
    quantized.codes().close();
    quantized.scales().close();
  }
}
