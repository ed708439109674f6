package org.lapidary.interpret.probe;

import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * A linear classifier of two classes: p(label) = sigmoid(w x + b), fitted by Newton's method to the
 * mean logistic loss plus l2 / 2 ||w||^2. A step costs O(n d^2 + d^3).
 *
 * @param weight w [d], float64
 * @param bias b
 */
public record LogisticProbe(Tensor weight, double bias) {
  private static final int STEPS = 50;
  private static final double TOLERANCE = 1e-9;

  public LogisticProbe {
    weight.unscoped();
  }

  /**
   * Fits a probe.
   *
   * @param x [n, d]
   * @param labels of the n rows
   * @param l2 above 0, so that separable classes have a solution
   * @throws IllegalArgumentException if there is only one class
   */
  public static LogisticProbe fit(Tensor x, boolean[] labels, double l2) {
    if (x.rank() != 2 || x.size(0) != labels.length) {
      throw new ShapeException(
          "a probe needs activations [n, d] and n labels, was given %s and %d"
              .formatted(x.shape(), labels.length));
    }
    if (!(l2 > 0)) {
      throw new IllegalArgumentException("l2 must be above 0, was " + l2);
    }
    int positive = 0;
    for (boolean label : labels) {
      positive += label ? 1 : 0;
    }
    if (positive == 0 || positive == labels.length) {
      throw new IllegalArgumentException("all %d labels are the same".formatted(labels.length));
    }
    try (Scope scope = Scope.open()) {
      long n = x.size(0);
      long d = x.size(1);
      Tensor rows =
          Tensor.concat(1, x.detach().to(DType.FLOAT64), Tensor.ones(DType.FLOAT64, column(n)));
      Tensor y = Tensor.of(labels).to(DType.FLOAT64).unsqueeze(1);
      Tensor ridge = Tensor.concat(0, Tensor.ones(DType.FLOAT64, column(d)).mul(l2), tiny());
      Tensor theta = Tensor.zeros(DType.FLOAT64, column(d + 1));
      double loss = loss(rows, y, ridge, theta);
      for (int step = 0; step < STEPS; step++) {
        Tensor p = rows.matmul(theta).sigmoid();
        Tensor gradient = rows.t().matmul(p.sub(y)).div(n).add(theta.mul(ridge));
        Tensor curvature =
            rows.t().matmul(rows.mul(p.mul(p.subtractFrom(1)))).div(n).add(diagonal(ridge));
        Tensor direction = Linalg.solve(curvature, gradient);
        double length = 1;
        Tensor next = theta.sub(direction);
        double lower = loss(rows, y, ridge, next);
        while (lower > loss && length > 1e-6) { // damped, far from the solution
          length /= 2;
          next = theta.sub(direction.mul(length));
          lower = loss(rows, y, ridge, next);
        }
        double moved = direction.abs().max().item() * length;
        theta = next;
        loss = lower;
        if (moved < TOLERANCE * (1 + theta.abs().max().item())) {
          break;
        }
      }
      return new LogisticProbe(
          theta.slice(0, 0, d).reshape(d).copy(), theta.slice(0, d, d + 1).item());
    }
  }

  private static org.lapidary.tensor.Shape column(long n) {
    return org.lapidary.tensor.Shape.of(n, 1);
  }

  /** The bias is nearly free. */
  private static Tensor tiny() {
    return Tensor.full(DType.FLOAT64, column(1), 1e-9);
  }

  private static Tensor diagonal(Tensor column) {
    return Tensor.eye(DType.FLOAT64, column.size(0)).mul(column);
  }

  private static double loss(Tensor rows, Tensor y, Tensor ridge, Tensor theta) {
    Tensor logits = rows.matmul(theta);
    Tensor nats = logits.softplus().sub(logits.mul(y)).mean();
    return nats.item() + theta.square().mul(ridge).sum().item() / 2;
  }

  /** w x + b for rows [n, d]. */
  public double[] scores(Tensor x) {
    try (Scope scope = Scope.open()) {
      return x.detach()
          .to(DType.FLOAT64)
          .matmul(weight.unsqueeze(1))
          .add(bias)
          .reshape(x.size(0))
          .toDoubles();
    }
  }

  /** The share of rows that it classifies as labelled. */
  public double accuracy(Tensor x, boolean[] labels) {
    double[] scores = scores(x);
    int right = 0;
    for (int i = 0; i < scores.length; i++) {
      right += (scores[i] > 0) == labels[i] ? 1 : 0;
    }
    return (double) right / scores.length;
  }
}
