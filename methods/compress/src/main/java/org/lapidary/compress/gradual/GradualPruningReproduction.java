package org.lapidary.compress.gradual;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleFunction;
import java.util.function.ToDoubleFunction;
import org.lapidary.compress.gradual.LargeSparseVsSmallDense.Row;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;

/**
 * Large sparse beside small dense networks of equal size: classifiers of hardened MNIST digits and
 * character LSTMs on tinyshakespeare; and pruning in one jump beside the ramp.
 */
public final class GradualPruningReproduction implements Reproduction {
  private static final double JUMP_SPARSITY = 0.95;
  private static final int CHARACTER_SEEDS = 2; // LSTMs take the longest, and vary the least

  @Override
  public List<String> data() {
    return List.of("mnist", "tinyshakespeare");
  }

  /** Sizes of one of the two experiments. */
  private record Plan(int large, List<Double> sparsities) {}

  /** All seeds of one experiment. */
  private record Found(List<List<Row>> rows, List<Double> dense, List<Double> jump) {
    Found() {
      this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }

    Estimate over(int level, ToDoubleFunction<Row> value) {
      return Estimate.of(
          rows.stream().mapToDouble(seed -> value.applyAsDouble(seed.get(level))).toArray());
    }

    static Estimate of(List<Double> values) {
      return Estimate.of(values.stream().mapToDouble(Double::doubleValue).toArray());
    }
  }

  @Override
  public Outcome run(Setting setting) {
    boolean full = setting.full();
    Plan digits = full ? new Plan(512, List.of(0.75, 0.875, 0.95)) : new Plan(128, List.of(0.875));
    Plan characters = full ? new Plan(256, List.of(0.75, 0.9)) : new Plan(48, List.of(0.75));
    DigitFamily.Recipe digitRecipe = full ? DigitFamily.FULL : DigitFamily.SMOKE;
    CharFamily.Recipe charRecipe = full ? CharFamily.FULL : CharFamily.SMOKE;
    Found a = new Found();
    Found b = new Found();
    setting.progress().begin("large sparse and small dense", 2L * setting.seeds().size());
    long done = 0;
    for (long seed : setting.seeds()) {
      DigitFamily family = new DigitFamily(digitRecipe, seed);
      a.rows.add(compare(family, digits, s -> GradualPruning.over(s, family.steps())));
      a.dense.add(family.train(digits.large(), null).quality());
      if (full) {
        GradualPruning jump =
            GradualPruning.of(CubicSchedule.jump(JUMP_SPARSITY, family.steps() * 7 / 10));
        a.jump.add(family.train(digits.large(), jump).quality());
      }
      setting.progress().step(++done, "digits, seed " + seed);
      if (b.rows.size() < CHARACTER_SEEDS) {
        b.rows.add(compare(new CharFamily(charRecipe, seed), characters, charRecipe::pruning));
      }
      setting.progress().step(++done, "characters, seed " + seed);
    }
    setting.progress().end();
    return new Outcome(
        checks(digits, a, characters, b, full),
        List.of(
            table("Digits, % correct of 2,000", digits, a),
            table("Characters, bits each", characters, b)));
  }

  private static List<Row> compare(
      LargeSparseVsSmallDense.Family family, Plan plan, DoubleFunction<GradualPruning> pruning) {
    return LargeSparseVsSmallDense.of(plan.large())
        .compare(family, plan.sparsities().stream().map(pruning::apply).toList());
  }

  private static List<Check> checks(Plan digits, Found a, Plan characters, Found b, boolean full) {
    List<Check> checks = new ArrayList<>();
    double dense = Found.of(a.dense).mean();
    for (int i = 0; i < digits.sparsities().size(); i++) {
      String name = percent(digits.sparsities().get(i));
      checks.add(
          Check.atLeast(
              "points of accuracy by which %s sparse beats dense of the same size".formatted(name),
              a.over(i, r -> r.sparse().quality() - r.dense().quality()).mean(),
              full ? 0.5 : 0));
    }
    for (int i = 0; i < characters.sparsities().size() && full; i++) {
      String name = percent(characters.sparsities().get(i));
      checks.add(
          Check.atLeast(
              "bits a character by which %s sparse beats dense of the same size".formatted(name),
              b.over(i, r -> r.dense().quality() - r.sparse().quality()).mean(),
              0.02));
    }
    if (full) {
      checks.add(
          Check.atLeast(
              "points of accuracy at 75% above the unpruned network",
              a.over(0, r -> r.sparse().quality()).mean() - dense, -1));
      checks.add(
          Check.greater(
              "points of accuracy by which the ramp beats one jump, 95% sparse",
              a.over(2, r -> r.sparse().quality()).mean() - Found.of(a.jump).mean(), 0));
      checks.add(
          Check.atMost(
              "largest difference of non-zeros and parameters of a pair, share",
              java.util.stream.Stream.of(a, b)
                  .flatMap(f -> f.rows.stream())
                  .flatMap(List::stream)
                  .mapToDouble(r ->
                      Math.abs(r.dense().nonZeros() - r.sparse().nonZeros())
                          / (double) r.sparse().nonZeros())
                  .max()
                  .orElseThrow(),
              0.03));
    }
    return checks;
  }

  private static Figure table(String title, Plan plan, Found found) {
    List<List<Object>> rows = new ArrayList<>();
    for (int i = 0; i < plan.sparsities().size(); i++) {
      Row first = found.rows.getFirst().get(i);
      rows.add(
          List.of(
              percent(plan.sparsities().get(i)),
              first.sparse().nonZeros(),
              found.over(i, r -> r.sparse().quality()).toString(),
              first.size(),
              first.dense().nonZeros(),
              found.over(i, r -> r.dense().quality()).toString(),
              found.over(i, r -> r.sparse().quality() - r.dense().quality()).toString()));
    }
    if (!found.dense.isEmpty()) {
      rows.add(List.of("unpruned", "", "", plan.large(), "", Found.of(found.dense).toString(), ""));
    }
    if (!found.jump.isEmpty()) {
      rows.add(
          List.of(
              percent(JUMP_SPARSITY) + " in one jump",
              "",
              Found.of(found.jump).toString(),
              "",
              "",
              "",
              ""));
    }
    return new Figure.Table(
        title,
        List.of(
            "sparsity",
            "non-zeros",
            "width %d, sparse".formatted(plan.large()),
            "dense width",
            "parameters",
            "dense",
            "difference"),
        rows);
  }

  private static String percent(double share) {
    return "%s%%".formatted(100 * share);
  }
}
