package org.lapidary.interpret.projectionhead;

import java.util.Arrays;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * What a representation [n, d] is made of; made before and after a head, two of them say what the
 * head does.
 *
 * @param singular values of the centred representation over sqrt(n), from the largest down
 */
public record FeatureReport(double[] singular) {

  /** Of a representation [n, d]. */
  public static FeatureReport of(Tensor x) {
    if (x.rank() != 2 || x.size(0) < 2) {
      throw new ShapeException("a representation is [n, d] of 2 or more inputs, was " + x.shape());
    }
    try (Scope scope = Scope.open()) {
      double[] values = Linalg.svd(centred(x)).s().toDoubles();
      return new FeatureReport(Arrays.stream(values).map(v -> v / Math.sqrt(x.size(0))).toArray());
    }
  }

  /** exp of the entropy of the singular values as shares (Roy and Vetterli, 2007): 1 to d. */
  public double effectiveRank() {
    double sum = Arrays.stream(singular).sum();
    if (sum == 0) {
      return 0;
    }
    double entropy = 0;
    for (double s : singular) {
      entropy -= s > 0 ? s / sum * Math.log(s / sum) : 0;
    }
    return Math.exp(entropy);
  }

  private static Tensor centred(Tensor x) {
    Tensor wide = x.detach().to(DType.FLOAT64);
    return wide.sub(wide.mean(true, 0));
  }
}
