package org.lapidary.interpret.topologicalrsa;

import org.lapidary.interpret.similarity.Dissimilarities;
import org.lapidary.interpret.similarity.Similarity;

/** What is done to a matrix of dissimilarities before it is compared. */
@FunctionalInterface
public interface Transform {

  Dissimilarities apply(Dissimilarities distances);

  /** Nothing: the dissimilarities as they are. */
  static Transform none() {
    return distances -> distances;
  }

  /** 1 / (1 + exp(-alpha (d - beta))) of the ranked dissimilarities. */
  static Transform sigmoid(double alpha, double beta) {
    return distances -> {
      double[] ranked = distances.ranked().upper();
      for (int i = 0; i < ranked.length; i++) {
        ranked[i] = 1 / (1 + Math.exp(-alpha * (ranked[i] - beta)));
      }
      return new Dissimilarities(distances.stimuli(), ranked);
    };
  }

  /** Pearson's correlation of the transformed squared Euclidean distances of two layers. */
  default Similarity similarity() {
    return (a, b) ->
        apply(Dissimilarities.euclidean(a)).pearson(apply(Dissimilarities.euclidean(b)));
  }
}
