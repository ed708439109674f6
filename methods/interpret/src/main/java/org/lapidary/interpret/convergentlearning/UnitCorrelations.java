package org.lapidary.interpret.convergentlearning;

import java.util.Arrays;
import org.lapidary.interpret.similarity.Similarity;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * Pearson's correlations of the units of two layers over the same samples. A unit that never varies
 * has the correlation 0 with all, itself included.
 *
 * @param between c [unit of A][unit of B]
 * @param withinA [unit of A][unit of A]
 * @param withinB [unit of B][unit of B]
 * @param meanA of each unit
 * @param meanB of each unit
 */
public record UnitCorrelations(
    double[][] between, double[][] withinA, double[][] withinB, double[] meanA, double[] meanB) {

  /** Sums over batches, so that the samples need not fit into memory. */
  public static final class Sums implements AutoCloseable {
    private final Tensor products; // sums of z z^T, z = (a, b, 1), [A + B + 1, A + B + 1], float64
    private final long unitsA;
    private final long unitsB;

    /** For layers of so many units. */
    public Sums(long unitsA, long unitsB) {
      this.unitsA = unitsA;
      this.unitsB = unitsB;
      long all = unitsA + unitsB + 1;
      products = Tensor.zeros(DType.FLOAT64, Shape.of(all, all)).unscoped();
    }

    /** Adds samples a [n, A], b [n, B]. */
    public Sums add(Tensor a, Tensor b) {
      if (a.rank() != 2
          || b.rank() != 2
          || a.size(0) != b.size(0)
          || a.size(1) != unitsA
          || b.size(1) != unitsB) {
        throw new ShapeException(
            "activations of the same samples are [n, %d] and [n, %d], were %s and %s"
                .formatted(unitsA, unitsB, a.shape(), b.shape()));
      }
      try (Scope scope = Scope.open()) {
        Tensor ones = Tensor.ones(DType.FLOAT64, Shape.of(a.size(0), 1));
        Tensor z =
            Tensor.concat(1, a.detach().to(DType.FLOAT64), b.detach().to(DType.FLOAT64), ones);
        Tensor sum = products.add(z.t().matmul(z)).contiguous();
        products.segment().copyFrom(sum.segment());
      }
      return this;
    }

    /** What the samples so far have in common. */
    public UnitCorrelations correlations() {
      int last = (int) (unitsA + unitsB);
      double[] flat = products.toDoubles();
      int width = last + 1;
      double n = flat[flat.length - 1];
      double[] mean = new double[last];
      double[] deviation = new double[last];
      for (int i = 0; i < last; i++) {
        mean[i] = flat[i * width + last] / n;
        double square = flat[i * width + i] / n;
        double variance = square - mean[i] * mean[i];
        // below rounding errors of the sums a unit counts as constant
        deviation[i] = variance > 1e-12 * square ? Math.sqrt(variance) : 0;
      }
      double[][] all = new double[last][last];
      for (int i = 0; i < last; i++) {
        for (int j = 0; j < last; j++) {
          double scale = deviation[i] * deviation[j];
          all[i][j] = scale == 0 ? 0 : (flat[i * width + j] / n - mean[i] * mean[j]) / scale;
        }
      }
      int a = (int) unitsA;
      return new UnitCorrelations(
          block(all, 0, a, a, last),
          block(all, 0, a, 0, a),
          block(all, a, last, a, last),
          Arrays.copyOf(mean, a),
          Arrays.copyOfRange(mean, a, last));
    }

    @Override
    public void close() {
      products.close();
    }
  }

  /** Of activations [n, A] and [n, B]; see {@link #units} for maps. */
  public static UnitCorrelations of(Tensor a, Tensor b) {
    Similarity.check(a, b);
    try (Sums sums = new Sums(a.size(1), b.size(1))) {
      return sums.add(a, b).correlations();
    }
  }

  /** Every place of a map [batch, channels, height, width] as a sample: [n, channels]. */
  public static Tensor units(Tensor maps) {
    return maps.permute(0, 2, 3, 1).flatten(0, 2);
  }

  private static double[][] block(double[][] all, int top, int bottom, int left, int right) {
    double[][] block = new double[bottom - top][];
    for (int i = top; i < bottom; i++) {
      block[i - top] = Arrays.copyOfRange(all[i], left, right);
    }
    return block;
  }
}
