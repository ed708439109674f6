package org.lapidary.compress;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** Which weights are kept: BOOL tensors of the weights' shapes, true where kept. */
public final class Masks {
  private Masks() {}

  /** Keeps all but floor(sparsity * in) of every row, by score [out, in]; ties keep the first. */
  public static Tensor perRow(Tensor score, double sparsity) {
    check(sparsity);
    long in = score.size(1);
    long drop = (long) Math.floor(sparsity * in);
    return keepLargest(score, in - drop);
  }

  /** Keeps all but floor(sparsity * n) weights of the whole matrix. */
  public static Tensor perMatrix(Tensor score, double sparsity) {
    check(sparsity);
    long n = score.elements();
    long drop = (long) Math.floor(sparsity * n);
    return keeping(score, n - drop);
  }

  /** Keeps exactly so many of a tensor of any shape; ties keep the first. */
  public static Tensor keeping(Tensor score, long count) {
    long n = score.elements();
    if (count < 0 || count > n) {
      throw new IllegalArgumentException(
          "of %d weights, 0 to %d can be kept, was %d".formatted(n, n, count));
    }
    return keepLargest(score.reshape(1, n), count).reshape(score.shape());
  }

  /** Keeps the n best of every group of m neighbours in a row. */
  public static Tensor structured(Tensor score, int n, int m) {
    if (n < 1 || n > m || score.size(1) % m != 0) {
      throw new IllegalArgumentException(
          "the pattern %d:%d does not fit rows of %d weights".formatted(n, m, score.size(1)));
    }
    Tensor groups = score.reshape(score.size(0) * (score.size(1) / m), m);
    return keepLargest(groups, n).reshape(score.shape());
  }

  /** Keeps all but floor(sparsity * n) weights over all matrices together. */
  public static Map<String, Tensor> global(Map<String, Tensor> scores, double sparsity) {
    check(sparsity);
    long n = scores.values().stream().mapToLong(Tensor::elements).sum();
    return keeping(scores, n - (long) Math.floor(sparsity * n));
  }

  /** Keeps exactly so many over all tensors together; ties keep the first. */
  public static Map<String, Tensor> keeping(Map<String, Tensor> scores, long count) {
    try (Scope scope = Scope.open()) {
      Tensor all =
          Tensor.concat(0, scores.values().stream().map(s -> s.reshape(s.elements())).toList());
      Tensor kept = keeping(all, count);
      Map<String, Tensor> masks = new LinkedHashMap<>();
      long from = 0;
      for (var e : scores.entrySet()) {
        long n = e.getValue().elements();
        masks.put(
            e.getKey(),
            scope.keep(kept.slice(0, from, from + n).reshape(e.getValue().shape()).copy()));
        from += n;
      }
      return masks;
    }
  }

  private static void check(double sparsity) {
    if (!(sparsity >= 0 && sparsity <= 1)) {
      throw new IllegalArgumentException("a sparsity is in [0, 1], was " + sparsity);
    }
  }

  private static Tensor keepLargest(Tensor rows, long keep) {
    Tensor order = rows.sort(1, true).indices().slice(1, 0, keep);
    Tensor ones = Tensor.ones(DType.FLOAT32, order.shape());
    return Tensor.zeros(DType.FLOAT32, rows.shape()).scatter(1, order, ones).to(DType.BOOL);
  }

  /** The share of weights that a mask drops. */
  public static double sparsity(Tensor mask) {
    return 1 - mask.to(DType.FLOAT64).mean().item();
  }

  /** A copy of the model with dropped weights at zero; kept ones are bitwise as before. */
  public static Model apply(Model model, Map<String, Tensor> masks) {
    Model copy = model.copy();
    Map<String, Linear> matrices = BlockMatrices.of(copy);
    masks.forEach((path, mask) -> {
      Linear linear = matrices.get(path);
      if (linear == null) {
        throw new IllegalArgumentException(
            "there is no matrix '%s'; there are %s".formatted(path, matrices.keySet()));
      }
      zero(linear, mask);
    });
    return copy;
  }

  /** Zeros the dropped weights of one matrix in place. */
  public static void zero(Linear linear, Tensor mask) {
    try (Scope scope = Scope.open()) {
      Tensor w = linear.weight().tensor().detach();
      linear.weight().set(scope.keep(w.maskedFill(mask.not(), 0)).contiguous());
    }
  }
}
