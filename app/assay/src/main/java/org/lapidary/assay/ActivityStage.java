package org.lapidary.assay;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.depth.DepthReport;
import org.lapidary.interpret.lazyneuron.ActivationSparsity;
import org.lapidary.nn.Model;
import org.lapidary.report.Block;
import org.lapidary.report.Section;
import org.lapidary.tensor.Rng;

/** Which hidden units fire, and what each layer adds (rows lazy-neuron and depth-efficiency). */
final class ActivityStage {
  private ActivityStage() {}

  private static final double[] SHARES = {0.5, 0.25, 0.1, 0.05};

  static Section run(Model model, Corpus corpus, double baseline, long seed, Progress progress) {
    List<Block> blocks = new ArrayList<>(sparsity(model, corpus, baseline, progress));
    blocks.addAll(depth(model, corpus, seed));
    return new Section("activity", "Activity", blocks);
  }

  /**
   * Which hidden units fire, and what the loss is when only the largest may.
   *
   * @param baseline the loss when all may, nats per token
   */
  static List<Block> sparsity(Model model, Corpus corpus, double baseline, Progress progress) {
    progress.begin("activity", SHARES.length + 1L);
    List<ActivationSparsity.Layer> layers =
        ActivationSparsity.defaults().audit(model, corpus.calibration());
    progress.step(1, "units counted");
    List<List<Object>> units = new ArrayList<>();
    for (ActivationSparsity.Layer l : layers) {
      units.add(
          List.of(
              l.site(),
              l.width(),
              Reports.round(l.nonzero()),
              Reports.round(l.near()),
              Reports.round(l.dead())));
    }
    double[] x = new double[SHARES.length + 1];
    double[] y = new double[SHARES.length + 1];
    x[0] = 1;
    y[0] = baseline;
    for (int i = 0; i < SHARES.length && !progress.stopped(); i++) {
      x[i + 1] = SHARES[i];
      y[i + 1] = ActivationSparsity.lossWithTopK(model, corpus.heldOut(), SHARES[i]);
      progress.step(i + 2L, "top " + SHARES[i]);
    }
    progress.end();
    if (layers.isEmpty()) {
      return List.of(new Block.Text("This model has no MLPs whose units could be counted."));
    }
    return List.of(
        new Block.FigureBlock(
            new Figure.Table(
                "Hidden units of the MLPs",
                List.of("site", "units", "not zero", "near zero", "dead"),
                units),
            "Near zero: below a tenth of the layer's root mean square. Dead: on no token of the calibration text."),
        new Block.FigureBlock(
            new Figure.Lines(
                "Loss when every token keeps only its largest hidden units",
                "share kept",
                "nats per token",
                List.of(new Figure.Series("top-k", x, y)))));
  }

  /** What each block adds, and what skipping it changes. */
  static List<Block> depth(Model model, Corpus corpus, long seed) {
    int prompts = Math.min(16, corpus.heldOut().length);
    DepthReport depth =
        DepthReport.of(
            model, java.util.Arrays.copyOf(corpus.heldOut(), prompts), new Rng(seed).fork(2));
    return List.of(
        new Block.FigureBlock(
            contributions(depth),
            "Means over tokens; a negative cosine erases. Lens: the logits read off after this block, as KL to the final ones and as the share of the top five that agree."),
        new Block.FigureBlock(
            skip(depth),
            "Row: the layer skipped. Column: how much a later layer's update changes (largest over tokens)."),
        new Block.FigureBlock(outputs(depth)),
        new Block.Text(
            depth.knee() >= depth.outputFuture().length
                ? "Skipping late layers still changes what later tokens get: the model uses its depth."
                : "From block %d on, skipping a layer changes later tokens by less than half of what the first half does."
                    .formatted(depth.knee())));
  }

  private static Figure contributions(DepthReport depth) {
    List<List<Object>> rows = new ArrayList<>();
    for (int l = 0; l < depth.contributions().size(); l++) {
      DepthReport.Contribution c = depth.contributions().get(l);
      DepthReport.Lens lens = depth.lens().get(l);
      rows.add(
          List.of(
              l,
              Reports.round(c.attention()),
              Reports.round(c.mlp()),
              Reports.round(c.cosineAttention()),
              Reports.round(c.cosineMlp()),
              Reports.round(lens.divergence()),
              Reports.round(lens.topFive())));
    }
    return new Figure.Table(
        "What each block adds to the residual stream",
        List.of(
            "block",
            "attention / stream",
            "MLP / stream",
            "cosine, attention",
            "cosine, MLP",
            "lens: KL to final",
            "lens: top 5"),
        rows);
  }

  private static Figure skip(DepthReport depth) {
    int n = depth.skip().length;
    List<String> names = IntStream.range(0, n).mapToObj(Integer::toString).toList();
    double[][] values = new double[n][n];
    for (int s = 0; s < n; s++) {
      for (int l = 0; l < n; l++) {
        values[s][l] = l > s ? depth.skip()[s][l] : Double.NaN;
      }
    }
    return new Figure.Heatmap(
        "Effect of skipping a block on later blocks",
        "later block",
        "skipped",
        names,
        names,
        values);
  }

  private static Figure outputs(DepthReport depth) {
    double[] x = IntStream.range(0, depth.outputSkip().length).asDoubleStream().toArray();
    return new Figure.Lines(
        "Effect of skipping a block on the output",
        "block",
        "change of the probabilities (2-norm)",
        List.of(
            new Figure.Series("all tokens", x, depth.outputSkip()),
            new Figure.Series("tokens after the skip", x, depth.outputFuture())));
  }
}
