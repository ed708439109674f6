package org.lapidary.interpret.linearinterpreter;

/**
 * What a filter looks like, a row or a column of F as an image.
 *
 * @param orientation of the structure tensor's main axis, in radians from -pi/2 to pi/2: the
 *     direction across which the filter changes most, 0 along a row
 * @param anisotropy (l1 - l2) / (l1 + l2) of the structure tensor's eigenvalues, from 0 to 1
 * @param mean the sum of the filter over the sum of its magnitudes; 0 for a wavelet
 */
public record FilterShape(double orientation, double anisotropy, double mean) {

  /** Of a filter by rows; at least 3 by 3. */
  public static FilterShape of(double[][] filter) {
    int height = filter.length;
    int width = filter[0].length;
    if (height < 3 || width < 3) {
      throw new IllegalArgumentException(
          "the shape of a filter needs at least 3 by 3 pixels, was %d by %d"
              .formatted(height, width));
    }
    double xx = 0;
    double xy = 0;
    double yy = 0;
    double sum = 0;
    double magnitude = 0;
    for (int r = 0; r < height; r++) {
      for (int c = 0; c < width; c++) {
        sum += filter[r][c];
        magnitude += Math.abs(filter[r][c]);
        if (r + 1 < height && c + 1 < width) { // between four pixels
          double here = filter[r][c];
          double right = filter[r][c + 1];
          double below = filter[r + 1][c];
          double both = filter[r + 1][c + 1];
          double dx = (right + both - here - below) / 2;
          double dy = (below + both - here - right) / 2;
          xx += dx * dx;
          xy += dx * dy;
          yy += dy * dy;
        }
      }
    }
    double gap = Math.hypot(xx - yy, 2 * xy);
    return new FilterShape(
        Math.atan2(2 * xy, xx - yy) / 2,
        xx + yy == 0 ? 0 : gap / (xx + yy),
        magnitude == 0 ? 0 : sum / magnitude);
  }
}
