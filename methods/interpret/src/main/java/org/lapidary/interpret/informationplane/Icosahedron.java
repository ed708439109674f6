package org.lapidary.interpret.informationplane;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.lapidary.tensor.Tensor;

/**
 * The paper's task: 12 bits switch on the 12 corners of an icosahedron, and the label depends on a
 * score of the pattern that does not change when it is turned. By the addition theorem of spherical
 * harmonics the power at degree l is S_l(x) = (2l + 1) sum_ij x_i x_j P_l(v_i v_j); the score is f
 * = S_1 + S_2 + S_3 / 2, and P(y = 1 | x) = sigmoid(gamma (f(x) - theta)), theta between two levels
 * of f such that P(y = 1) is nearest one half.
 *
 * @param gamma how sharp the rule is
 */
public record Icosahedron(double gamma) {
  /** Bits of an input. */
  public static final int BITS = 12;

  /** Inputs there are. */
  public static final int PATTERNS = 1 << BITS;

  private static final double[] WEIGHTS = {0, 1, 1, 0.5};

  /** The rule with 0.99 bits about the label. */
  public static Icosahedron defaults() {
    return new Icosahedron(30);
  }

  /** All patterns as -1 and 1, [4096, 12]. */
  public static Tensor inputs() {
    float[] values = new float[PATTERNS * BITS];
    for (int x = 0; x < PATTERNS; x++) {
      for (int bit = 0; bit < BITS; bit++) {
        values[x * BITS + bit] = (x >> bit & 1) == 1 ? 1 : -1;
      }
    }
    return Tensor.of(values, PATTERNS, BITS);
  }

  /** f(x) of every pattern, rounded so that equal ones are equal. */
  public static double[] scores() {
    List<double[]> corners = corners();
    double[][] power = new double[BITS][BITS];
    for (int i = 0; i < BITS; i++) {
      for (int j = 0; j < BITS; j++) {
        double c = 0;
        for (int axis = 0; axis < 3; axis++) {
          c += corners.get(i)[axis] * corners.get(j)[axis];
        }
        double[] legendre = {1, c, (3 * c * c - 1) / 2, (5 * c * c * c - 3 * c) / 2};
        for (int l = 1; l < legendre.length; l++) {
          power[i][j] += WEIGHTS[l] * (2 * l + 1) * legendre[l];
        }
      }
    }
    double[] scores = new double[PATTERNS];
    for (int x = 0; x < PATTERNS; x++) {
      double sum = 0;
      for (int i = 0; i < BITS; i++) {
        for (int j = 0; j < BITS; j++) {
          sum += (x >> i & 1) * (x >> j & 1) * power[i][j];
        }
      }
      scores[x] = Math.rint(sum * 1e6) / 1e6;
    }
    return scores;
  }

  private static List<double[]> corners() {
    double phi = (1 + Math.sqrt(5)) / 2;
    double norm = Math.sqrt(1 + phi * phi);
    List<double[]> corners = new ArrayList<>();
    for (int axis = 0; axis < 3; axis++) {
      for (int one = -1; one <= 1; one += 2) {
        for (int golden = -1; golden <= 1; golden += 2) {
          double[] v = new double[3];
          v[(axis + 1) % 3] = one / norm;
          v[(axis + 2) % 3] = golden * phi / norm;
          corners.add(v);
        }
      }
    }
    return corners;
  }

  /** The joint distribution over all patterns, evenly drawn. */
  public Joint joint() {
    double[] scores = scores();
    double[] levels = Arrays.stream(scores).distinct().sorted().toArray();
    Joint best = null;
    for (int i = 0; i + 1 < levels.length; i++) {
      double theta = (levels[i] + levels[i + 1]) / 2;
      double[] positive = new double[PATTERNS];
      for (int x = 0; x < PATTERNS; x++) {
        positive[x] = 1 / (1 + Math.exp(-gamma * (scores[x] - theta)));
      }
      Joint joint = Joint.uniform(positive);
      if (best == null || Math.abs(joint.label() - 0.5) < Math.abs(best.label() - 0.5)) {
        best = joint;
      }
    }
    return Objects.requireNonNull(best);
  }
}
