package org.lapidary.interpret.probe;

import java.util.Arrays;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/** What the best linear map reads from features: another network's features, or the class. */
public final class LinearReadout {
  private LinearReadout() {}

  private static final double RIDGE = 1e-3;

  /**
   * The same for the classes of n inputs, as one unit each.
   *
   * @param classes from 0
   */
  public static double explained(Tensor a, int[] classes) {
    int count = Arrays.stream(classes).max().orElse(-1) + 1;
    try (Scope scope = Scope.open()) {
      return explained(a, Tensor.of(classes).to(DType.INT64).oneHot(count).to(DType.FLOAT64));
    }
  }

  /**
   * The share of the variance of b [n, dB] that the best linear map from a [n, dA], fitted to the
   * first half of the rows, explains on the second.
   */
  public static double explained(Tensor a, Tensor b) {
    if (a.rank() != 2 || b.rank() != 2 || a.size(0) != b.size(0) || a.size(0) < 4) {
      throw new ShapeException(
          "features [n, dA] and [n, dB] of the same 4 or more inputs, were %s and %s"
              .formatted(a.shape(), b.shape()));
    }
    try (Scope scope = Scope.open()) {
      long n = a.size(0);
      long half = n / 2;
      Tensor x = a.detach().to(DType.FLOAT64);
      Tensor y = b.detach().to(DType.FLOAT64);
      Tensor meanX = x.slice(0, 0, half).mean(true, 0);
      Tensor meanY = y.slice(0, 0, half).mean(true, 0);
      Tensor centred = x.sub(meanX);
      Tensor w =
          Linalg.leastSquares(
              centred.slice(0, 0, half), y.slice(0, 0, half).sub(meanY), RIDGE * half);
      Tensor test = y.slice(0, half, n);
      Tensor left = test.sub(meanY).sub(centred.slice(0, half, n).matmul(w));
      double all = test.sub(test.mean(true, 0)).square().sum().item();
      return 1 - left.square().sum().item() / all;
    }
  }
}
