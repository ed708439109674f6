package org.lapidary.interpret.diffroar;

import java.util.Arrays;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * Images of which only some pixels are kept, the others get a fill value. Channels of a pixel are
 * kept together, by the largest of their scores.
 *
 * @param share of pixels that are kept, above 0 and below 1
 * @param top whether those of the highest scores, else those of the lowest
 * @param fill what the others become
 */
public record Unmasking(double share, boolean top, double fill) {

  public Unmasking {
    if (!(share > 0 && share < 1)) {
      throw new IllegalArgumentException(
          "the share of pixels that are kept is between 0 and 1, was " + share);
    }
  }

  /** How many of so many pixels are kept. */
  public int kept(int pixels) {
    return (int) Math.round(share * pixels);
  }

  /**
   * The images with the other pixels filled. Of equal scores the earlier pixel counts as higher, so
   * that the result is always the same.
   *
   * @param x [n, channels, height, width] or [n, pixels]
   * @param scores of the same shape
   */
  public Tensor apply(Tensor x, Tensor scores) {
    if (!x.shape().equals(scores.shape()) || (x.rank() != 2 && x.rank() != 4)) {
      throw new ShapeException(
          "images are [n, channels, height, width] or [n, pixels] with scores of the same shape, were %s and %s"
              .formatted(x.shape(), scores.shape()));
    }
    int n = (int) x.size(0);
    int channels = x.rank() == 4 ? (int) x.size(1) : 1;
    int pixels = (int) (x.elements() / n / channels);
    float[] values = x.toFloats();
    float[] given = scores.toFloats();
    int kept = kept(pixels);
    long[] order = new long[pixels];
    for (int i = 0; i < n; i++) {
      for (int p = 0; p < pixels; p++) {
        float score = given[i * channels * pixels + p];
        for (int c = 1; c < channels; c++) {
          score = Math.max(score, given[(i * channels + c) * pixels + p]);
        }
        if (!(score >= 0)) {
          throw new IllegalArgumentException(
              "scores are not negative, that of pixel %d of image %d was %s"
                  .formatted(p, i, score));
        }
        // floats that are not negative are ordered as their bits; descending, then by pixel
        order[p] = ((long) (Integer.MAX_VALUE - Float.floatToIntBits(score + 0f)) << 32) | p;
      }
      Arrays.sort(order);
      int from = top ? kept : 0;
      int to = top ? pixels : pixels - kept;
      for (int r = from; r < to; r++) {
        int p = (int) order[r];
        for (int c = 0; c < channels; c++) {
          values[(i * channels + c) * pixels + p] = (float) fill;
        }
      }
    }
    return Tensor.of(values, x.shape().toArray());
  }
}
