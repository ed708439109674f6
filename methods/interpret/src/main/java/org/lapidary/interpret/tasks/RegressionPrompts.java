package org.lapidary.interpret.tasks;

import java.util.Arrays;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/**
 * Regression in context: a prompt shows n pairs (x_i, y_i) of a function drawn for it alone, y_i =
 * f(x_i) + eps, and asks for y at a query.
 *
 * @param examples n
 * @param deviations square roots of the variances of x's coordinates, which are independent and
 *     normal; their number is d
 * @param functions how f is drawn
 * @param noise the variance of eps, also at the query
 */
public record RegressionPrompts(
    int examples, double[] deviations, Functions functions, double noise) {

  /** How f is drawn. */
  public sealed interface Functions {

    /** f(x) = w x with w ~ N(0, S^-1), S the covariance of x: N(0, I) for isotropic inputs. */
    record Linear() implements Functions {}

    /**
     * f(x) = w x with w ~ N(0, I) whatever S is, and the axes of x rotated anew for every prompt,
     * so that no preconditioner can be learned.
     */
    record Rotated() implements Functions {}

    /** f(x) = w x with one w for all prompts, drawn from N(0, I) with a seed: nothing to learn. */
    record Fixed(long seed) implements Functions {}

    /**
     * f(x) = a relu(W x), a ~ N(0, I / width), W [width, d] ~ N(0, 1): its distribution does not
     * change under rotations of x.
     */
    record ReluNetwork(int width) implements Functions {}
  }

  /**
   * Prompts.
   *
   * <p>{@link #points} are their examples and the query as one sequence.
   *
   * @param x [prompts, n, d]
   * @param y [prompts, n]
   * @param query [prompts, d]
   * @param target [prompts], y at the query
   * @param slope [prompts, d]: E[f(x) S^-1 x], of all linear functions the nearest to f
   */
  public record Prompts(Tensor x, Tensor y, Tensor query, Tensor target, Tensor slope) {
    /** The n examples and then the query, n + 1 points. */
    public LabelledPoints points() {
      return new LabelledPoints(
          Tensor.concat(1, x, query.unsqueeze(1)), Tensor.concat(1, y, target.unsqueeze(1)));
    }

    /** sum over i of y_i x_i, [prompts, d]: minus half the gradient at 0 of the squared errors. */
    public Tensor moments() {
      return y.unsqueeze(1).matmul(x).squeeze(1);
    }

    /**
     * The ridge predictions at the queries, [prompts]; the Bayes optimum for w ~ N(0, I) if lambda
     * is the variance of the noise.
     */
    public Tensor ridge(double lambda) {
      Tensor xt = x.transpose(1, 2);
      Tensor gram = xt.matmul(x).add(Tensor.eye(x.dtype(), x.size(2)).mul(lambda));
      Tensor w = Linalg.solve(gram, xt.matmul(y.unsqueeze(2)));
      return query.unsqueeze(1).matmul(w).reshape(query.size(0));
    }
  }

  public RegressionPrompts {
    if (examples < 1 || deviations.length < 1 || !(noise >= 0)) {
      throw new IllegalArgumentException(
          "prompts need at least 1 example, 1 dimension and a noise of 0 or more, were given %d, %d and %s"
              .formatted(examples, deviations.length, noise));
    }
    if (Arrays.stream(deviations).anyMatch(s -> !(s > 0))) {
      throw new IllegalArgumentException(
          "deviations are above 0, were " + Arrays.toString(deviations));
    }
    deviations = deviations.clone();
  }

  /** Linear functions of inputs N(0, I). */
  public static RegressionPrompts isotropic(int d, int examples, double noise) {
    double[] ones = new double[d];
    Arrays.fill(ones, 1);
    return new RegressionPrompts(examples, ones, new Functions.Linear(), noise);
  }

  /**
   * Linear functions with w ~ N(0, I) of inputs whose covariance has eigenvalues in equal ratios,
   * the largest kappa times the smallest and their mean 1, and axes of its own in every prompt.
   */
  public static RegressionPrompts conditioned(int d, int examples, double kappa) {
    if (!(kappa >= 1)) {
      throw new IllegalArgumentException("a condition number is at least 1, was " + kappa);
    }
    double[] deviations = new double[d];
    for (int i = 0; i < d; i++) {
      deviations[i] = Math.pow(kappa, d == 1 ? 0 : i / (2.0 * (d - 1)));
    }
    double mean = Arrays.stream(deviations).map(s -> s * s).average().orElseThrow();
    double[] scaled = Arrays.stream(deviations).map(s -> s / Math.sqrt(mean)).toArray();
    return new RegressionPrompts(examples, scaled, new Functions.Rotated(), 0);
  }

  /** With other functions. */
  public RegressionPrompts with(Functions other) {
    return new RegressionPrompts(examples, deviations, other, noise);
  }

  /** d. */
  public int dimensions() {
    return deviations.length;
  }

  /** Draws prompts; float32, owned by the caller's scope. */
  public Prompts draw(int prompts, Rng rng) {
    int d = dimensions();
    Tensor scale = Tensor.of(deviations.clone(), d).to(org.lapidary.tensor.DType.FLOAT32);
    Tensor x = rng.normal(1, prompts, examples + 1L, d).mul(scale);
    Tensor values;
    Tensor slope;
    switch (functions) {
      case Functions.Linear ignored -> {
        slope = rng.normal(1, prompts, d).div(scale);
        values = x.matmul(slope.unsqueeze(2)).squeeze(2);
      }
      case Functions.Rotated ignored -> {
        x = x.matmul(Linalg.qr(rng.normal(1, prompts, d, d)).q());
        slope = rng.normal(1, prompts, d);
        values = x.matmul(slope.unsqueeze(2)).squeeze(2);
      }
      case Functions.Fixed one -> {
        slope = new Rng(one.seed()).normal(1, 1, d).expand(prompts, d);
        values = x.matmul(slope.unsqueeze(2)).squeeze(2);
      }
      case Functions.ReluNetwork net -> {
        Tensor a = rng.normal(1 / Math.sqrt(net.width()), prompts, net.width(), 1);
        Tensor w = rng.normal(1, prompts, net.width(), d);
        values = x.matmul(w.transpose(1, 2)).relu().matmul(a).squeeze(2);
        slope = w.transpose(1, 2).matmul(a).squeeze(2).mul(0.5); // Stein: E[relu(wx) x] = S w / 2
      }
    }
    Tensor y =
        noise == 0 ? values : values.add(rng.normal(Math.sqrt(noise), prompts, examples + 1L));
    return new Prompts(
        x.slice(1, 0, examples),
        y.slice(1, 0, examples),
        x.select(1, examples),
        y.select(1, examples),
        slope);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RegressionPrompts p
        && p.examples == examples
        && p.noise == noise
        && p.functions.equals(functions)
        && Arrays.equals(p.deviations, deviations);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(deviations) + 31 * examples + functions.hashCode();
  }

  @Override
  public String toString() {
    return "RegressionPrompts[examples=%d, deviations=%s, functions=%s, noise=%s]"
        .formatted(examples, Arrays.toString(deviations), functions, noise);
  }
}
