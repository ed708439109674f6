package org.lapidary.interpret.blackboxsurrogate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.tensor.Rng;

/** The whole pipeline on tables of 1,000 columns of which 10 matter, with trees as baselines. */
public final class BlackBoxReproduction implements Reproduction {
  private static final int TOP = 25;
  private static final int CHANGED = 200;

  /** What one table gave. */
  private record Found(
      double inTop15,
      double randomInTop10,
      double forestFidelity,
      double treeFidelity,
      double randomFidelity,
      double boxAccuracy,
      double cartAccuracy,
      double boostedAccuracy,
      double comprehensiveness,
      double sufficiency,
      double rulesAgree,
      double flipsTree,
      double flipsBox,
      double passReal,
      double passPermuted) {}

  @Override
  public Outcome run(Setting setting) {
    List<Found> all = new ArrayList<>();
    List<List<Object>> rows = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    for (long seed : setting.seeds()) {
      Found f = measure(setting.full(), seed, figures);
      all.add(f);
      rows.add(
          List.of(
              seed,
              f.inTop15,
              f.boxAccuracy,
              f.cartAccuracy,
              f.boostedAccuracy,
              f.forestFidelity,
              f.treeFidelity,
              f.randomFidelity,
              f.comprehensiveness,
              f.sufficiency,
              f.flipsTree,
              f.flipsBox,
              f.passReal,
              f.passPermuted));
    }
    figures.add(
        new Figure.Table(
            "Black boxes and their surrogates",
            List.of(
                "seed",
                "columns that matter in the top 15, of 8",
                "accuracy",
                "CART",
                "boosted trees",
                "fidelity, forest",
                "tree",
                "forest on random columns",
                "comprehensiveness over random columns'",
                "sufficiency",
                "counterfactuals flip the tree",
                "and the black box",
                "columns above shadows",
                "with permuted labels"),
            rows));
    List<Check> checks = new ArrayList<>();
    checks.add(
        Check.equal(
            "rules of the tree: agreement with it on test rows", mean(all, f -> f.rulesAgree), 1));
    if (!setting.full()) {
      checks.add(
          Check.atLeast("columns that matter in the top 15, of 8", mean(all, f -> f.inTop15), 4));
      return new Outcome(checks, figures);
    }
    checks.add(
        Check.atLeast(
            "columns that matter in the top 15, of 8, least",
            all.stream().mapToDouble(Found::inTop15).min().orElseThrow(),
            7));
    checks.add(
        Check.atMost(
            "columns that matter in the top 10 of a random ranking",
            mean(all, f -> f.randomInTop10),
            1));
    checks.add(
        Check.atLeast(
            "fidelity of a forest on the top 25", mean(all, f -> f.forestFidelity), 0.88));
    checks.add(
        Check.atLeast("fidelity of a tree on the top 25", mean(all, f -> f.treeFidelity), 0.78));
    checks.add(
        Check.atMost(
            "fidelity of a forest on 25 random columns", mean(all, f -> f.randomFidelity), 0.65));
    checks.add(
        Check.atLeast(
            "accuracy: black box minus CART on all columns",
            mean(all, f -> f.boxAccuracy - f.cartAccuracy),
            0.03));
    checks.add(
        Check.reported(
            "accuracy: black box minus boosted trees on all columns",
            mean(all, f -> f.boxAccuracy - f.boostedAccuracy)));
    checks.add(
        Check.atLeast(
            "comprehensiveness of the top 25 minus that of 25 random columns",
            mean(all, f -> f.comprehensiveness),
            0.2));
    checks.add(Check.atMost("sufficiency of the top 25", mean(all, f -> f.sufficiency), 0.15));
    checks.add(
        Check.atLeast(
            "counterfactuals that flip the tree, share", mean(all, f -> f.flipsTree), 0.9));
    checks.add(
        Check.atLeast(
            "counterfactuals that flip the black box, share", mean(all, f -> f.flipsBox), 0.6));
    checks.add(
        Check.atMost(
            "labels permuted: columns above all shadows, most",
            all.stream().mapToDouble(Found::passPermuted).max().orElseThrow(),
            5));
    return new Outcome(checks, figures);
  }

  private static Found measure(boolean full, long seed, List<Figure> figures) {
    Rng rng = new Rng(seed).fork(70);
    int p = full ? 1000 : 60;
    int copies = full ? 100 : 10;
    Table drawn = BlackBoxData.draw(full ? 4000 : 1300, p, copies, rng.fork(0));
    int cut = full ? 3000 : 1000;
    Table.Scaling scaling = Table.Scaling.of(drawn.rows(0, cut));
    Table train = scaling.apply(drawn.rows(0, cut));
    Table test = scaling.apply(drawn.rows(cut, drawn.rows()));
    BlackBox box = BlackBox.fit(train, BlackBox.Settings.defaults(), seed);
    TabularExplainer explainer = TabularExplainer.fit(box, train, TOP, seed);
    int[] random = Arrays.copyOf(rng.fork(1).permutation(p), TOP);
    TabularExplainer blind =
        TabularExplainer.of(box, explainer.importance(), train, random, rng.fork(2));
    TabularExplainer.Fidelity fidelity = explainer.fidelity(test);
    TabularExplainer.Faithfulness top = TabularExplainer.faithfulness(box, test, explainer.top());
    TabularExplainer.Faithfulness other = TabularExplainer.faithfulness(box, test, random);
    DecisionTree cart = DecisionTree.fit(train, DecisionTree.Settings.defaults(), rng.fork(3));
    double boosted =
        full ? accuracy(test, Forest.boosted(train, 60, 3, 0.1, rng.fork(4))::classOf) : Double.NaN;
    double[] flips = flips(explainer, test);
    Table seen = test.columns(explainer.top());
    int agree = 0;
    for (float[] row : seen.x()) {
      agree += explainer.rules().classOf(row) == explainer.tree().classOf(row) ? 1 : 0;
    }
    if (figures.isEmpty()) {
      figures.add(rules(explainer, train));
    }
    return new Found(
        among(explainer.importance().top(15)),
        among(Arrays.copyOf(random, 10)),
        fidelity.forest(),
        fidelity.tree(),
        blind.fidelity(test).forest(),
        box.accuracy(test),
        accuracy(test, cart::classOf),
        boosted,
        top.comprehensiveness() - other.comprehensiveness(),
        top.sufficiency(),
        (double) agree / seen.rows(),
        flips[0],
        flips[1],
        full ? passing(train, seed) : Double.NaN,
        full ? passing(permuted(train, rng.fork(5)), seed) : Double.NaN);
  }

  private static Table permuted(Table table, Rng rng) {
    int[] order = rng.permutation(table.rows());
    return table.labelled(Arrays.stream(order).map(i -> table.y()[i]).toArray());
  }

  /** How many columns rank above all shadows. */
  private static double passing(Table table, long seed) {
    Rng rng = new Rng(seed).fork(71);
    Table both = table.withShadows(rng.fork(0));
    BlackBox box = BlackBox.fit(both, BlackBox.Settings.defaults(), seed);
    return Importance.of(box, both, 2, rng.fork(1)).aboveShadows(table.columns()).length;
  }

  private static double among(int[] columns) {
    Set<Integer> wanted = Arrays.stream(BlackBoxData.MARGINAL).boxed().collect(Collectors.toSet());
    return Arrays.stream(columns).filter(wanted::contains).count();
  }

  private static double accuracy(Table test, ToIntFunction<float[]> says) {
    return IntStream.range(0, test.rows())
            .filter(i -> says.applyAsInt(test.x()[i]) == test.y()[i])
            .count()
        / (double) test.rows();
  }

  /** Shares of counterfactuals that flip the tree, and that flip the black box. */
  private static double[] flips(TabularExplainer explainer, Table test) {
    int n = Math.min(CHANGED, test.rows());
    int[] before = explainer.box().classes(test.rows(0, n));
    Table seen = test.columns(explainer.top());
    float[][] moved = new float[n][];
    int ofTree = 0;
    int[] wanted = new int[n];
    for (int i = 0; i < n; i++) {
      float[] row = test.x()[i];
      wanted[i] = 1 - explainer.tree().classOf(seen.x()[i]);
      moved[i] = explainer.counterfactual(row, wanted[i]).map(Counterfactual::row).orElse(row);
      float[] small = new float[TOP];
      for (int j = 0; j < TOP; j++) {
        small[j] = moved[i][explainer.top()[j]];
      }
      ofTree += explainer.tree().classOf(small) == wanted[i] ? 1 : 0;
    }
    int[] after = explainer.box().classes(new Table(moved, before));
    int tried = 0;
    int ofBox = 0;
    for (int i = 0; i < n; i++) { // where the tree said what the black box said
      if (before[i] != wanted[i]) {
        tried++;
        ofBox += after[i] == wanted[i] ? 1 : 0;
      }
    }
    return new double[] {(double) ofTree / n, (double) ofBox / tried};
  }

  private static Figure rules(TabularExplainer explainer, Table train) {
    Table seen = train.columns(explainer.top()).labelled(explainer.box().classes(train));
    List<List<Object>> rows = new ArrayList<>();
    for (Rules.Rule rule : explainer.rules().pruned(seen, 0.005).rules()) {
      String when =
          rule.conditions().stream()
              .map(c ->
                  new Rules.Condition(explainer.top()[c.column()], c.threshold(), c.above())
                      .toString())
              .collect(Collectors.joining(" and "));
      rows.add(List.of(when, rule.then(), rule.coverage(), rule.confidence()));
    }
    return new Figure.Table(
        "Rules of the first table's tree, pruned",
        List.of("if", "then", "coverage", "confidence"),
        rows);
  }

  private static double mean(List<Found> all, ToDoubleFunction<Found> what) {
    return all.stream().mapToDouble(what).average().orElseThrow();
  }
}
