package org.lapidary.data.generate;

import java.nio.file.Path;
import org.lapidary.data.Datasets;
import org.lapidary.data.Images;
import org.lapidary.data.Samples;

/**
 * MNIST made hard enough to compare methods on, as plain MNIST is saturated. For each image: rotate
 * by U(-20, 20) degrees (bilinear), shift by whole pixels in {-2..2}, set a random 6x6 square to
 * zero, add N(0, 0.2^2), clip to [0, 1], and take (x - 0.25) / 0.3.
 */
public final class HardMnist {
  private static final double MAX_DEGREES = 20;
  private static final int MAX_SHIFT = 2;
  private static final int SQUARE = 6;
  private static final double NOISE = 0.2;
  private static final double MEAN = 0.25;
  private static final double DEVIATION = 0.3;
  private static final long TRAIN_SEED = 0;
  private static final long TEST_SEED = 1;
  private static final int TEST_IMAGES = 2000;

  private HardMnist() {}

  /** The first training images, with seed 0; 8000 or 12000 are customary. */
  public static Samples train(int images) {
    Path folder = Datasets.get("mnist");
    return of(Images.mnist(folder, Images.Part.TRAIN).first(images), TRAIN_SEED);
  }

  /** The first 2000 test images, with seed 1. */
  public static Samples test() {
    Path folder = Datasets.get("mnist");
    return of(Images.mnist(folder, Images.Part.TEST).first(TEST_IMAGES), TEST_SEED);
  }

  /** The same done to any grey images: [image, height * width]. */
  public static Samples of(Images images, long seed) {
    if (images.channels() != 1 || images.height() < SQUARE || images.width() < SQUARE) {
      throw new IllegalArgumentException(
          "grey images of at least "
              + SQUARE
              + "x"
              + SQUARE
              + " are needed, not "
              + images.channels()
              + "x"
              + images.height()
              + "x"
              + images.width());
    }
    Draw draw = new Draw(seed);
    float[] pixels = images.toFloats();
    float[] values = new float[pixels.length];
    for (int i = 0; i < images.count(); i++) {
      harden(pixels, values, i * images.size(), images.height(), images.width(), draw);
    }
    return new Samples(values, images.labels().clone(), images.size());
  }

  private static void harden(float[] from, float[] to, int at, int height, int width, Draw draw) {
    double angle = StrictMath.toRadians(draw.uniform(-MAX_DEGREES, MAX_DEGREES));
    int down = draw.between(-MAX_SHIFT, MAX_SHIFT);
    int right = draw.between(-MAX_SHIFT, MAX_SHIFT);
    int top = draw.between(0, height - SQUARE);
    int left = draw.between(0, width - SQUARE);
    double cos = StrictMath.cos(angle);
    double sin = StrictMath.sin(angle);
    double middleY = (height - 1) / 2.0;
    double middleX = (width - 1) / 2.0;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        // Where this pixel was before shift and rotation about the middle.
        double dy = y - down - middleY;
        double dx = x - right - middleX;
        double value =
            bilinear(
                from,
                at,
                height,
                width,
                middleY + cos * dy - sin * dx,
                middleX + sin * dy + cos * dx);
        boolean erased = y >= top && y < top + SQUARE && x >= left && x < left + SQUARE;
        double noisy = (erased ? 0 : value) + NOISE * draw.normal();
        to[at + y * width + x] = (float) ((Math.clamp(noisy, 0, 1) - MEAN) / DEVIATION);
      }
    }
  }

  /** The value between four pixels; outside the image it is 0. */
  private static double bilinear(
      float[] pixels, int at, int height, int width, double y, double x) {
    int y0 = (int) Math.floor(y);
    int x0 = (int) Math.floor(x);
    double fy = y - y0;
    double fx = x - x0;
    return (1 - fy) * (1 - fx) * pixel(pixels, at, height, width, y0, x0)
        + (1 - fy) * fx * pixel(pixels, at, height, width, y0, x0 + 1)
        + fy * (1 - fx) * pixel(pixels, at, height, width, y0 + 1, x0)
        + fy * fx * pixel(pixels, at, height, width, y0 + 1, x0 + 1);
  }

  private static double pixel(float[] pixels, int at, int height, int width, int y, int x) {
    return y < 0 || y >= height || x < 0 || x >= width ? 0 : pixels[at + y * width + x];
  }
}
