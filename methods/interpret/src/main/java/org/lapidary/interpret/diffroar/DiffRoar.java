package org.lapidary.interpret.diffroar;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import org.lapidary.evidence.Estimate;
import org.lapidary.nn.Layer;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;

/**
 * DiffROAR: how much better new models learn from the pixels that an attribution ranks highest than
 * from those it ranks lowest.
 *
 * @param shares of pixels that are kept
 * @param retrains new models for each share and side
 * @param fill what the other pixels become
 * @param training of the new models
 */
public record DiffRoar(double[] shares, int retrains, double fill, RobustTraining training) {
  private static final long TOGETHER = 500;

  public DiffRoar {
    if (shares.length == 0 || retrains < 1) {
      throw new IllegalArgumentException(
          "DiffROAR needs at least one share and one retrained model, was given %d and %d"
              .formatted(shares.length, retrains));
    }
    shares = shares.clone();
  }

  /**
   * What retrained models reach with a share of the pixels.
   *
   * @param top test accuracy from the highest pixels
   * @param bottom from the lowest
   */
  public record Point(double share, Estimate top, Estimate bottom) {
    /** PP(top) - PP(bottom); about 0 for an attribution that knows nothing. */
    public double difference() {
      return top.mean() - bottom.mean();
    }
  }

  /**
   * Measures an attribution of a model.
   *
   * @param model that is explained
   * @param fresh a new model of the same family by seed, before training
   */
  public <M extends Layer & UnaryLayer> List<Point> of(
      UnaryLayer model,
      Attribution attribution,
      LongFunction<M> fresh,
      Classification train,
      Classification test,
      long seed) {
    try (Scope scope = Scope.open()) {
      return of(
          scores(model, attribution, train),
          scores(model, attribution, test),
          fresh,
          train,
          test,
          seed);
    }
  }

  /**
   * Measures given scores, of the shapes of both sets' inputs.
   *
   * @param fresh a new model by seed, before training
   */
  public <M extends Layer & UnaryLayer> List<Point> of(
      Tensor trainScores,
      Tensor testScores,
      LongFunction<M> fresh,
      Classification train,
      Classification test,
      long seed) {
    try (Scope scope = Scope.open()) {
      List<Point> points = new ArrayList<>();
      for (double share : shares) {
        Estimate[] sides = new Estimate[2];
        for (int side = 0; side < 2; side++) {
          try (Scope own = Scope.open()) {
            Unmasking unmasking = new Unmasking(share, side == 0, fill);
            Classification kept =
                new Classification(unmasking.apply(train.inputs(), trainScores), train.labels());
            Classification asked =
                new Classification(unmasking.apply(test.inputs(), testScores), test.labels());
            double[] accuracy = new double[retrains];
            for (int r = 0; r < retrains; r++) {
              M again = fresh.apply(seed * 1000 + r);
              training.train(again, kept, seed * 1000 + r);
              accuracy[r] = asked.accuracy(again::forward);
            }
            sides[side] = Estimate.of(accuracy);
          }
        }
        points.add(new Point(share, sides[0], sides[1]));
      }
      return points;
    }
  }

  /** The mean of {@link Point#difference} over the shares. */
  public static double mean(List<Point> points) {
    return points.stream().mapToDouble(Point::difference).average().orElseThrow();
  }

  /** Scores of all examples, in pieces. */
  static Tensor scores(UnaryLayer model, Attribution attribution, Classification data) {
    try (Scope scope = Scope.open()) {
      List<Tensor> pieces = new ArrayList<>();
      for (long from = 0; from < data.count(); from += TOGETHER) {
        long to = Math.min(data.count(), from + TOGETHER);
        try (Scope piece = Scope.open()) {
          pieces.add(
              piece.keep(
                  attribution.scores(
                      model, data.inputs().slice(0, from, to), data.labels().slice(0, from, to))));
        }
      }
      return scope.keep(Tensor.concat(0, pieces));
    }
  }
}
