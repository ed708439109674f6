package org.lapidary.interpret.icllinear;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.interpret.icllinear.Primitive.Affine;
import org.lapidary.interpret.icllinear.Primitive.Divide;
import org.lapidary.interpret.icllinear.Primitive.Move;
import org.lapidary.interpret.icllinear.Primitive.Multiply;
import org.lapidary.interpret.icllinear.Primitive.Product;
import org.lapidary.interpret.icllinear.Tape.Places;
import org.lapidary.interpret.tasks.LabelledPoints;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * A transformer with weights set by hand that learns a linear function in context. It reads the
 * tokens (x_i, 0), (0, y_i), ... of n points; the last point is the query, whose label it ignores.
 * The points are taken one after the other, each by the same constant number of sublayers.
 */
public final class Construction {
  private final int d;
  private final int points;
  private final int width;
  private final Places start;
  private final double[] initial;
  private final Places weights;
  private final Places prediction;
  private final List<Primitive> sublayers;

  private Construction(
      int d,
      int points,
      int width,
      Places start,
      double[] initial,
      Places weights,
      Places prediction,
      List<Primitive> sublayers) {
    this.d = d;
    this.points = points;
    this.width = width;
    this.start = start;
    this.initial = initial;
    this.weights = weights;
    this.prediction = prediction;
    this.sublayers = List.copyOf(sublayers);
  }

  /**
   * One step of stochastic gradient descent at every point: w' = w - 2 a (x (w x - y) + lambda w).
   * Width O(d), 5 sublayers a step.
   *
   * @param start w before the first point [d]
   * @param points n, the query included
   * @param gelu the scale of products made of GeLU units; 0 for bilinear units
   */
  public static Construction gradientSteps(
      double[] start, int points, double rate, double lambda, double gelu) {
    int d = start.length;
    check(d, points);
    Tape tape = new Tape();
    Places token = tape.take(d + 1);
    Places x = token.part(0, d);
    Places y = token.at(d);
    Places w = tape.take(d);
    Places products = tape.take(d);
    Places residual = tape.take(1);
    Places gradient = tape.take(d);
    Places said = tape.take(1);
    Product product = product(gelu);
    int[] each = range(d);
    List<Primitive> all = new ArrayList<>();
    all.add(new Move(x, x, intoLabels(points)));
    for (int i = 0; i < points - 1; i++) {
      all.add(new Multiply(w, x, each, each, products, product));
      all.add(new Affine(products, residual, false, sum(d), 0));
      all.add(new Affine(y, residual, true, scaled(1, -1), 0));
      all.add(new Multiply(residual, x, new int[d], each, gradient, product));
      all.add(new Affine(w, gradient, true, scaled(d, lambda), 0));
      all.add(new Affine(gradient, w, true, scaled(d, -2 * rate), 0));
      all.add(new Move(w, w, after(points, 2 * i + 1)));
    }
    all.add(new Multiply(w, x, each, each, products, product));
    all.add(new Affine(products, said, false, sum(d), 0));
    return new Construction(d, points, tape.width(), w, start.clone(), w, said, all);
  }

  /**
   * Ridge regression by the formula of Sherman and Morrison: B' = B - (B x)(B x)^T / (1 + x B x)
   * from B = I / lambda, then w = B X^T Y. Width O(d^2), a constant number of sublayers a point.
   */
  public static Construction ridge(int d, int points, double lambda, double gelu) {
    check(d, points);
    if (!(lambda > 0)) {
      throw new IllegalArgumentException("lambda of ridge regression is above 0, was " + lambda);
    }
    Tape tape = new Tape();
    Places token = tape.take(d + 1);
    Places x = token.part(0, d);
    Places y = token.at(d);
    Places inverse = tape.take(d * d);
    Places moments = tape.take(d);
    Places carried = new Places(inverse.first(), d * d + d);
    Places square = tape.take(d * d);
    Places bx = tape.take(d);
    Places products = tape.take(d);
    Places denominator = tape.take(1);
    Places w = tape.take(d);
    Places said = tape.take(1);
    Product product = product(gelu);
    int[] each = range(d);
    int[] rows = new int[d * d];
    int[] columns = new int[d * d];
    for (int i = 0; i < d * d; i++) {
      rows[i] = i / d;
      columns[i] = i % d;
    }
    int[][] inRow = new int[d * d][];
    Arrays.setAll(inRow, i -> new int[] {i / d, i});
    Tensor rowSums = Tape.ones(d, d * d, inRow);
    List<Primitive> all = new ArrayList<>();
    all.add(new Move(x, x, intoLabels(points)));
    for (int i = 0; i < points - 1; i++) {
      all.add(new Multiply(inverse, x, range(d * d), columns, square, product));
      all.add(new Affine(square, bx, false, rowSums, 0));
      all.add(new Multiply(bx, x, each, each, products, product));
      all.add(new Affine(products, denominator, false, sum(d), 1));
      all.add(new Multiply(bx, bx, rows, columns, square, product));
      all.add(new Divide(square, denominator, square));
      all.add(new Affine(square, inverse, true, scaled(d * d, -1), 0));
      all.add(new Multiply(y, x, new int[d], each, products, product));
      all.add(new Affine(products, moments, true, scaled(d, 1), 0));
      all.add(new Move(carried, carried, after(points, 2 * i + 1)));
    }
    all.add(new Multiply(inverse, moments, range(d * d), columns, square, product));
    all.add(new Affine(square, w, false, rowSums, 0));
    all.add(new Multiply(w, x, each, each, products, product));
    all.add(new Affine(products, said, false, sum(d), 0));
    double[] initial = new double[d * d];
    for (int i = 0; i < d; i++) {
      initial[i * d + i] = 1 / lambda;
    }
    return new Construction(d, points, tape.width(), inverse, initial, w, said, all);
  }

  /** What it says of the query, float64 [sequences]. */
  public Tensor predict(LabelledPoints p) {
    return prediction.read(run(p)).select(1, 2 * points - 2).squeeze(1);
  }

  /** The weights with which it says so, float64 [sequences, d]. */
  public Tensor weights(LabelledPoints p) {
    return weights.read(run(p)).select(1, 2 * points - 2);
  }

  private Tensor run(LabelledPoints p) {
    if (p.dimensions() != d || p.count() != points) {
      throw new ShapeException(
          "this construction reads %d points of %d dimensions, was given %s"
              .formatted(points, d, p.x().type()));
    }
    Tensor tokens = p.to(DType.FLOAT64).tokens();
    Tensor stream =
        Tensor.concat(-1, tokens, Tape.zeros(p.sequences(), 2L * points, width - d - 1));
    stream = start.write(stream, Tensor.of(initial, 1, 1, initial.length));
    for (Primitive sublayer : sublayers) {
      stream = sublayer.apply(stream);
    }
    return stream;
  }

  /** How many sublayers it has. */
  public int depth() {
    return sublayers.size();
  }

  /** Width of its stream. */
  public int width() {
    return width;
  }

  private static void check(int d, int points) {
    if (d < 1 || points < 2) {
      throw new IllegalArgumentException(
          "a construction needs at least 1 dimension and 2 points, was asked for %d and %d"
              .formatted(d, points));
    }
  }

  private static Product product(double gelu) {
    return gelu == 0 ? new Product.Bilinear() : new Product.Gelu(gelu);
  }

  /** Every label's position reads its point's. */
  private static int[] intoLabels(int points) {
    int[] from = range(2 * points);
    for (int i = 0; i < points; i++) {
      from[2 * i + 1] = 2 * i;
    }
    return from;
  }

  /** All later positions read one. */
  private static int[] after(int points, int position) {
    int[] from = range(2 * points);
    Arrays.fill(from, position + 1, from.length, position);
    return from;
  }

  private static int[] range(int n) {
    int[] all = new int[n];
    Arrays.setAll(all, i -> i);
    return all;
  }

  private static Tensor sum(int d) {
    return Tape.zeros(1, d).add(1);
  }

  private static Tensor scaled(int d, double factor) {
    return Tensor.eye(DType.FLOAT64, d).mul(factor);
  }
}
