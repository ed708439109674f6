package org.lapidary.interpret.saeeval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * A direction for every value of every attribute that is known of a prompt: a^ = mu + sum over
 * attributes i of u_{i, value of i}.
 *
 * @param mean mu [width], float64
 * @param vectors for each attribute u [values, width], float64; their mean, weighted by how often
 *     values occur, is 0
 */
public record SupervisedDictionary(Tensor mean, List<Tensor> vectors) {

  public SupervisedDictionary {
    mean.unscoped();
    vectors = List.copyOf(vectors);
    vectors.forEach(Tensor::unscoped);
  }

  /**
   * u_{i, v} = E[a | i has the value v] - E[a].
   *
   * @param activations [prompt, width]
   * @param attributes [prompt][attribute], values from 0
   * @param sizes how many values each attribute has
   * @throws IllegalArgumentException if a value does not occur
   */
  public static SupervisedDictionary means(Tensor activations, int[][] attributes, int[] sizes) {
    try (Scope scope = Scope.open()) {
      Tensor a = check(activations, attributes, sizes);
      Tensor mean = a.mean(false, 0);
      Tensor hot = oneHot(attributes, sizes);
      Tensor counts = hot.sum(false, 0);
      Tensor each = hot.t().matmul(a.sub(mean)).div(counts.unsqueeze(1));
      return split(scope, mean, each, sizes);
    }
  }

  /**
   * The least squares of sum over prompts of |a - mu - sum_i u_{i, value}|^2. With attributes that
   * do not depend on one another it is {@link #means}.
   */
  public static SupervisedDictionary leastSquares(
      Tensor activations, int[][] attributes, int[] sizes) {
    try (Scope scope = Scope.open()) {
      Tensor a = check(activations, attributes, sizes);
      Tensor mean = a.mean(false, 0);
      Tensor hot = oneHot(attributes, sizes);
      // The one-hot columns of an attribute sum to 1; the smallest solution is among those that fit
      Tensor each = Linalg.leastSquares(hot, a.sub(mean), 1e-9);
      List<Tensor> centred = new ArrayList<>();
      long from = 0;
      for (int size : sizes) {
        Tensor u = each.slice(0, from, from + size);
        Tensor counts = hot.slice(1, from, from + size).sum(false, 0).unsqueeze(1);
        centred.add(u.sub(u.mul(counts).sum(true, 0).div(a.size(0))));
        from += size;
      }
      return split(scope, mean, Tensor.concat(0, centred), sizes);
    }
  }

  private static Tensor check(Tensor activations, int[][] attributes, int[] sizes) {
    if (activations.rank() != 2 || activations.size(0) != attributes.length) {
      throw new ShapeException(
          "a supervised dictionary needs activations [prompts, width] and as many rows of attributes, was given %s and %d"
              .formatted(activations.shape(), attributes.length));
    }
    for (int i = 0; i < sizes.length; i++) {
      boolean[] seen = new boolean[sizes[i]];
      for (int[] row : attributes) {
        if (row.length != sizes.length || row[i] < 0 || row[i] >= sizes[i]) {
          throw new IllegalArgumentException(
              "attributes %s do not fit the sizes %s"
                  .formatted(Arrays.toString(row), Arrays.toString(sizes)));
        }
        seen[row[i]] = true;
      }
      for (int v = 0; v < seen.length; v++) {
        if (!seen[v]) {
          throw new IllegalArgumentException(
              "no prompt has the value %d of attribute %d; give prompts with every value"
                  .formatted(v, i));
        }
      }
    }
    Tensor a = activations.to(DType.FLOAT64);
    if (!Double.isFinite(a.sum().item())) {
      throw new IllegalArgumentException("the activations hold values that are not finite");
    }
    return a;
  }

  /** [prompt, all values of all attributes], float64. */
  private static Tensor oneHot(int[][] attributes, int[] sizes) {
    int width = Arrays.stream(sizes).sum();
    double[] hot = new double[attributes.length * width];
    for (int p = 0; p < attributes.length; p++) {
      int from = p * width;
      for (int i = 0; i < sizes.length; i++) {
        hot[from + attributes[p][i]] = 1;
        from += sizes[i];
      }
    }
    return Tensor.of(hot, attributes.length, width);
  }

  private static SupervisedDictionary split(Scope scope, Tensor mean, Tensor each, int[] sizes) {
    List<Tensor> vectors = new ArrayList<>();
    long from = 0;
    for (int size : sizes) {
      vectors.add(scope.keep(each.slice(0, from, from + size).copy()));
      from += size;
    }
    return new SupervisedDictionary(scope.keep(mean), vectors);
  }

  /** a^ for prompts with these attributes, float32 [prompt, width]. */
  public Tensor reconstruct(int[][] attributes) {
    try (Scope scope = Scope.open()) {
      Tensor sum = mean.unsqueeze(0);
      for (int i = 0; i < vectors.size(); i++) {
        sum = sum.add(rows(i, attributes));
      }
      return scope.keep(sum.to(DType.FLOAT32));
    }
  }

  /** a - u_{i, from} + u_{i, to} for activations [prompt, width]; float32. */
  public Tensor edit(Tensor activations, int attribute, int[][] from, int[][] to) {
    try (Scope scope = Scope.open()) {
      Tensor moved = rows(attribute, to).sub(rows(attribute, from));
      return scope.keep(activations.to(DType.FLOAT64).add(moved).to(DType.FLOAT32));
    }
  }

  private Tensor rows(int attribute, int[][] attributes) {
    long[] at = Arrays.stream(attributes).mapToLong(row -> row[attribute]).toArray();
    return vectors.get(attribute).indexSelect(0, Tensor.of(at, at.length));
  }
}
