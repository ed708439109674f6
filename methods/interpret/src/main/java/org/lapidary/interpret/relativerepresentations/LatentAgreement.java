package org.lapidary.interpret.relativerepresentations;

import org.lapidary.interpret.similarity.Similarity;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * How well two spaces can be used as one: every sample's code in A looks for its likes, by cosine,
 * among the codes in B.
 *
 * @param jaccard the overlap |A n B| / |A u B| of its k nearest in A and in B, itself left out, the
 *     mean
 * @param reciprocalRank 1 over the place of its own code in B, the mean
 * @param cosine of its two codes, the mean
 */
public record LatentAgreement(double jaccard, double reciprocalRank, double cosine) {

  /**
   * Compares codes of the same samples.
   *
   * @param a [n, d]
   * @param b [n, d]
   * @param k neighbours, 1 to n - 1
   */
  public static LatentAgreement of(Tensor a, Tensor b, int k) {
    Similarity.check(a, b);
    if (a.size(1) != b.size(1)) {
      throw new ShapeException(
          "codes that are to be used as one have one width, were %s and %s; make them relative first"
              .formatted(a.shape(), b.shape()));
    }
    if (k < 1 || k >= a.size(0)) {
      throw new IllegalArgumentException(
          "%d samples have 1 to %d neighbours, not %d".formatted(a.size(0), a.size(0) - 1, k));
    }
    try (Scope scope = Scope.open()) {
      Tensor from = RelativeProjection.unit(a.detach().to(DType.FLOAT64));
      Tensor to = RelativeProjection.unit(b.detach().to(DType.FLOAT64));
      Tensor across = from.matmul(to.t());
      Tensor self = Tensor.eye(DType.FLOAT64, a.size(0)).mul(3);
      Tensor own = neighbours(from.matmul(from.t()).sub(self), k);
      Tensor other = neighbours(across.sub(self), k);
      Tensor shared = own.mul(other).sum(false, 1);
      Tensor pairs = across.diagonal();
      Tensor place = across.gt(pairs.unsqueeze(1)).to(DType.FLOAT64).sum(false, 1).add(1);
      return new LatentAgreement(
          shared.div(shared.subtractFrom(2 * k)).mean().item(),
          place.reciprocal().mean().item(),
          pairs.mean().item());
    }
  }

  /** 1 at the k highest of every row, else 0. */
  private static Tensor neighbours(Tensor likeness, int k) {
    return likeness.topk(k, 1).indices().oneHot(likeness.size(1)).sum(false, 1).to(DType.FLOAT64);
  }
}
