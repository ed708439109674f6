package org.lapidary.interpret.iclboolean;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.incontext.InContextModel;
import org.lapidary.interpret.incontext.InContextModel.Body;
import org.lapidary.interpret.tasks.BooleanPrompts;
import org.lapidary.interpret.tasks.BooleanPrompts.Functions;
import org.lapidary.interpret.tasks.BooleanPrompts.Sequence;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.SideBySide;

/**
 * Transformers and an LSTM that learn Boolean functions in context, beside the right learner of
 * each class; with and without a teaching sequence.
 */
public final class IclBooleanReproduction implements Reproduction {
  private static final int N = 8;
  private static final int M = 24;
  private static final int STORED = 8;
  private static final int LAST = 8;
  private static final int TAUGHT = 3;
  private static final int NEXT = 5;
  private static final Body TRANSFORMER = new Body.Transformer(3, 32, 4);
  private static final Body LSTM = new Body.Recurrent(1, 64);

  @Override
  public List<Long> defaultSeeds(Size size) {
    return size == Size.FULL ? List.of(0L, 1L) : List.of(0L);
  }

  /** Accuracies, means over seeds in the end. */
  private static final class Found {
    final List<List<Object>> rows = new ArrayList<>();
    final List<double[]> conjunction = new ArrayList<>(); // transformer, learner, majority
    final List<double[]> parity = new ArrayList<>(); // transformer, elimination
    final List<double[]> nearest = new ArrayList<>(); // transformer, LSTM
    final List<double[]> teaching = new ArrayList<>(); // taught, untaught, mixture on both
    final List<Figure.Series> curves = new ArrayList<>(); // of the first seed

    void add(Found other) {
      rows.addAll(other.rows);
      conjunction.addAll(other.conjunction);
      parity.addAll(other.parity);
      nearest.addAll(other.nearest);
      teaching.addAll(other.teaching);
      if (curves.isEmpty()) {
        curves.addAll(other.curves);
      }
    }
  }

  @Override
  public Outcome run(Setting setting) {
    List<Check> checks = new ArrayList<>();
    if (!setting.full()) {
      small(setting.seeds().getFirst(), checks);
      return new Outcome(checks, List.of());
    }
    Found found = new Found();
    SideBySide.map(
            "Boolean functions in context",
            setting.seeds(),
            (seed, quiet) -> study(seed),
            setting.progress())
        .forEach(found::add);
    checks(found, checks);
    return new Outcome(
        checks,
        List.of(
            new Figure.Table(
                "Accuracy",
                List.of("functions", "seed", "points", "learner", "accuracy"),
                found.rows),
            new Figure.Lines(
                "Conjunctions: accuracy after so many examples",
                "examples",
                "accuracy",
                found.curves)));
  }

  private static Found study(long seed) {
    Found found = new Found();
    InContextModel untaught = conjunction(seed, found);
    parity(seed, found);
    nearest(seed, found);
    teaching(seed, untaught, found);
    return found;
  }

  private static void small(long seed, List<Check> checks) {
    BooleanPrompts prompts = new BooleanPrompts(3, 8, new Functions.Conjunction());
    InContextModel model =
        new BooleanIcl(prompts, 0, BooleanIcl.training(300))
            .train(new Body.Transformer(2, 16, 2), seed, Progress.silent());
    List<Sequence> test = List.of(prompts.sequences(500, new Rng(seed).fork(40)));
    checks.add(
        Check.greater(
            "conjunctions of 3 variables, last point: transformer's accuracy minus the majority's",
            BooleanIcl.accuracy(model, test)[7]
                - BooleanLearner.accuracy(new BooleanLearner.MajorityLabel(), test)[7],
            0));
  }

  private static InContextModel conjunction(long seed, Found found) {
    BooleanPrompts prompts = new BooleanPrompts(N, M, new Functions.Conjunction());
    InContextModel model =
        new BooleanIcl(prompts, 0, BooleanIcl.training(1500))
            .train(TRANSFORMER, seed, Progress.silent());
    List<Sequence> test = List.of(prompts.sequences(2000, new Rng(seed).fork(41)));
    double[] own = BooleanIcl.accuracy(model, test);
    double[] learner = BooleanLearner.accuracy(new BooleanLearner.LiteralIntersection(), test);
    double[] majority = BooleanLearner.accuracy(new BooleanLearner.MajorityLabel(), test);
    double[] network =
        BooleanLearner.accuracy(
            new BooleanLearner.SmallNetwork(8, 60, 1, M - LAST, seed), test.subList(0, 200));
    found.conjunction.add(new double[] {end(own), end(learner), end(majority)});
    found.rows.add(row("conjunction", seed, "transformer", end(own)));
    found.rows.add(row("conjunction", seed, "literal intersection", end(learner)));
    found.rows.add(row("conjunction", seed, "small network", end(network)));
    found.rows.add(row("conjunction", seed, "majority label", end(majority)));
    if (found.curves.isEmpty()) {
      found.curves.add(curve("transformer", own));
      found.curves.add(curve("literal intersection", learner));
      found.curves.add(curve("majority label", majority));
    }
    return model;
  }

  private static void parity(long seed, Found found) {
    BooleanPrompts prompts = new BooleanPrompts(N, M, new Functions.Parity());
    InContextModel model =
        new BooleanIcl(prompts, 0, BooleanIcl.training(1000))
            .train(TRANSFORMER, seed, Progress.silent());
    // a subset without variables says the same of every point, which anyone learns
    List<Sequence> test = List.of(prompts.sequences(2000, new Rng(seed).fork(42)));
    double own = end(BooleanIcl.accuracy(model, test));
    double[] learner =
        BooleanLearner.accuracy(new BooleanLearner.Elimination(), spanned(prompts, seed));
    found.parity.add(new double[] {own, learner[M - 1]});
    found.rows.add(row("parity", seed, "transformer", own));
    found.rows.add(
        List.of("parity", seed, "last, full rank", "Gaussian elimination", learner[M - 1]));
  }

  /** Sequences whose points but the last have full rank over GF(2). */
  private static List<Sequence> spanned(BooleanPrompts prompts, long seed) {
    Rng rng = new Rng(seed).fork(43);
    return java.util.stream.Stream.generate(() -> prompts.sequence(rng))
        .filter(IclBooleanReproduction::fullRank)
        .limit(500)
        .toList();
  }

  private static boolean fullRank(Sequence s) {
    int[] basis = new int[N];
    int rank = 0;
    for (int i = 0; i < M - 1; i++) {
      int row = 0;
      for (int j = 0; j < N; j++) {
        row |= s.x()[i][j] < 0 ? 1 << j : 0;
      }
      for (int j = 0; j < N && row != 0; j++) {
        if ((row >> j & 1) == 1) {
          if (basis[j] == 0) {
            basis[j] = row;
            rank++;
            row = 0;
          } else {
            row ^= basis[j];
          }
        }
      }
    }
    return rank == N;
  }

  private static void nearest(long seed, Found found) {
    BooleanPrompts prompts = new BooleanPrompts(N, M, new Functions.NearestNeighbour(STORED));
    BooleanIcl icl = new BooleanIcl(prompts, 0, BooleanIcl.training(1500));
    List<Sequence> test = List.of(prompts.sequences(2000, new Rng(seed).fork(44)));
    double[] both = new double[2];
    for (int k = 0; k < 2; k++) {
      InContextModel model = icl.train(k == 0 ? TRANSFORMER : LSTM, seed, Progress.silent());
      double[] accuracy = BooleanIcl.accuracy(model, test);
      both[k] = Arrays.stream(accuracy, STORED, M).average().orElseThrow();
      found.rows.add(
          List.of("nearest neighbour", seed, "queries", k == 0 ? "transformer" : "LSTM", both[k]));
    }
    found.nearest.add(both);
  }

  private static void teaching(long seed, InContextModel untaught, Found found) {
    BooleanPrompts prompts = new BooleanPrompts(N, M, new Functions.Conjunction());
    InContextModel taught =
        new BooleanIcl(prompts, 1, BooleanIcl.training(1000))
            .train(TRANSFORMER, seed, Progress.silent());
    InContextModel mixture =
        new BooleanIcl(prompts, 0.5, BooleanIcl.training(2000))
            .train(TRANSFORMER, seed, Progress.silent());
    List<Sequence> plain = sequences(prompts, s -> s, seed);
    List<Sequence> with = sequences(prompts, Teaching::before, seed);
    double[] accuracies = {
      next(taught, with), next(untaught, plain), next(mixture, with), next(mixture, plain)
    };
    found.teaching.add(accuracies);
    found.rows.add(next("taught", seed, "model of taught sequences", accuracies[0]));
    found.rows.add(next("taught", seed, "model of both", accuracies[2]));
    found.rows.add(next("not taught", seed, "model of plain sequences", accuracies[1]));
    found.rows.add(next("not taught", seed, "model of both", accuracies[3]));
  }

  private static List<Sequence> sequences(
      BooleanPrompts prompts, UnaryOperator<Sequence> change, long seed) {
    Rng rng = new Rng(seed).fork(45);
    return java.util.stream.Stream.generate(() -> prompts.sequence(rng))
        .filter(s -> Teaching.length(s.literals()) - 2 <= TAUGHT)
        .limit(2000)
        .map(change)
        .toList();
  }

  /** Accuracy at the five points after as many as teach the function. */
  private static double next(InContextModel model, List<Sequence> sequences) {
    boolean[][] right = BooleanIcl.right(model, sequences);
    double sum = 0;
    for (int s = 0; s < right.length; s++) {
      int from = Teaching.length(sequences.get(s).literals());
      for (int i = from; i < from + NEXT; i++) {
        sum += right[s][i] ? 1 : 0;
      }
    }
    return sum / (NEXT * right.length);
  }

  private static void checks(Found found, List<Check> checks) {
    checks.add(
        Check.atLeast(
            "conjunctions, last 8 points: transformer", mean(found.conjunction, 0), 0.93));
    checks.add(
        Check.atMost(
            "conjunctions, last 8 points: literal intersection minus transformer",
            mean(found.conjunction, 1) - mean(found.conjunction, 0),
            0.04));
    checks.add(
        Check.atLeast(
            "conjunctions, last 8 points: transformer minus the majority label",
            mean(found.conjunction, 0) - mean(found.conjunction, 2),
            0.15));
    checks.add(Check.atMost("parities, last 8 points: transformer", mean(found.parity, 0), 0.6));
    checks.add(
        Check.equal(
            "parities, last point, earlier points of full rank: Gaussian elimination",
            mean(found.parity, 1),
            1));
    checks.add(
        Check.atLeast(
            "nearest neighbour, queries: transformer minus LSTM",
            mean(found.nearest, 0) - mean(found.nearest, 1),
            0.05));
    checks.add(
        Check.atLeast(
            "conjunctions, 5 points after teaching: transformer", mean(found.teaching, 0), 0.97));
    checks.add(
        Check.atLeast(
            "conjunctions, 5 points after as many: taught minus not taught",
            mean(found.teaching, 0) - mean(found.teaching, 1),
            0.05));
    checks.add(
        Check.atMost(
            "taught sequences: model of them minus model of both",
            mean(found.teaching, 0) - mean(found.teaching, 2),
            0.03));
    checks.add(
        Check.atMost(
            "plain sequences: model of them minus model of both",
            mean(found.teaching, 1) - mean(found.teaching, 3),
            0.03));
  }

  private static double end(double[] accuracy) {
    return Arrays.stream(accuracy, M - LAST, M).average().orElseThrow();
  }

  private static double mean(List<double[]> all, int which) {
    return all.stream().mapToDouble(v -> v[which]).average().orElseThrow();
  }

  private static List<Object> row(String functions, long seed, String learner, double accuracy) {
    return List.of(functions, seed, "last 8", learner, accuracy);
  }

  private static List<Object> next(String functions, long seed, String learner, double accuracy) {
    return List.of("conjunction, " + functions, seed, "next 5", learner, accuracy);
  }

  private static Figure.Series curve(String name, double[] accuracy) {
    double[] x = new double[accuracy.length];
    Arrays.setAll(x, i -> i);
    return new Figure.Series(name, x, accuracy);
  }
}
