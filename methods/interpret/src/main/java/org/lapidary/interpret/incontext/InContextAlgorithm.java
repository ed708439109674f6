package org.lapidary.interpret.incontext;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.interpret.tasks.LabelledPoints;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

/**
 * A textbook learner: predicts every label of a sequence from the points before it. Works in
 * float64. With X [i, d] and Y [i] the first i points, S = X^T X and lambda_max its largest
 * eigenvalue.
 */
public sealed interface InContextAlgorithm {

  /** The prediction of every label from the points before it, float64 [sequences, n]. */
  Tensor predict(LabelledPoints points);

  /** As it is called in tables. */
  String name();

  /** A learner that predicts w x. */
  sealed interface Linear extends InContextAlgorithm {

    /** w after the first i points, i = 0 .. n - 1: float64 [sequences, n, d]. */
    Tensor weights(LabelledPoints points);

    @Override
    default Tensor predict(LabelledPoints points) {
      return weights(points).mul(points.x().to(DType.FLOAT64)).sum(false, 2);
    }
  }

  /** A linear learner that improves w step by step; its {@code weights} are those of its last. */
  sealed interface Iterative extends Linear {

    /** How many steps it takes. */
    int steps();

    /** The weights after 0, 1, ..., {@code steps} steps. */
    List<Tensor> iterates(LabelledPoints points);

    @Override
    default Tensor weights(LabelledPoints points) {
      return iterates(points).getLast();
    }
  }

  /** The shortest w of those that fit best: the limit of ridge regression for lambda to 0. */
  record LeastSquares() implements Linear {
    private static final double RANK = 1e-12;

    @Override
    public Tensor weights(LabelledPoints points) {
      Prefixes p = Prefixes.of(points);
      Linalg.Eigh e = Linalg.eigh(p.gram());
      Tensor most = e.values().max(true, 2).maximum(1e-300);
      Tensor kept = e.values().gt(most.mul(RANK));
      Tensor inverse =
          Tensor.where(kept, e.values(), Tensor.ones(DType.FLOAT64, e.values().shape()))
              .reciprocal()
              .mul(kept.to(DType.FLOAT64));
      Tensor rotated = e.vectors().transpose(2, 3).matmul(p.moments().unsqueeze(3));
      return e.vectors().matmul(rotated.mul(inverse.unsqueeze(3))).squeeze(3);
    }

    @Override
    public String name() {
      return "least squares";
    }
  }

  /** (S + lambda I) w = X^T Y: the Bayes optimum for w ~ N(0, I) and noise of variance lambda. */
  record Ridge(double lambda) implements Linear {
    public Ridge {
      if (!(lambda > 0)) {
        throw new IllegalArgumentException(
            "lambda of ridge regression is above 0, was %s; for 0 there is LeastSquares"
                .formatted(lambda));
      }
    }

    @Override
    public Tensor weights(LabelledPoints points) {
      Prefixes p = Prefixes.of(points);
      Tensor eye = Tensor.eye(DType.FLOAT64, points.dimensions()).mul(lambda);
      return Linalg.solve(p.gram().add(eye), p.moments().unsqueeze(3)).squeeze(3);
    }

    @Override
    public String name() {
      return "ridge " + lambda;
    }
  }

  /**
   * One step of gradient descent from 0 with the step that is best on average over isotropic tasks:
   * w = X^T Y / (i + d + 1 + noise).
   */
  record OneGradientStep(double noise) implements Linear {
    @Override
    public Tensor weights(LabelledPoints points) {
      Prefixes p = Prefixes.of(points);
      Tensor seen = Tensor.arange(points.count()).to(DType.FLOAT64);
      return p.moments().div(seen.add(points.dimensions() + 1 + noise).unsqueeze(1));
    }

    @Override
    public String name() {
      return "one gradient step";
    }
  }

  /** w' = w - (S w - X^T Y) rate / lambda_max, from 0. */
  record GradientDescent(int steps, double rate) implements Iterative {
    public GradientDescent {
      atLeastNone(steps);
      if (!(rate > 0 && rate < 2)) {
        throw new IllegalArgumentException(
            "gradient descent converges for rates between 0 and 2 (over lambda_max), was " + rate);
      }
    }

    @Override
    public List<Tensor> iterates(LabelledPoints points) {
      Prefixes p = Prefixes.of(points);
      Tensor eta = p.largest().reciprocal().mul(rate).unsqueeze(3);
      Tensor moments = p.moments().unsqueeze(3);
      Tensor w = Tensor.zeros(DType.FLOAT64, moments.shape());
      List<Tensor> all = new ArrayList<>(List.of(w.squeeze(3)));
      for (int k = 0; k < steps; k++) {
        w = w.sub(p.gram().matmul(w).sub(moments).mul(eta));
        all.add(w.squeeze(3));
      }
      return all;
    }

    @Override
    public String name() {
      return "gradient descent";
    }
  }

  /**
   * Newton's iteration for the inverse (Schulz): M_0 = S / lambda_max^2, M' = 2 M - M S M, w = M
   * X^T Y; the start is half the largest that converges.
   */
  record IterativeNewton(int steps) implements Iterative {
    public IterativeNewton {
      atLeastNone(steps);
    }

    @Override
    public List<Tensor> iterates(LabelledPoints points) {
      Prefixes p = Prefixes.of(points);
      Tensor moments = p.moments().unsqueeze(3);
      Tensor m = p.gram().div(p.largest().square().unsqueeze(3));
      List<Tensor> all = new ArrayList<>(List.of(m.matmul(moments).squeeze(3)));
      for (int k = 0; k < steps; k++) {
        m = m.mul(2).sub(m.matmul(p.gram()).matmul(m));
        all.add(m.matmul(moments).squeeze(3));
      }
      return all;
    }

    @Override
    public String name() {
      return "iterative Newton";
    }
  }

  /** One pass over the points: w' = w - rate (w x_i - y_i) x_i, from 0. */
  record OnlineGradient(double rate) implements Linear {
    @Override
    public Tensor weights(LabelledPoints points) {
      LabelledPoints p = points.to(DType.FLOAT64);
      Tensor w = Tensor.zeros(DType.FLOAT64, Shape.of(p.sequences(), p.dimensions()));
      List<Tensor> all = new ArrayList<>();
      for (long i = 0; i < p.count(); i++) {
        all.add(w.unsqueeze(1));
        Tensor x = p.x().select(1, i);
        Tensor wrong = w.mul(x).sum(false, 1).sub(p.y().select(1, i));
        w = w.sub(x.mul(wrong.unsqueeze(1)).mul(rate));
      }
      return Tensor.concat(1, all);
    }

    @Override
    public String name() {
      return "online gradient descent";
    }
  }

  /**
   * The mean label of the k nearest points, or of all while there are fewer; 0 before the first.
   */
  record Nearest(int k) implements InContextAlgorithm {
    public Nearest {
      if (k < 1) {
        throw new IllegalArgumentException("nearest neighbours are at least 1, were " + k);
      }
    }

    @Override
    public Tensor predict(LabelledPoints points) {
      LabelledPoints p = points.to(DType.FLOAT64);
      Tensor norms = p.x().square().sum(true, 2);
      Tensor apart =
          norms.add(norms.transpose(1, 2)).sub(p.x().matmul(p.x().transpose(1, 2)).mul(2));
      List<Tensor> all =
          new ArrayList<>(List.of(Tensor.zeros(DType.FLOAT64, Shape.of(p.sequences(), 1))));
      for (long i = 1; i < p.count(); i++) {
        Tensor near = apart.select(1, i).slice(1, 0, i).neg().topk(Math.min(k, i), 1).indices();
        all.add(p.y().slice(1, 0, i).gather(1, near).mean(true, 1));
      }
      return Tensor.concat(1, all);
    }

    @Override
    public String name() {
      return k + " nearest";
    }
  }

  private static void atLeastNone(int steps) {
    if (steps < 0) {
      throw new IllegalArgumentException("steps are at least 0, were " + steps);
    }
  }
}
