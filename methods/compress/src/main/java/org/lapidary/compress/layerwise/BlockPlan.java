package org.lapidary.compress.layerwise;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * The width of every block's weights.
 *
 * @param bits by block
 */
public record BlockPlan(int[] bits) {

  /** The mean over blocks, which are equally large. */
  public double averageBits() {
    return Arrays.stream(bits).average().orElse(Double.NaN);
  }

  /** Blocks from the least to the most important; equal ones in the order of the model. */
  public static int[] ascending(double[] importance) {
    return IntStream.range(0, importance.length)
        .boxed()
        .sorted(Comparator.comparingDouble(b -> importance[b]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** The first {@code count} blocks of an order at {@code low} bits, the others at {@code high}. */
  public static BlockPlan lowering(int[] order, int count, int high, int low) {
    if (count < 0 || count > order.length) {
      throw new IllegalArgumentException(
          "of %d blocks, 0 to %d can be lowered, was %d"
              .formatted(order.length, order.length, count));
    }
    int[] bits = new int[order.length];
    for (int i = 0; i < order.length; i++) {
      bits[order[i]] = i < count ? low : high;
    }
    return new BlockPlan(bits);
  }

  /**
   * Two levels with an average of {@code target} to within half a block's share: m = round(L (high
   * - target) / (high - low)) blocks are lowered.
   */
  public static BlockPlan twoLevels(int[] order, double target, int high, int low) {
    checkTarget(target, high, low);
    long m = Math.round(order.length * (high - target) / (high - low));
    return lowering(order, Math.toIntExact(m), high, low);
  }

  /**
   * Three levels: the {@code top} most important blocks at {@code highest} bits, the others at
   * {@code middle} and {@code lowest} so that the average over all is {@code target}.
   */
  public static BlockPlan threeLevels(
      int[] order, int top, double target, int highest, int middle, int lowest) {
    int rest = order.length - top;
    if (top < 0 || rest < 1) {
      throw new IllegalArgumentException(
          "of %d blocks, 0 to %d can be at the top level, was %d"
              .formatted(order.length, order.length - 1, top));
    }
    double left = (target * order.length - (double) highest * top) / rest;
    checkTarget(left, middle, lowest);
    int[] bits = new int[order.length];
    long m = Math.round(rest * (middle - left) / (middle - lowest));
    for (int i = 0; i < order.length; i++) {
      bits[order[i]] = i < m ? lowest : i < rest ? middle : highest;
    }
    return new BlockPlan(bits);
  }

  private static void checkTarget(double target, int high, int low) {
    if (!(low < high && target >= low && target <= high)) {
      throw new IllegalArgumentException(
          "an average of %s bits is not between %d and %d".formatted(target, low, high));
    }
  }
}
