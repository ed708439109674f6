package org.lapidary.compress.layerwise;

import org.lapidary.compress.Compressor;
import org.lapidary.nn.Model;

/**
 * The method with its settings.
 *
 * @param importance what ranks the blocks
 * @param high bits of the more important blocks
 * @param low bits of the less important blocks
 * @param averageBits the target, between low and high
 * @param rounding the quantiser underneath
 * @param group inputs that share a scale
 */
public record LayerwiseQuant(
    Importance importance, int high, int low, double averageBits, Rounding rounding, int group)
    implements Compressor {

  public LayerwiseQuant {
    if (!(low >= 2 && high > low && high <= 8 && averageBits >= low && averageBits <= high)) {
      throw new IllegalArgumentException(
          "bits must be 2 <= low <= average <= high <= 8 and low < high, were %d, %s and %d"
              .formatted(low, averageBits, high));
    }
  }

  public static LayerwiseQuant defaults() {
    return new LayerwiseQuant(Importance.LIM, 4, 2, 3.25, Rounding.GPTQ, 64);
  }

  public LayerwiseQuant withImportance(Importance score) {
    return new LayerwiseQuant(score, high, low, averageBits, rounding, group);
  }

  public LayerwiseQuant withAverageBits(double bits) {
    return new LayerwiseQuant(importance, high, low, bits, rounding, group);
  }

  public LayerwiseQuant withRounding(Rounding other) {
    return new LayerwiseQuant(importance, high, low, averageBits, other, group);
  }

  /** What was found and done: the importance and the bits of each block. */
  public record Result(Model model, double[] scores, BlockPlan plan) {}

  @Override
  public Model compress(Model model, int[][] calibration) {
    return apply(model, calibration).model();
  }

  /** Ranks the blocks, plans and rounds. */
  public Result apply(Model model, int[][] calibration) {
    double[] scores = importance.of(model, calibration);
    BlockPlan plan = BlockPlan.twoLevels(BlockPlan.ascending(scores), averageBits, high, low);
    return new Result(rounding.apply(model, plan, group, calibration), scores, plan);
  }
}
