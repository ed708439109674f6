package org.lapidary.interpret.tasks;

import org.lapidary.tensor.DType;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * Sequences of points with their labels, to be learned from in context: at point i a learner has
 * seen (x_j, y_j) for j &lt; i and says y_i.
 *
 * @param x [sequences, n, d]
 * @param y [sequences, n]
 */
public record LabelledPoints(Tensor x, Tensor y) {

  public LabelledPoints {
    if (x.rank() != 3
        || y.rank() != 2
        || x.size(0) != y.size(0)
        || x.size(1) != y.size(1)
        || x.dtype() != y.dtype()) {
      throw new ShapeException(
          "labelled points are x [sequences, n, d] and y [sequences, n] of one type, were %s and %s"
              .formatted(x.type(), y.type()));
    }
  }

  public long sequences() {
    return x.size(0);
  }

  /** n. */
  public long count() {
    return x.size(1);
  }

  /** d. */
  public long dimensions() {
    return x.size(2);
  }

  /**
   * What a sequence model reads, [sequences, 2 n, d + 1]: the tokens (x_i, 0) and (0, y_i) in turn.
   */
  public Tensor tokens() {
    long b = sequences();
    long n = count();
    long d = dimensions();
    Tensor points = Tensor.concat(2, x, Tensor.zeros(x.dtype(), Shape.of(b, n, 1)));
    Tensor labels = Tensor.concat(2, Tensor.zeros(x.dtype(), Shape.of(b, n, d)), y.unsqueeze(2));
    return Tensor.concat(2, points, labels).reshape(b, 2 * n, d + 1);
  }

  /** The first points of every sequence. */
  public LabelledPoints first(long points) {
    return new LabelledPoints(x.slice(1, 0, points), y.slice(1, 0, points));
  }

  /** With other points after these. */
  public LabelledPoints then(LabelledPoints next) {
    return new LabelledPoints(Tensor.concat(1, x, next.x), Tensor.concat(1, y, next.y));
  }

  /** Of another floating-point type. */
  public LabelledPoints to(DType dtype) {
    return new LabelledPoints(x.to(dtype), y.to(dtype));
  }
}
