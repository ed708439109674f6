package org.lapidary.data.generate;

import java.util.Arrays;
import java.util.List;

/**
 * Digits as pen strokes in the unit square, y downwards: points x, y, x, y, ... that the pen passes
 * on a smooth path. A point given twice makes a corner.
 */
final class StrokeFont {
  private static final int STEPS = 6;

  private static final List<List<double[][]>> HANDS =
      List.of(
          List.of( // 0
              strokes("50,0 22,12 10,50 22,88 50,100 78,88 90,50 78,12 50,0"),
              strokes("60,2 28,10 14,55 30,95 62,96 86,60 80,16 52,2 40,8")),
          List.of( // 1
              strokes("50,0 50,0 50,100 50,100"),
              strokes("30,18 30,18 54,0 54,0 54,100 54,100"),
              strokes("30,20 30,20 52,0 52,0 52,100 52,100", "28,100 28,100 76,100 76,100")),
          List.of( // 2
              strokes("14,22 28,4 56,0 82,16 80,40 52,66 12,100 12,100 90,100 90,100"),
              strokes("18,18 42,0 76,8 82,32 58,64 28,94 12,92 22,80 50,90 90,98")),
          List.of( // 3
              strokes("14,10 42,0 76,10 80,32 44,46 44,46 80,56 88,80 60,98 28,98 10,86"),
              strokes("14,0 14,0 84,0 84,0 46,42 46,42 80,52 88,78 62,98 30,98 10,86")),
          List.of( // 4
              strokes("64,0 64,0 10,68 10,68 92,68 92,68", "66,36 66,36 66,100 66,100"),
              strokes("22,0 22,0 16,54 16,54 88,54 88,54", "72,4 72,4 70,100 70,100")),
          List.of( // 5
              strokes("84,0 84,0 24,0 24,0 18,44 18,44 50,36 84,52 86,80 56,100 26,98 10,86"),
              strokes(
                  "26,2 26,2 20,46 20,46 56,40 84,60 78,90 46,100 12,90", "26,2 26,2 86,0 86,0")),
          List.of( // 6
              strokes("76,4 44,10 20,44 14,76 36,98 66,98 86,78 74,56 46,52 18,68"),
              strokes("62,0 36,24 18,60 24,92 54,100 82,84 78,60 52,54 22,72")),
          List.of( // 7
              strokes("10,0 10,0 90,0 90,0 42,100 42,100"),
              strokes("12,4 12,4 86,0 86,0 60,44 40,100 40,100", "30,50 30,50 78,48 78,48")),
          List.of( // 8
              strokes(
                  "50,48 22,36 22,12 50,0 78,12 78,36 50,48 16,64 16,88 50,100 84,88 84,64 50,48"),
              strokes("78,12 52,0 24,10 26,36 72,62 80,88 50,100 20,88 26,64 70,36 78,12")),
          List.of( // 9
              strokes("84,30 70,4 38,0 14,20 22,44 52,50 82,34 84,30 84,30 78,100 78,100"),
              strokes("82,28 62,2 30,4 16,28 36,50 66,44 84,20 80,60 62,92 30,98")));

  private StrokeFont() {}

  /** The ways to write a digit: [stroke][coordinate]. */
  static List<double[][]> hands(int digit) {
    return HANDS.get(digit);
  }

  private static double[][] strokes(String... strokes) {
    double[][] points = new double[strokes.length][];
    for (int s = 0; s < strokes.length; s++) {
      points[s] =
          Arrays.stream(strokes[s].split("[ ,]"))
              .mapToDouble(percent -> Integer.parseInt(percent) / 100.0)
              .toArray();
    }
    return points;
  }

  /** Points close together on the Catmull-Rom spline through the given ones. */
  static double[] smooth(double[] points) {
    int count = points.length / 2;
    double[] path = new double[2 * ((count - 1) * STEPS + 1)];
    int at = 0;
    for (int p = 0; p < count - 1; p++) {
      for (int step = 0; step < STEPS; step++) {
        double t = (double) step / STEPS;
        path[at++] = spline(points, p, count, t, 0);
        path[at++] = spline(points, p, count, t, 1);
      }
    }
    path[at++] = points[2 * count - 2];
    path[at] = points[2 * count - 1];
    return path;
  }

  private static double spline(double[] points, int p, int count, double t, int axis) {
    double before = points[2 * Math.max(0, p - 1) + axis];
    double from = points[2 * p + axis];
    double to = points[2 * (p + 1) + axis];
    double after = points[2 * Math.min(count - 1, p + 2) + axis];
    double a = 2 * from;
    double b = to - before;
    double c = 2 * before - 5 * from + 4 * to - after;
    double d = -before + 3 * from - 3 * to + after;
    return (a + t * (b + t * (c + t * d))) / 2;
  }
}
