package org.lapidary.compress.layerwise;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.lapidary.compress.InputStatistics;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;

/**
 * Character GPTs of 4, 8 and 12 blocks on tinyshakespeare, lowered block by block from 4 to 2 bits
 * in groups of 64, in the order of LIM, of ZD, of their reverses and at random; dropped blocks
 * beside them at equal size; and a quantiser of columns with and without targets for each block.
 */
public final class LayerwiseQuantReproduction implements Reproduction {
  private static final int GROUP = 64;
  private static final int HIGH = 4;
  private static final int LOW = 2;
  private static final int WHOLE = 8;
  private static final List<Integer> LOWERED = List.of(4, 3, 2);
  private static final int RANDOM_ORDERS = 5;
  private static final double[] AVERAGES = {2.5, 3, 3.5};
  private static final double SPREAD = 1;

  @Override
  public List<String> data() {
    return List.of("tinyshakespeare");
  }

  /**
   * What one model showed, in nats per character.
   *
   * @param curves the loss with m = 0..L blocks lowered, by rounding and order
   * @param dropped the loss with p = 1..L/2 blocks dropped and the others at 8 bits
   * @param lowered the same size reached by lowering blocks from 8 bits instead, by the lower width
   * @param even the loss of the column quantiser at each average, all blocks alike
   * @param targeted the same with targets by LIM
   */
  private record Study(
      int layers,
      long seed,
      double dense,
      Map<Rounding, Map<String, double[]>> curves,
      double[] dropped,
      Map<Integer, double[]> lowered,
      double[] even,
      double[] targeted) {

    double[] curve(Rounding rounding, String order) {
      return requireNonNull(requireNonNull(curves.get(rounding)).get(order));
    }

    /** The mean increase of the loss over m = 0..L. */
    double area(Rounding rounding, String order) {
      double[] curve = curve(rounding, order);
      return Arrays.stream(curve).average().orElseThrow() - curve[0];
    }

    double randomArea(Rounding rounding) {
      return IntStream.range(0, RANDOM_ORDERS)
          .mapToDouble(r -> area(rounding, "random " + r))
          .average()
          .orElseThrow();
    }

    /** The largest share of blocks that can be lowered while the loss stays within a factor. */
    double tolerated(Rounding rounding, String order, double factor) {
      double[] curve = curve(rounding, order);
      int m = 0;
      while (m < layers && curve[m + 1] <= factor * curve[0]) {
        m++;
      }
      return (double) m / layers;
    }
  }

  private record Work(int layers, long seed) {}

  @Override
  public Outcome run(Setting setting) {
    List<Work> works = new ArrayList<>();
    if (setting.full()) {
      works.add(new Work(4, setting.seeds().getFirst()));
      setting.seeds().forEach(seed -> works.add(new Work(8, seed)));
      works.add(new Work(12, setting.seeds().getFirst()));
    } else {
      setting.seeds().forEach(seed -> works.add(new Work(4, seed)));
    }
    List<Study> studies = new ArrayList<>();
    for (Work work : works) {
      if (!setting.progress().stopped()) {
        int steps = setting.full() ? 500 : 60;
        int sequences = setting.full() ? 64 : 16;
        CharGpt gpt = CharGpt.of(work.layers(), steps, sequences, work.seed(), setting.progress());
        studies.add(study(gpt, work, setting));
      }
    }
    return new Outcome(checks(studies, setting.full()), figures(studies));
  }

  private static Study study(CharGpt gpt, Work work, Setting setting) {
    Model model = gpt.model();
    double[] scores = Importance.LIM.of(model, gpt.calibration());
    int[] lim = BlockPlan.ascending(scores);
    Map<String, int[]> orders =
        orders(lim, BlockPlan.ascending(Importance.ZD.of(model, gpt.calibration())), work.seed());
    Map<String, InputStatistics> statistics = InputStatistics.of(model, gpt.calibration());
    Map<Rounding, Map<String, double[]>> curves = new LinkedHashMap<>();
    setting.progress().begin(work.layers() + " blocks, seed " + work.seed(), 3);
    for (Rounding rounding : Rounding.values()) {
      RoundedBlocks blocks =
          new RoundedBlocks(model, rounding, List.of(LOW, HIGH), GROUP, statistics);
      curves.put(rounding, curves(gpt, blocks, orders));
      setting.progress().step(curves.size(), rounding.name());
    }
    double[] even = new double[AVERAGES.length];
    double[] targeted = new double[AVERAGES.length];
    for (int i = 0; i < AVERAGES.length; i++) {
      even[i] = columns(gpt, ColumnRounding.targets(scores, AVERAGES[i], 0));
      targeted[i] = columns(gpt, ColumnRounding.targets(scores, AVERAGES[i], SPREAD));
    }
    Map<Integer, double[]> lowered = new LinkedHashMap<>();
    RoundedBlocks wide =
        new RoundedBlocks(model, Rounding.GPTQ, List.of(WHOLE, 4, 3, 2), GROUP, statistics);
    LOWERED.forEach(low -> lowered.put(low, lowered(gpt, wide, lim, low)));
    setting.progress().end();
    return new Study(
        work.layers(),
        work.seed(),
        gpt.loss(model),
        curves,
        dropped(gpt, wide, lim),
        lowered,
        even,
        targeted);
  }

  private static Map<String, int[]> orders(int[] lim, int[] zd, long seed) {
    int layers = lim.length;
    int[] forward = IntStream.range(0, layers).toArray();
    Map<String, int[]> orders = new LinkedHashMap<>();
    orders.put("LIM", lim);
    orders.put("reverse LIM", reversed(lim));
    orders.put("ZD", zd);
    orders.put("reverse ZD", reversed(zd));
    orders.put("first to last", forward);
    orders.put("last to first", reversed(forward));
    for (int r = 0; r < RANDOM_ORDERS; r++) {
      orders.put("random " + r, new Rng(seed).fork(900 + r).permutation(layers));
    }
    return orders;
  }

  private static int[] reversed(int[] order) {
    return IntStream.range(0, order.length).map(i -> order[order.length - 1 - i]).toArray();
  }

  private static Map<String, double[]> curves(
      CharGpt gpt, RoundedBlocks blocks, Map<String, int[]> orders) {
    Map<String, Double> known = new LinkedHashMap<>(); // many orders meet in one plan
    Map<String, double[]> curves = new LinkedHashMap<>();
    orders.forEach((name, order) -> {
      double[] losses = new double[order.length + 1];
      for (int m = 0; m <= order.length; m++) {
        BlockPlan plan = BlockPlan.lowering(order, m, HIGH, LOW);
        losses[m] =
            known.computeIfAbsent(Arrays.toString(plan.bits()), bits -> gpt.loss(blocks.at(plan)));
      }
      curves.put(name, losses);
    });
    return curves;
  }

  private static double columns(CharGpt gpt, double[] targets) {
    return gpt.loss(ColumnRounding.defaults().apply(gpt.model(), targets, gpt.calibration()));
  }

  private static double[] dropped(CharGpt gpt, RoundedBlocks wide, int[] order) {
    int layers = order.length;
    Model whole = wide.at(BlockPlan.lowering(order, 0, WHOLE, LOW));
    return IntStream.rangeClosed(1, layers / 2)
        .mapToDouble(p -> gpt.loss(BlockDrop.apply(whole, order, p)))
        .toArray();
  }

  /**
   * Dropping p blocks of 8 bits saves 8 p bits a weight; lowering m blocks must save no less. NaN
   * where lowering all is not enough.
   */
  private static double[] lowered(CharGpt gpt, RoundedBlocks wide, int[] order, int low) {
    int layers = order.length;
    return IntStream.rangeClosed(1, layers / 2)
        .mapToDouble(p -> {
          int m = Math.ceilDiv(WHOLE * p, WHOLE - low);
          return m > layers
              ? Double.NaN
              : gpt.loss(wide.at(BlockPlan.lowering(order, m, WHOLE, low)));
        })
        .toArray();
  }

  private static List<Check> checks(List<Study> studies, boolean full) {
    List<Check> checks = new ArrayList<>();
    checks.add(
        Check.greater(
            "nats by which dropped blocks are worse than 3 bits, at equal size",
            margin(studies, 3),
            0));
    if (!full) {
      return checks;
    }
    List<Study> eight = studies.stream().filter(s -> s.layers() == 8).toList();
    for (Rounding r : Rounding.values()) {
      double lim = mean(eight, s -> s.area(r, "LIM"));
      String name = r == Rounding.NEAREST ? "nearest" : "GPTQ";
      checks.add(
          Check.greater(
              "area under the curve, random less LIM, " + name,
              mean(eight, s -> s.randomArea(r)) - lim,
              0));
      checks.add(
          Check.greater(
              "area under the curve, reverse LIM less LIM, " + name,
              mean(eight, s -> s.area(r, "reverse LIM")) - lim,
              0));
      checks.add(
          Check.greater(
              "area under the curve, reverse ZD less ZD, " + name,
              mean(eight, s -> s.area(r, "reverse ZD") - s.area(r, "ZD")),
              0));
    }
    checks.add(
        Check.atMost(
            "nats lost at most by targets for each block",
            studies.stream().flatMapToDouble(s -> gains(s)).map(g -> -g).max().orElseThrow(),
            0.005));
    checks.add(
        Check.greater(
            "nats gained on average by targets for each block",
            studies.stream().flatMapToDouble(s -> gains(s)).average().orElseThrow(),
            0));
    double four = tolerated(studies, 4);
    checks.add(
        Check.atLeast(
            "share of blocks lowered within 5%% of the loss, 12 blocks (4 blocks: %.2f)"
                .formatted(four),
            tolerated(studies, 12),
            four));
    checks.add(
        Check.reported(
            "nats by which dropped blocks are worse than 4 bits, at equal size",
            margin(studies, 4)));
    checks.add(
        Check.reported(
            "nats by which dropped blocks are worse than 2 bits, at equal size",
            margin(studies, 2)));
    return checks;
  }

  private static java.util.stream.DoubleStream gains(Study study) {
    return IntStream.range(0, AVERAGES.length)
        .mapToDouble(i -> study.even()[i] - study.targeted()[i]);
  }

  private static double tolerated(List<Study> studies, int layers) {
    List<Study> those = studies.stream().filter(s -> s.layers() == layers).toList();
    return mean(those, s -> s.tolerated(Rounding.NEAREST, "LIM", 1.05));
  }

  /** Loss with blocks dropped minus loss with blocks lowered, over all sizes there are. */
  private static double margin(List<Study> studies, int low) {
    return studies.stream()
        .flatMapToDouble(s ->
            IntStream.range(0, s.dropped().length)
                .mapToDouble(p -> s.dropped()[p] - requireNonNull(s.lowered().get(low))[p])
                .filter(d -> !Double.isNaN(d)))
        .average()
        .orElse(Double.NaN);
  }

  private static double mean(List<Study> studies, ToDoubleFunction<Study> value) {
    return studies.stream().mapToDouble(value).average().orElse(Double.NaN);
  }

  private static List<Figure> figures(List<Study> studies) {
    List<Figure> figures = new ArrayList<>();
    List<List<Object>> areas = new ArrayList<>();
    List<List<Object>> sizes = new ArrayList<>();
    List<List<Object>> targets = new ArrayList<>();
    for (Study s : studies) {
      String model = "%d blocks, seed %d".formatted(s.layers(), s.seed());
      for (Rounding r : Rounding.values()) {
        areas.add(
            List.of(
                model,
                r.name(),
                s.dense(),
                s.curve(r, "LIM")[0],
                s.area(r, "LIM"),
                s.area(r, "reverse LIM"),
                s.area(r, "ZD"),
                s.area(r, "reverse ZD"),
                s.area(r, "first to last"),
                s.area(r, "last to first"),
                s.randomArea(r),
                s.tolerated(r, "LIM", 1.05),
                s.tolerated(r, "LIM", 1.1)));
      }
      for (int p = 0; p < s.dropped().length; p++) {
        List<Object> row = new ArrayList<>(List.of(model, p + 1, s.dropped()[p]));
        for (int low : LOWERED) {
          row.add(requireNonNull(s.lowered().get(low))[p]);
        }
        sizes.add(row);
      }
      for (int i = 0; i < AVERAGES.length; i++) {
        targets.add(List.of(model, AVERAGES[i], s.even()[i], s.targeted()[i]));
      }
    }
    figures.add(
        new Figure.Table(
            "Mean increase of the loss while blocks are lowered from 4 to 2 bits, nats per character",
            List.of(
                "model",
                "rounding",
                "dense loss",
                "loss at 4 bits",
                "LIM",
                "reverse LIM",
                "ZD",
                "reverse ZD",
                "first to last",
                "last to first",
                "random",
                "tolerated at 5%",
                "knee at 10%"),
            areas));
    figures.add(
        new Figure.Table(
            "Dropping blocks of 8 bits, and lowering blocks to the same size, nats per character",
            List.of("model", "blocks dropped", "dropped", "to 4 bits", "to 3 bits", "to 2 bits"),
            sizes));
    figures.add(
        new Figure.Table(
            "A quantiser of columns at an average width, nats per character",
            List.of("model", "bits", "all blocks alike", "targets by LIM"),
            targets));
    figures.add(lines(studies.get(studies.size() / 2)));
    return figures;
  }

  private static Figure lines(Study study) {
    double[] x = IntStream.rangeClosed(0, study.layers()).asDoubleStream().toArray();
    List<Figure.Series> series = new ArrayList<>();
    requireNonNull(study.curves().get(Rounding.NEAREST))
        .forEach((order, losses) -> series.add(new Figure.Series(order, x, losses)));
    return new Figure.Lines(
        "Lowering blocks from 4 to 2 bits, %d blocks, seed %d"
            .formatted(study.layers(), study.seed()),
        "blocks lowered",
        "nats per character",
        series);
  }
}
