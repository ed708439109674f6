package org.lapidary.interpret.informationplane;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The information bottleneck of a joint distribution: the most that any representation can know of
 * the label for what it knows of the input, max I(T; Y) at a given I(X; T). For beta from large to
 * small (deterministic annealing; Tishby, Pereira and Bialek, 1999) these are iterated:
 *
 * <pre>
 * P(t | x) = P(t) exp(-beta KL(P(y | x) || P(y | t))) / Z(x)
 * P(t) = sum_x P(x) P(t | x),   P(y | t) = sum_x P(y | x) P(t | x) P(x) / P(t)
 * </pre>
 *
 * @param betas from small to large
 * @param points of the curve at each beta
 */
public record Bottleneck(double[] betas, List<Joint.Point> points) {
  private static final double TOLERANCE = 1e-6;
  private static final int ROUNDS = 2000;

  /**
   * Anneals over a log grid of beta.
   *
   * @param joint with few x: see {@link Joint#sufficient}
   */
  public static Bottleneck of(Joint joint, double least, double most, int steps) {
    if (!(least > 0 && most > least && steps >= 2)) {
      throw new IllegalArgumentException(
          "betas go from above 0 to a larger one in 2 or more steps, were %s to %s in %d"
              .formatted(least, most, steps));
    }
    int n = joint.px().length;
    double[][] encoder = new double[n][n]; // P(t | x), starting from one t for every x
    for (int x = 0; x < n; x++) {
      encoder[x][x] = 1;
    }
    double[] betas = new double[steps];
    List<Joint.Point> points = new ArrayList<>();
    for (int i = 0; i < steps; i++) {
      betas[i] = most * Math.pow(least / most, (double) i / (steps - 1));
      for (int round = 0; round < ROUNDS; round++) {
        double[][] next = encode(joint, encoder, betas[i]);
        double moved = 0;
        for (int x = 0; x < n; x++) {
          for (int t = 0; t < n; t++) {
            moved = Math.max(moved, Math.abs(next[x][t] - encoder[x][t]));
          }
        }
        encoder = next;
        if (moved < TOLERANCE) {
          break;
        }
      }
      points.add(point(joint, encoder));
    }
    double[] rising = new double[steps];
    Arrays.setAll(rising, i -> betas[steps - 1 - i]);
    return new Bottleneck(rising, points.reversed());
  }

  /** One round of the equations: the encoder that answers to the decoder of another. */
  static double[][] encode(Joint joint, double[][] encoder, double beta) {
    int n = joint.px().length;
    int codes = encoder[0].length;
    double[] pt = new double[codes];
    double[] py = new double[codes];
    for (int x = 0; x < n; x++) {
      for (int t = 0; t < codes; t++) {
        double mass = joint.px()[x] * encoder[x][t];
        pt[t] += mass;
        py[t] += mass * joint.positive()[x];
      }
    }
    double[][] next = new double[n][codes];
    for (int x = 0; x < n; x++) {
      double best = Double.NEGATIVE_INFINITY;
      for (int t = 0; t < codes; t++) {
        next[x][t] =
            pt[t] <= 1e-300
                ? Double.NEGATIVE_INFINITY
                : Math.log(pt[t]) - beta * divergence(joint.positive()[x], py[t] / pt[t]);
        best = Math.max(best, next[x][t]);
      }
      double sum = 0;
      for (int t = 0; t < codes; t++) {
        next[x][t] = Math.exp(next[x][t] - best);
        sum += next[x][t];
      }
      for (int t = 0; t < codes; t++) {
        next[x][t] /= sum;
      }
    }
    return next;
  }

  /** KL between coins, in nats; P(y | t) is kept a little off 0 and 1. */
  private static double divergence(double p, double q) {
    double safe = Math.clamp(q, 1e-12, 1 - 1e-12);
    double sum = 0;
    sum += p > 0 ? p * Math.log(p / safe) : 0;
    sum += p < 1 ? (1 - p) * Math.log((1 - p) / (1 - safe)) : 0;
    return sum;
  }

  /** I(X; T) and I(T; Y) of an encoder P(t | x), in bits. */
  static Joint.Point point(Joint joint, double[][] encoder) {
    int n = joint.px().length;
    int codes = encoder[0].length;
    double[] pt = new double[codes];
    double[] py = new double[codes];
    for (int x = 0; x < n; x++) {
      for (int t = 0; t < codes; t++) {
        pt[t] += joint.px()[x] * encoder[x][t];
        py[t] += joint.px()[x] * encoder[x][t] * joint.positive()[x];
      }
    }
    double input = 0;
    double conditional = 0;
    for (int t = 0; t < codes; t++) {
      if (pt[t] > 0) {
        conditional += pt[t] * Joint.entropy(py[t] / pt[t]);
        for (int x = 0; x < n; x++) {
          double p = encoder[x][t];
          input += p > 0 ? joint.px()[x] * p * Joint.log2(p / pt[t]) : 0;
        }
      }
    }
    return new Joint.Point(
        Math.max(0, input), Math.max(0, Joint.entropy(joint.label()) - conditional));
  }

  /**
   * The most that can be known of the label with so many bits of the input: the upper hull of the
   * curve, linear between its points, from (0, 0) on.
   */
  public double label(double input) {
    double best = 0;
    List<Joint.Point> all = new ArrayList<>(points);
    all.add(new Joint.Point(0, 0));
    for (Joint.Point a : all) {
      if (a.input() <= input) {
        best = Math.max(best, a.label());
      }
      for (Joint.Point b : all) {
        if (a.input() < input && b.input() > input) {
          double share = (input - a.input()) / (b.input() - a.input());
          best = Math.max(best, a.label() + share * (b.label() - a.label()));
        }
      }
    }
    return best;
  }
}
