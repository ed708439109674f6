package org.lapidary.data.generate;

import java.util.Arrays;
import org.lapidary.data.Samples;

/**
 * Grey images of digits, 28x28, drawn from strokes: each digit in several hands, with random
 * rotation, scale, slant, position, bends, thickness and noise.
 */
public final class RenderedDigits {
  /** Pixels along a side. */
  public static final int SIDE = 28;

  private static final int CLASSES = 10;
  private static final double MARGIN = 5;
  private static final double BEND = 0.025;
  private static final double NOISE = 0.04;

  private RenderedDigits() {}

  /**
   * Draws images; classes are equally likely.
   *
   * @return values in [0, 1], [count, 784], ink is 1
   */
  public static Samples sample(int count, long seed) {
    Draw draw = new Draw(seed);
    float[] values = new float[Math.multiplyExact(count, SIDE * SIDE)];
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      labels[i] = draw.below(CLASSES);
      render(labels[i], draw, values, i * SIDE * SIDE);
    }
    return new Samples(values, labels, SIDE * SIDE);
  }

  private static void render(int digit, Draw draw, float[] values, int at) {
    double[][] strokes = draw.of(StrokeFont.hands(digit));
    Affine place = Affine.random(draw);
    double half = draw.uniform(0.6, 1.3);
    double ink = draw.uniform(0.8, 1);
    double[] nearest = new double[SIDE * SIDE]; // squared distance to the pen's path
    Arrays.fill(nearest, Double.MAX_VALUE);
    for (double[] stroke : strokes) {
      double[] bent = stroke.clone();
      for (int p = 0; p < bent.length; p++) {
        bent[p] += BEND * draw.normal();
      }
      double[] path = StrokeFont.smooth(bent);
      for (int p = 0; p + 3 < path.length; p += 2) {
        double[] from = place.apply(path[p], path[p + 1]);
        double[] to = place.apply(path[p + 2], path[p + 3]);
        approach(nearest, from, to, half + 1);
      }
    }
    for (int p = 0; p < nearest.length; p++) {
      double distance = StrictMath.sqrt(nearest[p]);
      double covered = Math.clamp(half + 0.5 - distance, 0, 1);
      values[at + p] = (float) Math.clamp(ink * covered + NOISE * draw.normal(), 0, 1);
    }
  }

  /** Lowers the distances of the pixels near a segment. */
  private static void approach(double[] nearest, double[] from, double[] to, double reach) {
    int top = (int) Math.max(0, Math.min(from[1], to[1]) - reach);
    int bottom = (int) Math.min(SIDE - 1, Math.max(from[1], to[1]) + reach + 1);
    int left = (int) Math.max(0, Math.min(from[0], to[0]) - reach);
    int right = (int) Math.min(SIDE - 1, Math.max(from[0], to[0]) + reach + 1);
    double dx = to[0] - from[0];
    double dy = to[1] - from[1];
    double length = dx * dx + dy * dy;
    for (int y = top; y <= bottom; y++) {
      for (int x = left; x <= right; x++) {
        double along =
            length == 0 ? 0 : Math.clamp(((x - from[0]) * dx + (y - from[1]) * dy) / length, 0, 1);
        double ex = from[0] + along * dx - x;
        double ey = from[1] + along * dy - y;
        nearest[y * SIDE + x] = Math.min(nearest[y * SIDE + x], ex * ex + ey * ey);
      }
    }
  }

  /** From the unit square, y downwards, to pixels: x' = xx x + xy y + x0, y' = yx x + yy y + y0. */
  private record Affine(double xx, double xy, double x0, double yx, double yy, double y0) {

    static Affine random(Draw draw) {
      double angle = draw.uniform(-0.22, 0.22);
      double slant = draw.uniform(-0.25, 0.25);
      double size = SIDE - 1 - 2 * MARGIN;
      double wide = size * draw.uniform(0.75, 1.05);
      double high = size * draw.uniform(0.95, 1.2);
      double cos = StrictMath.cos(angle);
      double sin = StrictMath.sin(angle);
      double xx = wide * cos;
      double yx = wide * sin;
      double xy = high * (-sin - slant * cos);
      double yy = high * (cos - slant * sin);
      double middleX = (SIDE - 1) / 2.0 + draw.uniform(-1.5, 1.5);
      double middleY = (SIDE - 1) / 2.0 + draw.uniform(-1.5, 1.5);
      return new Affine(xx, xy, middleX - (xx + xy) / 2, yx, yy, middleY - (yx + yy) / 2);
    }

    double[] apply(double x, double y) {
      return new double[] {xx * x + xy * y + x0, yx * x + yy * y + y0};
    }
  }
}
