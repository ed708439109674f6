package org.lapidary.interpret.similarity;

import java.util.Arrays;
import org.lapidary.evidence.Correlation;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * How different the stimuli are to a representation: the upper triangle of a representational
 * dissimilarity matrix, row by row, d_01, d_02, ..., d_12, ...
 *
 * @param stimuli n
 * @param upper n (n - 1) / 2 values
 */
public record Dissimilarities(int stimuli, double[] upper) {

  public Dissimilarities {
    if (upper.length != stimuli * (stimuli - 1) / 2) {
      throw new IllegalArgumentException(
          "%d stimuli have %d pairs, not %d"
              .formatted(stimuli, stimuli * (stimuli - 1) / 2, upper.length));
    }
  }

  /** Squared Euclidean distances over the number of units; activations are [stimuli, units]. */
  public static Dissimilarities euclidean(Tensor activations) {
    return crossValidated(activations, activations);
  }

  /**
   * The products of the differences in two noisy repetitions, over the number of units; may be
   * negative, and is unbiased where the noise of the two is independent.
   */
  public static Dissimilarities crossValidated(Tensor first, Tensor second) {
    Similarity.check(first, second);
    try (Scope scope = Scope.open()) {
      Tensor a = wide(first);
      Tensor b = wide(second);
      int n = (int) a.size(0);
      double[] products = a.matmul(b.t()).toDoubles();
      double[] upper = new double[n * (n - 1) / 2];
      int at = 0;
      for (int i = 0; i < n; i++) {
        for (int j = i + 1; j < n; j++) {
          upper[at++] =
              (products[i * n + i]
                      + products[j * n + j]
                      - products[i * n + j]
                      - products[j * n + i])
                  / a.size(1);
        }
      }
      return new Dissimilarities(n, upper);
    }
  }

  /** 1 - r of the stimuli's patterns; 1 where a pattern is constant. */
  public static Dissimilarities correlation(Tensor activations) {
    try (Scope scope = Scope.open()) {
      Tensor x = wide(activations);
      Tensor centred = x.sub(x.mean(true, 1));
      Tensor unit = centred.div(centred.norm(true, 1).maximum(1e-300));
      int n = (int) x.size(0);
      double[] r = unit.matmul(unit.t()).toDoubles();
      double[] upper = new double[n * (n - 1) / 2];
      int at = 0;
      for (int i = 0; i < n; i++) {
        for (int j = i + 1; j < n; j++) {
          upper[at++] = 1 - r[i * n + j];
        }
      }
      return new Dissimilarities(n, upper);
    }
  }

  private static Tensor wide(Tensor x) {
    return x.detach().reshape(x.size(0), x.elements() / x.size(0)).to(DType.FLOAT64);
  }

  /**
   * Average ranks, scaled to [0, 1]; all 0 where nothing differs. Values that differ by rounding
   * errors only, 1e-11 of the largest, are equal.
   */
  public Dissimilarities ranked() {
    double largest = Arrays.stream(upper).map(Math::abs).max().orElse(0);
    double grain = largest * 1e-11;
    double[] rounded =
        Arrays.stream(upper).map(d -> grain == 0 ? d : Math.rint(d / grain)).toArray();
    double[] ranks = Correlation.ranks(rounded);
    double least = Arrays.stream(ranks).min().orElse(0);
    double most = Arrays.stream(ranks).max().orElse(0);
    double[] scaled = new double[ranks.length];
    for (int i = 0; i < ranks.length; i++) {
      scaled[i] = most == least ? 0 : (ranks[i] - least) / (most - least);
    }
    return new Dissimilarities(stimuli, scaled);
  }

  /** The dissimilarity of two stimuli; 0 of one and itself. */
  public double between(int i, int j) {
    if (i == j) {
      return 0;
    }
    int a = Math.min(i, j);
    int b = Math.max(i, j);
    return upper[a * stimuli - a * (a + 1) / 2 + b - a - 1];
  }

  /** Pearson's correlation of two upper triangles; 0 where one is constant. */
  public double pearson(Dissimilarities other) {
    double r = Correlation.pearson(upper, other.upper);
    return Double.isNaN(r) ? 0 : r;
  }

  /** Spearman's correlation of two upper triangles; 0 where one is constant. */
  public double spearman(Dissimilarities other) {
    double r = Correlation.spearman(upper, other.upper);
    return Double.isNaN(r) ? 0 : r;
  }

  /** The cosine of two upper triangles; 0 where one vanishes. */
  public double cosine(Dissimilarities other) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < upper.length; i++) {
      ab += upper[i] * other.upper[i];
      aa += upper[i] * upper[i];
      bb += other.upper[i] * other.upper[i];
    }
    return aa == 0 || bb == 0 ? 0 : ab / Math.sqrt(aa * bb);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Dissimilarities d
        && d.stimuli == stimuli
        && Arrays.equals(d.upper, upper);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(upper);
  }

  @Override
  public String toString() {
    return "Dissimilarities[stimuli=" + stimuli + "]";
  }
}
