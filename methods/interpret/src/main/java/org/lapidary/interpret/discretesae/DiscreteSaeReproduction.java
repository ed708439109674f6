package org.lapidary.interpret.discretesae;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.fixtures.TinyInduction;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.SideBySide;
import org.lapidary.tensor.Tensor;

/** Finds the induction heads of two trained models, and compares with what ablation says. */
public final class DiscreteSaeReproduction implements Reproduction {
  private static final int PREFIX = 24;
  private static final int LEARN = 10;
  private static final int DICTIONARIES = 5;
  private static final int RANDOM_SETS = 20;

  private record Found(
      long model,
      int truth,
      double area,
      double byCodes,
      double raw,
      double norm,
      double greedy,
      double f1,
      double seconds,
      double greedySeconds,
      double kept,
      double random,
      double spread,
      int wider,
      double widerArea,
      double widerKept,
      double widerSpread) {}

  @Override
  public Outcome run(Setting setting) {
    List<Long> models = setting.seeds().subList(0, Math.min(2, setting.seeds().size()));
    List<Found> all =
        SideBySide.map(
            "discrete dictionaries",
            models,
            (seed, quiet) -> find(seed, setting.full()),
            setting.progress());
    return new Outcome(checks(all, setting.full()), List.of(table(all)));
  }

  private static Found find(long seed, boolean full) {
    TinyInduction fixture =
        full ? TinyInduction.wide(seed) : TinyInduction.wide(seed).withTraining(20, 8);
    Model model = fixture.model();
    Rng rng = new Rng(seed).fork(0xD15C);
    InductionSet learn = InductionSet.draw(fixture.data(), PREFIX, LEARN, rng);
    InductionSet score = InductionSet.draw(fixture.data(), PREFIX, full ? 200 : 20, rng);
    HeadAblation ablation = new HeadAblation(model, score.positive(), score.all());
    boolean[] truth = truth(ablation, score.targets(), 0.1);
    boolean[] wider = truth(ablation, score.targets(), 0.05);
    try (Scope scope = Scope.open()) {
      Tensor yes = DiscreteSae.outputs(model, score.positive());
      Tensor no = DiscreteSae.outputs(model, score.negative());
      double raw = Roc.area(HeadCodes.largest(yes).shareOfPrompts(HeadCodes.largest(no)), truth);
      double[] norms = yes.mean(false, 0).sub(no.mean(false, 0)).norm(false, 1).toDoubles();
      long start = System.nanoTime();
      double[] greedy = ablation.greedy();
      double greedySeconds = (System.nanoTime() - start) / 1e9;
      double area = 0;
      double byCodes = 0;
      double f1 = 0;
      double seconds = 0;
      double kept = 0;
      int count = full ? DICTIONARIES : 1;
      DiscreteSae method = DiscreteSae.defaults();
      identify(model, method, learn, score); // so that the times are those of compiled code
      double widerArea = 0;
      double widerKept = 0;
      for (int i = 0; i < count; i++) {
        DiscreteSae.Found found = identify(model, method.withSeed(i), learn, score);
        area += Roc.area(found.scores(), truth) / count;
        byCodes += Roc.area(found.byCodes(), truth) / count;
        f1 += Roc.best(found.scores(), truth).f1() / count;
        seconds = Math.max(seconds, found.seconds());
        List<Integer> circuit = found.ranked().subList(0, size(truth));
        kept += kept(ablation, circuit, score.targets()) / count;
        widerArea += Roc.area(found.scores(), wider) / count;
        List<Integer> more = found.ranked().subList(0, size(wider));
        widerKept += kept(ablation, more, score.targets()) / count;
      }
      double random = 0;
      for (int i = 0; i < RANDOM_SETS; i++) {
        int[] order = rng.permutation(truth.length);
        List<Integer> set = Arrays.stream(order).limit(size(truth)).boxed().toList();
        random += kept(ablation, set, score.targets()) / RANDOM_SETS;
      }
      double[] range = {1, 0};
      double[] widerRange = {1, 0};
      for (double lambda : full ? new double[] {0.003, 0.01, 0.03} : new double[] {0.01}) {
        for (int features : full ? new int[] {100, 200, 400} : new int[] {50}) {
          DiscreteSae.Found found =
              identify(model, method.withSize(features, lambda), learn, score);
          extend(range, Roc.area(found.scores(), truth));
          extend(widerRange, Roc.area(found.scores(), wider));
        }
      }
      return new Found(
          seed,
          size(truth),
          area,
          byCodes,
          raw,
          Roc.area(norms, truth),
          Roc.area(greedy, truth),
          f1,
          seconds,
          greedySeconds,
          kept,
          random,
          range[1] - range[0],
          size(wider),
          widerArea,
          widerKept,
          widerRange[1] - widerRange[0]);
    }
  }

  private static void extend(double[] range, double value) {
    range[0] = Math.min(range[0], value);
    range[1] = Math.max(range[1], value);
  }

  private static DiscreteSae.Found identify(
      Model model, DiscreteSae method, InductionSet learn, InductionSet score) {
    return method.identify(model, learn.all(), score.positive(), score.negative());
  }

  /** The heads whose ablation takes a share or more of the target's advantage. */
  private static boolean[] truth(HeadAblation ablation, int[] targets, double share) {
    double whole = ablation.advantage(List.of(), targets);
    boolean[] truth = new boolean[ablation.heads()];
    boolean any = false;
    int most = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int h = 0; h < truth.length; h++) {
      double without = ablation.advantage(List.of(h), targets);
      truth[h] = without <= (1 - share) * whole;
      any |= truth[h];
      most = without < least ? h : most;
      least = Math.min(least, without);
    }
    truth[most] |= !any; // an untrained model has no head that matters so much
    return truth;
  }

  private static int size(boolean[] set) {
    int count = 0;
    for (boolean member : set) {
      count += member ? 1 : 0;
    }
    return count;
  }

  /** The share of the advantage that is left with all heads but some ablated. */
  private static double kept(HeadAblation ablation, List<Integer> heads, int[] targets) {
    List<Integer> others = new ArrayList<>(ablation.all());
    others.removeAll(heads);
    return ablation.advantage(others, targets) / ablation.advantage(List.of(), targets);
  }

  private static List<Check> checks(List<Found> all, boolean full) {
    double area = mean(all, Found::area);
    List<Check> checks = new ArrayList<>();
    if (!full) {
      checks.add(Check.atLeast("area under the ROC curve", area, 0));
      return checks;
    }
    checks.add(Check.atLeast("area under the ROC curve", area, 0.85));
    checks.add(Check.atLeast("area minus that of random scores", area - 0.5, 0.3));
    checks.add(
        Check.atLeast(
            "area minus that of the largest coordinate, without a dictionary",
            area - mean(all, Found::raw),
            0.03));
    checks.add(
        Check.less(
            "seconds, most", all.stream().mapToDouble(Found::seconds).max().orElseThrow(), 10));
    checks.add(
        Check.less(
            "seconds over those of the greedy ablation search, most",
            all.stream().mapToDouble(f -> f.seconds / f.greedySeconds).max().orElseThrow(),
            0.1));
    checks.add(
        Check.atLeast(
            "advantage of the target with only the heads found, share",
            mean(all, Found::kept),
            0.7));
    checks.add(Check.atMost("the same with as many random heads", mean(all, Found::random), 0.4));
    checks.add(
        Check.atMost(
            "area over lambda and F: largest minus smallest, most",
            all.stream().mapToDouble(Found::spread).max().orElseThrow(),
            0.1));
    checks.add(
        Check.reported(
            "area where heads that take a twentieth are the truth", mean(all, Found::widerArea)));
    checks.add(
        Check.reported(
            "advantage with only as many heads as take a twentieth, share",
            mean(all, Found::widerKept)));
    checks.add(
        Check.reported(
            "that area over lambda and F: largest minus smallest, most",
            all.stream().mapToDouble(Found::widerSpread).max().orElseThrow()));
    checks.add(Check.reported("area of the greedy ablation search", mean(all, Found::greedy)));
    checks.add(Check.reported("area of the norm of the mean difference", mean(all, Found::norm)));
    return checks;
  }

  private static double mean(List<Found> all, java.util.function.ToDoubleFunction<Found> what) {
    return all.stream().mapToDouble(what).average().orElse(Double.NaN);
  }

  private static Figure.Table table(List<Found> all) {
    List<List<Object>> rows = new ArrayList<>();
    for (Found f : all) {
      rows.add(
          List.of(
              f.model,
              f.truth,
              f.area,
              f.byCodes,
              f.raw,
              f.norm,
              f.greedy,
              f.f1,
              f.seconds,
              f.greedySeconds,
              f.kept,
              f.random,
              f.spread,
              f.wider,
              f.widerArea,
              f.widerKept,
              f.widerSpread));
    }
    return new Figure.Table(
        "Induction heads among 16",
        List.of(
            "model",
            "truth",
            "area by prompts",
            "area by codes",
            "largest coordinate",
            "norm of difference",
            "greedy search",
            "F1",
            "seconds",
            "greedy seconds",
            "kept",
            "kept by random",
            "spread",
            "heads of a twentieth",
            "their area",
            "their kept",
            "their spread"),
        rows);
  }
}
