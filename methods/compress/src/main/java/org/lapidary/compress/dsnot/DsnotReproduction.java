package org.lapidary.compress.dsnot;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.compress.InputStatistics;
import org.lapidary.compress.Masks;
import org.lapidary.compress.Scores;
import org.lapidary.compress.Stories;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * stories260K, pruned row by row by Wanda or magnitude at 30 to 70% and to 2:4, before and after
 * the swaps, beside as many random swaps. Calibration and evaluation texts are written by the
 * model.
 */
public final class DsnotReproduction implements Reproduction {
  private static final int LENGTH = 128;

  @Override
  public List<String> data() {
    return List.of("stories260K");
  }

  private record Cell(List<Double> start, List<Double> refined, List<Double> random) {
    Cell() {
      this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }
  }

  @Override
  public Outcome run(Setting setting) {
    int texts = setting.full() ? 64 : 8;
    double[] levels = setting.full() ? new double[] {0.3, 0.5, 0.6, 0.7} : new double[] {0.5};
    Model model = Stories.model();
    Map<String, Cell> cells = new LinkedHashMap<>();
    List<Double> ratios = new ArrayList<>();
    List<Double> dense = new ArrayList<>();
    setting.progress().begin("pruning and swapping", setting.seeds().size() * levels.length * 2L);
    long step = 0;
    for (long seed : setting.seeds()) {
      int[][] calibration = Stories.texts(model, texts, LENGTH, 1000 + seed);
      int[][] evaluation = Stories.texts(model, texts, LENGTH, 5000 + seed);
      dense.add(loss(model, evaluation));
      for (Scores initial : List.of(Scores.WANDA, Scores.MAGNITUDE)) {
        Dsnot method = Dsnot.defaults().withInitial(initial);
        for (double level : levels) {
          measure(
              model,
              method.withSparsity(level),
              "" + level,
              calibration,
              evaluation,
              seed,
              cells,
              ratios);
          setting.progress().step(++step, initial + " " + level);
        }
        if (setting.full()) {
          measure(
              model, method.withPattern(2, 4), "2:4", calibration, evaluation, seed, cells, null);
        }
      }
    }
    setting.progress().end();
    return new Outcome(checks(setting, cells, ratios), List.of(table(cells, mean(dense))));
  }

  private static void measure(
      Model model,
      Dsnot method,
      String level,
      int[][] calibration,
      int[][] evaluation,
      long seed,
      Map<String, Cell> cells,
      @org.jspecify.annotations.Nullable List<Double> ratios) {
    Cell cell = cells.computeIfAbsent(method.initial() + " " + level, k -> new Cell());
    Model start = method.withCycles(0).compress(model, calibration);
    Dsnot.Result refined = method.apply(model, calibration);
    cell.start.add(loss(start, evaluation));
    cell.refined.add(loss(refined.model(), evaluation));
    cell.random.add(loss(randomSwaps(model, method, calibration, refined, seed), evaluation));
    if (ratios != null) {
      double before = 0;
      double after = 0;
      for (Dsnot.Refined r : refined.matrices().values()) {
        for (int i = 0; i < r.before().length; i++) {
          before += Math.abs(r.before()[i]);
          after += Math.abs(r.after()[i]);
        }
      }
      ratios.add(after / before);
    }
  }

  /** The control: as many swaps in every row, of random weights (inside their block for n:m). */
  private static Model randomSwaps(
      Model model, Dsnot method, int[][] calibration, Dsnot.Result like, long seed) {
    Model pruned = model.copy();
    Rng rng = new Rng(seed).fork(77);
    InputStatistics.blockwise(
        pruned,
        calibration,
        (matrices, statistics) ->
            matrices.forEach((path, linear) -> {
              try (Scope scope = Scope.open()) {
                Tensor w = linear.weight().tensor();
                InputStatistics inputs = java.util.Objects.requireNonNull(statistics.get(path));
                Tensor score = method.initial().of(w, inputs);
                boolean[] keep =
                    (method.n() > 0
                            ? Masks.structured(score, method.n(), method.m())
                            : Masks.perRow(score, method.sparsity()))
                        .toBooleans();
                int in = (int) w.size(1);
                int[] swaps = java.util.Objects.requireNonNull(like.matrices().get(path)).swaps();
                for (int r = 0; r < swaps.length; r++) {
                  for (int s = 0; s < swaps[r]; s++) {
                    swapOne(keep, r * in, in, method.m(), rng);
                  }
                }
                Masks.zero(linear, Tensor.of(keep, w.size(0), in));
              }
            }));
    return pruned;
  }

  private static void swapOne(boolean[] keep, int offset, int in, int m, Rng rng) {
    while (true) {
      int k = rng.nextInt(in);
      int l = m > 0 ? k - k % m + rng.nextInt(m) : rng.nextInt(in);
      if (!keep[offset + k] && keep[offset + l]) {
        keep[offset + k] = true;
        keep[offset + l] = false;
        return;
      }
    }
  }

  private static double loss(Model model, int[][] texts) {
    return LanguageModeling.evaluate(model, texts).mean();
  }

  private static List<Check> checks(Setting setting, Map<String, Cell> cells, List<Double> ratios) {
    List<Check> checks = new ArrayList<>();
    checks.add(Check.atMost("mean |eps| after / before", mean(ratios), 0.8));
    List<String> levels = setting.full() ? List.of("0.5", "0.6", "0.7") : List.of("0.5");
    for (String level : levels) {
      Cell magnitude = cell(cells, "MAGNITUDE " + level);
      checks.add(
          Check.atLeast(
              "nats gained over magnitude at " + level,
              mean(magnitude.start) - mean(magnitude.refined),
              0.2));
      checks.add(
          Check.greater(
              "nats lost by random swaps of magnitude at " + level,
              mean(magnitude.random) - mean(magnitude.start),
              0));
    }
    if (setting.full()) {
      for (String level : List.of("0.5", "0.6")) {
        Cell wanda = cell(cells, "WANDA " + level);
        checks.add(
            Check.greater(
                "nats gained over Wanda at " + level, mean(wanda.start) - mean(wanda.refined), 0));
        checks.add(
            Check.greater(
                "nats lost by random swaps of Wanda at " + level,
                mean(wanda.random) - mean(wanda.start),
                0));
      }
      Cell wanda = cell(cells, "WANDA 0.7");
      checks.add(
          Check.atMost(
              "nats lost against Wanda at 0.7", mean(wanda.refined) - mean(wanda.start), 0.05));
    }
    return checks;
  }

  private static Cell cell(Map<String, Cell> cells, String key) {
    return java.util.Objects.requireNonNull(cells.get(key), key);
  }

  private static Figure table(Map<String, Cell> cells, double dense) {
    List<List<Object>> rows = new ArrayList<>();
    cells.forEach(
        (key, c) -> rows.add(List.of(key, dense, mean(c.start), mean(c.refined), mean(c.random))));
    return new Figure.Table(
        "Loss on held-out text, nats per token",
        List.of("start mask", "dense", "start", "DSnoT", "random swaps"),
        rows);
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
  }
}
