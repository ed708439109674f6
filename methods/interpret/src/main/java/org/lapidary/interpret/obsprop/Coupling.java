package org.lapidary.interpret.obsprop;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.evidence.Figure;

/**
 * How two features fire together. For x spread evenly over a sphere, E[x.y2 | x.y1 = k] = k C with
 * C = y1.y2 / |y1|^2.
 *
 * @param coefficient C
 * @param cosine between y1 and y2
 * @param norm1 |y1|
 * @param norm2 |y2|
 */
public record Coupling(double coefficient, double cosine, double norm1, double norm2) {

  public static Coupling of(FeatureVector y1, FeatureVector y2) {
    double dot = y1.dot(y2);
    double n1 = y1.norm();
    double n2 = y2.norm();
    return new Coupling(dot / (n1 * n1), dot / (n1 * n2), n1, n2);
  }

  /** The mean of x.y2 where x.y1 is k. */
  public double expected(double k) {
    return coefficient * k;
  }

  /** What x.y2 lies between. */
  public record Bounds(double least, double most) {}

  /**
   * The bounds of x.y2 where x.y1 is k.
   *
   * @param length |x|
   * @throws IllegalArgumentException if no x of this length has x.y1 = k
   */
  public Bounds bounds(double k, double length) {
    double along = k / norm1;
    if (Math.abs(along) > length) {
      throw new IllegalArgumentException(
          "no vector of length %s has the product %s with a feature of norm %s"
              .formatted(length, k, norm1));
    }
    double sine = Math.sqrt(Math.max(0, 1 - cosine * cosine));
    double across = sine * Math.sqrt(length * length - along * along);
    return new Bounds(norm2 * (along * cosine - across), norm2 * (along * cosine + across));
  }

  /** Coefficients of every feature (columns) given every other (rows). */
  public static Figure table(String title, List<FeatureVector> features) {
    List<String> names = features.stream().map(FeatureVector::name).toList();
    double[][] values = new double[features.size()][features.size()];
    for (int i = 0; i < values.length; i++) {
      for (int j = 0; j < values.length; j++) {
        values[i][j] = of(features.get(i), features.get(j)).coefficient();
      }
    }
    return new Figure.Heatmap(
        title, "fires by", "when this fires by 1", names, new ArrayList<>(names), values);
  }
}
