package org.lapidary.interpret.projectionhead;

import org.lapidary.tensor.DType;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/** Losses that pull the two views of an example together and others apart; all differentiable. */
public final class ContrastiveLoss {
  private ContrastiveLoss() {}

  private static final double NEVER = -1e9;

  /**
   * Spectral: -2 mean z_i z'_i + mean over i != j of (z_i z'_j)^2 (HaoChen et al., 2021).
   *
   * @param z first views [n, d]
   * @param other second views [n, d]
   */
  public static Tensor spectral(Tensor z, Tensor other) {
    check(z, other);
    long n = z.size(0);
    Tensor products = z.matmul(other.t());
    Tensor pairs = products.diagonal();
    Tensor apart = products.square().sum().sub(pairs.square().sum()).div(n * (n - 1.0));
    return apart.sub(pairs.mean().mul(2));
  }

  /**
   * SimCLR's (Chen et al., 2020): the cross-entropy of finding the other view of an example among
   * the 2n - 1 other views, by cosine over a temperature.
   */
  public static Tensor infoNce(Tensor z, Tensor other, double temperature) {
    check(z, other);
    long n = z.size(0);
    Tensor all = unit(Tensor.concat(0, z, other));
    Tensor logits = withoutSelf(all.matmul(all.t()).div(temperature));
    long[] partner = new long[(int) (2 * n)];
    for (int i = 0; i < 2 * n; i++) {
      partner[i] = (i + n) % (2 * n);
    }
    return logits.crossEntropy(Tensor.of(partner));
  }

  /**
   * Supervised contrastive (Khosla et al., 2020): the same, where every view of the same class is
   * one to find.
   *
   * @param labels INT64 [n] of both views
   */
  public static Tensor supervised(Tensor z, Tensor other, Tensor labels, double temperature) {
    check(z, other);
    Tensor all = unit(Tensor.concat(0, z, other));
    long n = all.size(0);
    Tensor both = Tensor.concat(0, labels, labels);
    Tensor same = both.unsqueeze(1).eq(both.unsqueeze(0)).to(DType.FLOAT32);
    Tensor positive = same.sub(Tensor.eye(DType.FLOAT32, n)).to(all.dtype());
    Tensor log = withoutSelf(all.matmul(all.t()).div(temperature)).logSoftmax(1);
    Tensor counted = log.mul(positive).sum(false, 1).div(positive.sum(false, 1));
    return counted.mean().neg();
  }

  private static Tensor withoutSelf(Tensor logits) {
    return logits.add(Tensor.eye(DType.FLOAT32, logits.size(0)).mul(NEVER).to(logits.dtype()));
  }

  private static Tensor unit(Tensor z) {
    return z.div(z.square().sum(true, 1).add(1e-12).sqrt());
  }

  private static void check(Tensor z, Tensor other) {
    if (z.rank() != 2 || !z.shape().equals(other.shape()) || z.size(0) < 2) {
      throw new ShapeException(
          "two views are [n, d] of the same 2 or more examples, were %s and %s"
              .formatted(z.shape(), other.shape()));
    }
  }
}
