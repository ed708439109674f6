package org.lapidary.interpret.relativerepresentations;

import org.lapidary.interpret.similarity.Similarity;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * How far the neighbourhoods of two representations are the same once both are relative to the same
 * anchors: the mean Jaccard overlap of the k nearest. The representations may be of different
 * widths.
 *
 * @param projection to the anchors
 * @param anchors rows of both that are the anchors
 * @param k neighbours
 */
public record RelativeSimilarity(RelativeProjection projection, int[] anchors, int k)
    implements Similarity {

  @Override
  public double between(Tensor a, Tensor b) {
    return compare(a, b).jaccard();
  }

  /** All three figures. */
  public LatentAgreement compare(Tensor a, Tensor b) {
    Similarity.check(a, b);
    try (Scope scope = Scope.open()) {
      return LatentAgreement.of(relative(a), relative(b), k);
    }
  }

  private Tensor relative(Tensor x) {
    Tensor rows = x.detach();
    return projection.project(rows, rows.indexSelect(0, Tensor.of(anchors)));
  }
}
