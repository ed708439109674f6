package org.lapidary.interpret.depth;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.evidence.Correlation;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Linear maps between the streams of two models on the same tokens.
 *
 * @param error {@code error[i][j]}: the share of the variance of B's layer j that the best linear
 *     map from A's layer i leaves unexplained on held-out tokens
 */
public record StitchMap(double[][] error) {

  /**
   * Fits a map with bias for every pair of layers by ridge regression.
   *
   * @param a streams of A by layer, each [tokens, dA]
   * @param b streams of B by layer, each [tokens, dB], the same tokens
   * @param ridge added to the mean square of a feature, 1e-3 in the paper's measure
   */
  public static StitchMap fit(List<Tensor> a, List<Tensor> b, double ridge) {
    long tokens = a.getFirst().size(0);
    long train = tokens / 2;
    double[][] error = new double[a.size()][b.size()];
    try (Scope outer = Scope.open()) {
      List<Tensor> targets = new ArrayList<>();
      for (Tensor t : b) {
        targets.add(t.detach().to(DType.FLOAT64));
      }
      for (int i = 0; i < a.size(); i++) {
        try (Scope scope = Scope.open()) {
          Tensor x = a.get(i).detach().to(DType.FLOAT64);
          Tensor mean = x.slice(0, 0, train).mean(true, 0);
          Tensor centred = x.sub(mean);
          Tensor fitX = centred.slice(0, 0, train);
          Tensor testX = centred.slice(0, train, tokens);
          for (int j = 0; j < b.size(); j++) {
            Tensor y = targets.get(j);
            Tensor yMean = y.slice(0, 0, train).mean(true, 0);
            Tensor w = Linalg.leastSquares(fitX, y.slice(0, 0, train).sub(yMean), ridge * train);
            Tensor test = y.slice(0, train, tokens);
            Tensor left = test.sub(yMean).sub(testX.matmul(w)).square().sum();
            Tensor all = test.sub(test.mean(true, 0)).square().sum();
            error[i][j] = left.div(all).item();
          }
        }
      }
    }
    return new StitchMap(error);
  }

  /** For each layer of B, the layer of A that maps best. */
  public int[] best() {
    int[] best = new int[error[0].length];
    for (int j = 0; j < best.length; j++) {
      for (int i = 1; i < error.length; i++) {
        if (error[i][j] < error[best[j]][j]) {
          best[j] = i;
        }
      }
    }
    return best;
  }

  /** Mean over j of |i*(j) / (layers of A - 1) - j / (layers of B - 1)|. */
  public double offDiagonal() {
    int[] best = best();
    double sum = 0;
    for (int j = 0; j < best.length; j++) {
      sum +=
          Math.abs(best[j] / Math.max(1.0, error.length - 1) - j / Math.max(1.0, best.length - 1));
    }
    return sum / best.length;
  }

  /** Spearman's rank correlation of i*(j) with j, ties at their mean rank. */
  public double spearman() {
    int[] best = best();
    double[] x = new double[best.length];
    double[] y = new double[best.length];
    for (int j = 0; j < best.length; j++) {
      x[j] = j;
      y[j] = best[j];
    }
    double rho = Correlation.spearman(x, y);
    return Double.isNaN(rho) ? 0 : rho;
  }
}
