package org.lapidary.interpret.incontext;

import org.lapidary.interpret.tasks.LabelledPoints;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** How near two learners are, from what they predict. */
public final class Agreement {
  private Agreement() {}

  /** Anything that predicts every label from the points before it, [sequences, n]. */
  @FunctionalInterface
  public interface Learner {
    Tensor predict(LabelledPoints points);
  }

  /**
   * Squared prediction difference (SPD): the mean of (A - B)^2 over sequences, at every point.
   *
   * @param a [sequences, n]
   * @param b [sequences, n]
   */
  public static double[] squaredDifference(Tensor a, Tensor b) {
    try (Scope scope = Scope.open()) {
      return a.to(DType.FLOAT64).sub(b.to(DType.FLOAT64)).square().mean(false, 0).toDoubles();
    }
  }

  /**
   * Similarity of errors (SimE): the mean over sequences of the cosine between the errors of two
   * learners as vectors over the points. A learner without any error in a sequence is like nobody
   * but another such.
   *
   * @param a [sequences, n]
   * @param b [sequences, n]
   * @param y the labels [sequences, n]
   */
  public static double similarityOfErrors(Tensor a, Tensor b, Tensor y) {
    try (Scope scope = Scope.open()) {
      Tensor labels = y.to(DType.FLOAT64);
      return cosines(a.to(DType.FLOAT64).sub(labels), b.to(DType.FLOAT64).sub(labels))
          .mean()
          .item();
    }
  }

  /** The mean cosine of two learners' weights (SimW), [sequences, d] each. */
  public static double similarityOfWeights(Tensor a, Tensor b) {
    try (Scope scope = Scope.open()) {
      return cosines(a.to(DType.FLOAT64), b.to(DType.FLOAT64)).mean().item();
    }
  }

  private static Tensor cosines(Tensor a, Tensor b) {
    Tensor lengths = a.norm(false, 1).mul(b.norm(false, 1));
    Tensor zero = a.norm(false, 1).add(b.norm(false, 1)).eq(0).to(DType.FLOAT64);
    return a.mul(b).sum(false, 1).div(lengths.maximum(1e-300)).add(zero);
  }

  /**
   * The linear function that is nearest to what a learner has learned from some points.
   *
   * @param weights its coefficients, float64 [sequences, d]
   * @param linearity the share of the variance of its predictions that it explains, R^2
   */
  public record Induced(Tensor weights, double linearity) {}

  /**
   * Fits the function that a learner has after the given points, by least squares at fresh queries.
   *
   * @param points what it has seen [sequences, n, d]
   * @param deviations of the queries' coordinates
   * @param queries at least d + 1
   */
  public static Induced induced(
      Learner learner, LabelledPoints points, double[] deviations, int queries, Rng rng) {
    long d = points.dimensions();
    if (queries <= d) {
      throw new IllegalArgumentException(
          "%d coefficients need at least %d queries, were %d".formatted(d, d + 1, queries));
    }
    try (Scope scope = Scope.open()) {
      long b = points.sequences();
      Tensor x =
          rng.normal(1, queries, d).mul(Tensor.of(deviations, d).to(DType.FLOAT32)); // shared
      Tensor y = Tensor.zeros(queries * b, 1);
      Tensor seenX = repeat(points.x(), queries);
      Tensor seenY = repeat(points.y(), queries);
      Tensor asked =
          x.unsqueeze(1).expand(queries, b, d).reshape(queries * b, 1, d).to(points.x().dtype());
      LabelledPoints all =
          new LabelledPoints(seenX, seenY).then(new LabelledPoints(asked, y.to(asked.dtype())));
      Tensor says =
          learner.predict(all).select(1, points.count()).reshape(queries, b).to(DType.FLOAT64);
      Tensor rows = x.to(DType.FLOAT64);
      Tensor w = Linalg.leastSquares(rows, says, 0); // [d, sequences]
      double rest = says.sub(rows.matmul(w)).square().sum().item();
      double total = says.sub(says.mean(true, 0)).square().sum().item();
      return new Induced(scope.keep(w.t().contiguous()), 1 - rest / total);
    }
  }

  /** [b, ...] to [times b, ...], the whole batch again and again. */
  private static Tensor repeat(Tensor x, long times) {
    long[] sizes = x.shape().toArray();
    long[] expanded = new long[sizes.length + 1];
    expanded[0] = times;
    System.arraycopy(sizes, 0, expanded, 1, sizes.length);
    sizes[0] *= times;
    return x.unsqueeze(0).expand(expanded).reshape(sizes);
  }
}
