package org.lapidary.assay;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.compress.slim.Budget;
import org.lapidary.compress.slim.Plan;
import org.lapidary.compress.slim.Slimmer;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.kernels.PackedMatrix;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.report.Block;
import org.lapidary.report.Section;
import org.lapidary.train.LanguageModeling;

/** Plans and carries out the slimming, and measures the kernels. */
final class SlimmingStage {
  private SlimmingStage() {}

  /**
   * What came out.
   *
   * @param slimmed the models
   * @param before tokens a second with float32 kernels
   * @param after tokens a second with the packed kernels
   * @param libtorch tokens a second of the original on libtorch
   * @param speeds of each matrix alone
   */
  record Result(
      Slimmer.Slimmed slimmed, double before, double after, double libtorch, List<Speed> speeds) {}

  /** One matrix at batch 1: microseconds in float32 and packed, and why there is no gain. */
  record Speed(String path, String format, double dense, double packed, String reason) {
    double ratio() {
      return dense / packed;
    }
  }

  static Result run(
      Model model,
      Corpus corpus,
      Map<String, List<Plan.Price>> prices,
      Budget budget,
      double baseline,
      Progress progress) {
    Slimmer slimmer = Slimmer.defaults();
    long full = 4 * BlockMatrices.weights(model);
    progress.begin("slimming", 3);
    Slimmer.Slimmed slimmed =
        switch (budget) {
          case Budget.Bits b ->
              slimmer.apply(
                  model, Plan.solve(prices, (long) (full * b.bits() / 32)), corpus.calibration());
          case Budget.Share s ->
              slimmer.apply(
                  model, Plan.solve(prices, (long) (full * s.share())), corpus.calibration());
          case Budget.LossIncrease l ->
              smallest(slimmer, model, corpus, prices, full, baseline * (1 + l.share()));
        };
    progress.step(1, "planned and rounded");
    Map<String, PackedMatrix> dense = new LinkedHashMap<>();
    BlockMatrices.of(model)
        .forEach((path, linear) ->
            dense.put(
                path,
                PackedMatrix.dense(
                    linear.weight().tensor().toFloats(), linear.out(), linear.in())));
    double[] tokens =
        Anatomy.tokensPerSecond(List.of(Slimmer.pack(model, dense), slimmed.packed(), model), 128);
    progress.step(2, "speed of the models");
    List<Speed> speeds = new ArrayList<>();
    slimmed
        .matrices()
        .forEach((path, packed) -> speeds.add(KernelTimer.compare(path, dense.get(path), packed)));
    progress.end();
    return new Result(slimmed, tokens[0], tokens[1], tokens[2], speeds);
  }

  /** The smallest budget whose measured loss on the calibration text stays under a bound. */
  private static Slimmer.Slimmed smallest(
      Slimmer slimmer,
      Model model,
      Corpus corpus,
      Map<String, List<Plan.Price>> prices,
      long full,
      double bound) {
    double low = 2.2;
    double high = 17;
    int[][] probe = Arrays.copyOf(corpus.calibration(), Math.min(32, corpus.calibration().length));
    double allowed =
        bound
            - LanguageModeling.evaluate(model, corpus.heldOut()).mean()
            + LanguageModeling.evaluate(model, probe).mean();
    Slimmer.Slimmed best =
        slimmer.apply(model, Plan.solve(prices, (long) (full * high / 32)), corpus.calibration());
    for (int i = 0; i < 6; i++) {
      double middle = (low + high) / 2;
      Slimmer.Slimmed tried =
          slimmer.apply(
              model, Plan.solve(prices, (long) (full * middle / 32)), corpus.calibration());
      if (LanguageModeling.evaluate(tried.dense(), probe).mean() <= allowed) {
        best = tried;
        high = middle;
      } else {
        low = middle;
      }
    }
    return best;
  }

  static Section section(Result r, Model model) {
    Map<String, Integer> formats = new TreeMap<>();
    List<List<Object>> rows = new ArrayList<>();
    Map<String, Linear> matrices = BlockMatrices.of(model);
    for (Speed s : r.speeds()) {
      formats.merge(s.format(), 1, Integer::sum);
      Linear linear = java.util.Objects.requireNonNull(matrices.get(s.path()));
      rows.add(
          List.of(
              s.path(),
              linear.out() + "×" + linear.in(),
              s.format(),
              Reports.round(
                  8.0
                      * java.util.Objects.requireNonNull(r.slimmed().matrices().get(s.path()))
                          .bytes()
                      / ((double) linear.out() * linear.in())),
              Reports.round(s.dense()),
              Reports.round(s.packed()),
              Reports.round(s.ratio()),
              s.reason()));
    }
    long full = 4 * BlockMatrices.weights(model);
    List<Block> blocks = new ArrayList<>();
    blocks.add(
        new Block.KeyValues(
            List.of(
                new Block.Entry(
                    "bits a weight",
                    String.format(Locale.ROOT, "%.2f", r.slimmed().bitsPerWeight()),
                    "scales and positions included, from 32",
                    r.slimmed().bitsPerWeight()),
                new Block.Entry(
                    "block matrices",
                    "%s → %s"
                        .formatted(
                            CostEstimate.size(full), CostEstimate.size(r.slimmed().plan().bytes())),
                    "%.1f times smaller".formatted((double) full / r.slimmed().plan().bytes()),
                    Reports.pair(full, r.slimmed().plan().bytes())),
                new Block.Entry(
                    "tokens a second",
                    "%.0f → %.0f".formatted(r.before(), r.after()),
                    "the same loop with float32 and with packed kernels; libtorch alone %.0f"
                        .formatted(r.libtorch()),
                    Reports.pair(r.before(), r.after())))));
    blocks.add(
        new Block.Text(
            "An integer program chose a pattern and a width for every matrix: "
                + String.join(
                    ", ",
                    formats.entrySet().stream()
                        .map(e -> e.getValue() + " of " + e.getKey())
                        .toList())
                + "."));
    blocks.add(
        new Block.FigureBlock(
            new Figure.Table(
                "What each matrix became",
                List.of(
                    "matrix",
                    "size",
                    "format",
                    "bits a weight",
                    "float32 µs",
                    "packed µs",
                    "speed ratio",
                    "why no gain"),
                rows),
            "One product at batch 1, the median of many; the ratio is float32 time over packed time."));
    return new Section("slimming", "Slimming", blocks);
  }
}
