package org.lapidary.compress.layerwise;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
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
  private static final int RANDOM_ORDERS = 5;
  private static final double SPREAD = 1;

  @Override
  public List<String> data() {
    return List.of("tinyshakespeare");
  }

  /** What one model showed. Curves: loss increase with m = 0..L blocks lowered, by order. */
  private record Study(
      int layers,
      long seed,
      double dense,
      double[] base,
      Map<Rounding, Map<String, double[]>> curves,
      double[] pruned,
      Map<Integer, double[]> lowered,
      double[] uniformTargets,
      double[] limTargets) {}

  @Override
  public Outcome run(Setting setting) {
    List<Study> studies = new ArrayList<>();
    if (setting.full()) {
      studies.add(study(CharGpt.of(4, 500, 64, setting.seeds().getFirst(), setting.progress()), setting.seeds().getFirst(), setting));
      for (long seed : setting.seeds()) {
        studies.add(study(CharGpt.of(8, 500, 64, seed, setting.progress()), seed, setting));
      }
      studies.add(study(CharGpt.of(12, 500, 64, setting.seeds().getFirst(), setting.progress()), setting.seeds().getFirst(), setting));
    } else {
      for (long seed : setting.seeds()) {
        studies.add(study(CharGpt.of(4, 60, 16, seed, setting.progress()), seed, setting));
      }
    }
    return new Outcome(checks(studies, setting), figures(studies));
  }

  private static Study study(CharGpt gpt, long seed, Setting setting) {
    Model model = gpt.model();
    int layers = model.decoder().blocks().size();
    int[] lim = BlockPlan.ascending(Importance.LIM.of(model, gpt.calibration()));
    int[] zd = BlockPlan.ascending(Importance.ZD.of(model, gpt.calibration()));
    Map<String, int[]> orders = new LinkedHashMap<>();
    orders.put("LIM", lim);
    orders.put("ZD", zd);
    orders.put("reverse LIM", reversed(lim));
    orders.put("reverse ZD", reversed(zd));
    orders.put("first to last", IntStream.range(0, layers).toArray());
    orders.put("last to first", reversed(IntStream.range(0, layers).toArray()));
    for (int r = 0; r < RANDOM_ORDERS; r++) {
      orders.put("random " + r, new Rng(seed).fork(900 + r).permutation(layers));
    }
    Map<Rounding, Map<String, double[]>> curves = new LinkedHashMap<>();
    double[] base = new double[2];
    for (Rounding rounding : Rounding.values()) {
      Map<String, Double> known = new LinkedHashMap<>();
      Map<String, double[]> curve = new LinkedHashMap<>();
      orders.forEach((name, order) -> {
        double[] losses = new double[layers + 1];
        for (int m = 0; m <= layers; m++) {
          BlockPlan plan = BlockPlan.lowering(order, m, HIGH, LOW);
          losses[m] =
              known.computeIfAbsent(
                  Arrays.toString(plan.bits()),
                  k -> gpt.loss(rounding.apply(model, plan, GROUP, gpt.calibration())));
        }
        curve.put(name, losses);
      });
      base[rounding.ordinal()] = requireNonNull(curve.get("LIM"))[0];
      curves.put(rounding, curve);
    }
    int drops = layers / 2;
    double[] pruned = new double[drops];
    Map<Integer, double[]> lowered = new LinkedHashMap<>();
    for (int p = 1; p <= drops; p++) {
      Model dropped = BlockDrop.apply(model, lim, p);
      int[] eight = new int[layers - p];
      Arrays.fill(eight, 8);
      pruned[p - 1] =
          gpt.loss(
              Rounding.GPTQ.apply(dropped, new BlockPlan(eight), GROUP, gpt.calibration()));
      for (int low : new int[] {4, 3, 2}) {
        // Dropping p blocks of 8 bits saves 8 p; lowering must save at least as much.
        int m = Math.ceilDiv(8 * p, 8 - low);
        double loss =
            m > layers
                ? Double.NaN
                : gpt.loss(
                    Rounding.GPTQ.apply(
                        model, BlockPlan.lowering(lim, m, 8, low), GROUP, gpt.calibration()));
        lowered.computeIfAbsent(low, k -> new double[drops])[p - 1] = loss;
      }
    }
    double[] averages = {2.5, 3, 3.5};
    double[] uniformTargets = new double[averages.length];
    double[] limTargets = new double[averages.length];
    double[] scores = Importance.LIM.of(model, gpt.calibration());
    for (int i = 0; i < averages.length; i++) {
      ColumnRounding columns = ColumnRounding.defaults();
      uniformTargets[i] =
          gpt.loss(
              columns.apply(
                  model, ColumnRounding.targets(scores, averages[i], 0), gpt.calibration()));
      limTargets[i] =
          gpt.loss(
              columns.apply(
                  model, ColumnRounding.targets(scores, averages[i], SPREAD), gpt.calibration()));
    }
    System.out.println("LIM "+Arrays.toString(scores)+" ZD "+Arrays.toString(Importance.ZD.of(model,gpt.calibration()))+ " loss "+gpt.loss(model)+" pruned "+Arrays.toString(pruned)+" 4 "+Arrays.toString(lowered.get(4))+" 3 "+Arrays.toString(lowered.get(3))+" 2 "+Arrays.toString(lowered.get(2))+" U "+Arrays.toString(uniformTargets)+" T "+Arrays.toString(limTargets));
    curves.forEach((r,c)->c.forEach((n,l)->System.out.println(r+" "+n+" "+Arrays.toString(orders.get(n))+" "+Arrays.toString(l)+" area "+Arrays.stream(l).average().getAsDouble())));
    return new Study(layers, seed, gpt.loss(model), base, curves, pruned, lowered, uniformTargets, limTargets);
  }

  private static int[] reversed(int[] order) {
    return IntStream.range(0, order.length).map(i -> order[order.length - 1 - i]).toArray();
  }

  private static List<Check> checks(List<Study> studies, Setting setting) {
    return List.of(Check.reported("x", 1));
  }

  private static List<Figure> figures(List<Study> studies) {
    return List.of();
  }
}
