package org.lapidary.interpret.relativerepresentations;

import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * Embeddings by their likeness to anchors, r(x) = (s(x, a_1), ..., s(x, a_m)). Differentiable in
 * both. Costs O(n m d).
 *
 * @param likeness s
 * @param bins values are rounded to multiples of 1 / bins; 0 leaves them (rounding has no gradient)
 */
public record RelativeProjection(Likeness likeness, int bins) {

  /** What likeness is, and what it does not see. */
  public enum Likeness {
    /** The cosine: not rotations and scalings. */
    COSINE,
    /** Minus the Euclidean distance: not rotations and shifts. */
    EUCLIDEAN,
    /** Minus the sum of absolute differences: not shifts and permutations of units. */
    MANHATTAN
  }

  private static final double TINY = 1e-12;

  public RelativeProjection {
    if (bins < 0) {
      throw new IllegalArgumentException("bins must be 0 or more, were " + bins);
    }
  }

  /** The paper's: cosines, as they are. */
  public static RelativeProjection defaults() {
    return new RelativeProjection(Likeness.COSINE, 0);
  }

  /**
   * Projects.
   *
   * @param x [n, d]
   * @param anchors [m, d], embedded by the same network
   * @return [n, m]
   * @throws ShapeException if the embeddings are of different widths
   */
  public Tensor project(Tensor x, Tensor anchors) {
    if (x.rank() != 2 || anchors.rank() != 2 || x.size(1) != anchors.size(1)) {
      throw new ShapeException(
          "embeddings [n, d] and anchors [m, d] are of one network, were %s and %s"
              .formatted(x.shape(), anchors.shape()));
    }
    Tensor r =
        switch (likeness) {
          case COSINE -> unit(x).matmul(unit(anchors).t());
          case EUCLIDEAN -> differences(x, anchors).square().sum(false, 2).add(TINY).sqrt().neg();
          case MANHATTAN -> differences(x, anchors).abs().sum(false, 2).neg();
        };
    return bins == 0 ? r : r.mul(bins).round().div(bins);
  }

  private static Tensor differences(Tensor x, Tensor anchors) {
    return x.unsqueeze(1).sub(anchors.unsqueeze(0));
  }

  /** Rows over their norm; a row of zeros stays. */
  static Tensor unit(Tensor x) {
    return x.div(x.square().sum(true, 1).add(TINY).sqrt());
  }
}
