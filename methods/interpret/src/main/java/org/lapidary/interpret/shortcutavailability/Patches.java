package org.lapidary.interpret.shortcutavailability;

import java.util.function.UnaryOperator;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;

/**
 * The same with images: the core is whether a digit is odd, the shortcut a bright square in one or
 * the other upper corner; each has the label with its own probability. The larger the square, the
 * more available the shortcut.
 *
 * @param rhoCore predictivity of the digit
 * @param rhoShortcut predictivity of the corner
 * @param side of the square, in pixels
 * @param brightness of its pixels
 */
public record Patches(double rhoCore, double rhoShortcut, int side, double brightness) {

  /**
   * Labels drawn from the digits, and squares from the labels.
   *
   * @param digits images [n, 1, height, width] and their digits
   */
  public Classification draw(Classification digits, Rng rng) {
    int[] classes = digits.labels().toInts();
    int[] labels = new int[classes.length];
    int[] corners = new int[classes.length];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = rng.nextDouble() < rhoCore ? classes[i] % 2 : 1 - classes[i] % 2;
      corners[i] = rng.nextDouble() < rhoShortcut ? labels[i] : 1 - labels[i];
    }
    return Classification.of(squares(digits.inputs(), corners), labels);
  }

  /**
   * How far a network leans on the shortcut beyond the best rule, which never follows the corner
   * against the digit while the digit is the more predictive: the share of test images whose square
   * says the opposite of the digit that it labels by the square.
   *
   * @param network from images to logits [n, 2]
   */
  public double bias(UnaryOperator<Tensor> network, Classification digits) {
    int[] corners = digits.labels().toInts();
    for (int i = 0; i < corners.length; i++) {
      corners[i] = 1 - corners[i] % 2;
    }
    double reliance =
        Classification.of(squares(digits.inputs(), corners), corners).accuracy(network);
    return reliance - (rhoShortcut > rhoCore ? 1 : 0);
  }

  private Tensor squares(Tensor images, int[] corners) {
    int height = (int) images.size(2);
    int width = (int) images.size(3);
    if (side < 1 || 2 * side > width || side > height) {
      throw new IllegalArgumentException(
          "two squares of %d pixels do not fit beside one another into %d x %d"
              .formatted(side, height, width));
    }
    float[] pixels = images.toFloats();
    for (int i = 0; i < corners.length; i++) {
      int left = corners[i] == 0 ? 0 : width - side;
      for (int y = 0; y < side; y++) {
        int row = (i * height + y) * width;
        java.util.Arrays.fill(pixels, row + left, row + left + side, (float) brightness);
      }
    }
    return Tensor.of(pixels, images.shape().toArray());
  }
}
