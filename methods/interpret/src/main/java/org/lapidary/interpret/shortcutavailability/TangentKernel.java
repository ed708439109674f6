package org.lapidary.interpret.shortcutavailability;

import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/** Kernels of infinitely wide networks, and regression with them. */
public enum TangentKernel {
  /**
   * The neural tangent kernel of f(x) = sqrt(2 / width) sum_i a_i relu(w_i x) with all weights
   * drawn from N(0, 1): |x| |x'| (sin t + (pi - t) cos t) / pi + x x' (pi - t) / pi, t the angle
   * between x and x' (Jacot et al., 2018; Cho and Saul, 2009).
   */
  RELU {
    @Override
    Tensor of(Tensor x, Tensor y) {
      Tensor products = x.matmul(y.t());
      Tensor norms = x.norm(true, 1).matmul(y.norm(true, 1).t());
      Tensor cosine = products.div(norms.maximum(1e-300)).clamp(-1, 1);
      Tensor sine = cosine.square().subtractFrom(1).maximum(0).sqrt();
      Tensor rest = sine.atan2(cosine).subtractFrom(Math.PI);
      return norms.mul(sine.add(rest.mul(cosine))).add(products.mul(rest)).div(Math.PI);
    }
  },
  /** The inner product, the kernel of a linear model. */
  LINEAR {
    @Override
    Tensor of(Tensor x, Tensor y) {
      return x.matmul(y.t());
    }
  };

  abstract Tensor of(Tensor x, Tensor y);

  /** The kernel of rows [n, d] and [m, d], float64 [n, m]. */
  public Tensor between(Tensor x, Tensor y) {
    if (x.rank() != 2 || y.rank() != 2 || x.size(1) != y.size(1)) {
      throw new ShapeException(
          "a kernel is of inputs [n, d] and [m, d], were %s and %s"
              .formatted(x.shape(), y.shape()));
    }
    return of(x.detach().to(DType.FLOAT64), y.detach().to(DType.FLOAT64));
  }

  /**
   * Kernel ridge regression.
   *
   * @param x inputs [n, d]
   * @param weights of the inputs' kernels, [n, 1]
   */
  public record Regression(TangentKernel kernel, Tensor x, Tensor weights) {

    public Regression {
      x.unscoped();
      weights.unscoped();
    }

    /** The predictions [m, 1] for inputs [m, d]. */
    public Tensor predict(Tensor inputs) {
      return kernel.between(inputs, x).matmul(weights);
    }
  }

  /**
   * Fits targets.
   *
   * @param x [n, d]
   * @param targets one for each row
   * @param ridge in means of the kernel's diagonal
   */
  public Regression fit(Tensor x, double[] targets, double ridge) {
    try (Scope scope = Scope.open()) {
      Tensor k = between(x, x);
      Tensor price = Tensor.eye(DType.FLOAT64, x.size(0)).mul(k.diagonal().mean().item() * ridge);
      Tensor y = Tensor.of(targets, targets.length, 1);
      return new Regression(this, x.copy(), Linalg.solve(k.add(price), y));
    }
  }
}
