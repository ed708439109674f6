package org.lapidary.interpret.diffroar;

import org.lapidary.data.Images;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;

/**
 * BlockMNIST: images of two stacked blocks, one a digit and one a pattern that is always the same
 * (a square outline with its diagonals), so that it is known where all information is.
 *
 * @param data inputs [n, 1, 2 height, width], from -1, black, to 1, white
 * @param signalOnTop [n], whether the digit is the upper block
 */
public record BlockMnist(Classification data, boolean[] signalOnTop) {

  /** The value of a black pixel. */
  public static final double BLACK = -1;

  /** What the label is. */
  public enum Labels {
    /** Digits 0 to 4 against 5 to 9. */
    HALVES,
    DIGITS
  }

  /**
   * Stacks the images.
   *
   * @param alwaysOnTop whether the digit is always the upper block, else the place is drawn
   */
  public static BlockMnist of(Images digits, Labels labels, boolean alwaysOnTop, Rng rng) {
    int n = digits.count();
    int size = digits.size();
    float[] pixels = digits.toFloats();
    float[] pattern = pattern(digits.height(), digits.width());
    float[] values = new float[2 * n * size];
    boolean[] top = new boolean[n];
    int[] classes = new int[n];
    for (int i = 0; i < n; i++) {
      top[i] = alwaysOnTop || rng.nextBoolean();
      int signal = (2 * i + (top[i] ? 0 : 1)) * size;
      int nothing = (2 * i + (top[i] ? 1 : 0)) * size;
      System.arraycopy(pixels, i * size, values, signal, size);
      System.arraycopy(pattern, 0, values, nothing, size);
      int digit = digits.labels()[i];
      classes[i] = labels == Labels.DIGITS ? digit : (digit < 5 ? 0 : 1);
    }
    Tensor centred = Tensor.of(values, n, 1, 2L * digits.height(), digits.width()).mul(2).sub(1);
    return new BlockMnist(Classification.of(centred, classes), top);
  }

  private static float[] pattern(int height, int width) {
    float[] pixels = new float[height * width];
    for (int row = 4; row < height - 4; row++) {
      for (int column = 4; column < width - 4; column++) {
        boolean edge = row < 6 || column < 6 || row >= height - 6 || column >= width - 6;
        boolean diagonal = Math.abs(row - column) <= 1 || Math.abs(row + column - (width - 1)) <= 1;
        pixels[row * width + column] = edge || diagonal ? 1 : 0;
      }
    }
    return pixels;
  }

  /** 1 in the block of the digit and 0 in the other, of the inputs' shape: who knows the truth. */
  public Tensor truth() {
    int half = (int) (data.inputs().elements() / signalOnTop.length / 2);
    float[] values = new float[2 * half * signalOnTop.length];
    for (int i = 0; i < signalOnTop.length; i++) {
      int from = (2 * i + (signalOnTop[i] ? 0 : 1)) * half;
      java.util.Arrays.fill(values, from, from + half, 1);
    }
    return Tensor.of(values, data.inputs().shape().toArray());
  }

  /**
   * Leakage: the share of the pixels of the highest scores that lie in the block without
   * information, over all images; a half for scores that know nothing.
   *
   * @param scores of the inputs' shape
   * @param share of the pixels that count as the highest
   */
  public double leakage(Tensor scores, double share) {
    Tensor ones = scores.mul(0).add(1);
    Tensor highest = new Unmasking(share, true, 0).apply(ones, scores);
    return highest.mul(truth().subtractFrom(1)).sum().item() / highest.sum().item();
  }
}
