package org.lapidary.assay;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lapidary.compress.Hutchinson;
import org.lapidary.compress.essential.Downstream;
import org.lapidary.compress.essential.EssentialSparsity;
import org.lapidary.compress.essential.SparsityCurve;
import org.lapidary.compress.slim.Option;
import org.lapidary.compress.slim.Plan;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Model;
import org.lapidary.report.Block;
import org.lapidary.report.Section;
import org.lapidary.tensor.Rng;
import org.lapidary.train.LanguageModeling;

/** What each matrix can bear (rows hawq-v2 and essential-sparsity). */
final class SensitivityStage {
  private SensitivityStage() {}

  private static final double[] LEVELS = {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7};

  static Section run(
      Model model,
      Corpus corpus,
      Map<String, List<Plan.Price>> prices,
      int hessianTexts,
      long seed,
      Progress progress) {
    int few = Math.min(hessianTexts, corpus.calibration().length);
    progress.begin("Hessian traces", 1);
    Map<String, Hutchinson.Trace> traces =
        new Hutchinson(8, 30, 0.02)
            .matrices(model, Arrays.copyOf(corpus.calibration(), few), new Rng(seed).fork(3));
    progress.end();
    EssentialSparsity.Analysis oneShot =
        EssentialSparsity.defaults()
            .withLevels(LEVELS)
            .analyse(
                model,
                Downstream.zeroShot(m -> -LanguageModeling.evaluate(m, corpus.heldOut()).mean()),
                -Math.log(vocab(model)),
                progress);
    double[] loss = Arrays.stream(oneShot.curve().quality()).map(q -> -q).toArray();
    return new Section(
        "sensitivity",
        "Sensitivity",
        List.of(
            new Block.FigureBlock(
                table(traces, prices),
                "Divergence: KL of the outputs in nats per token when that matrix alone is rounded."),
            new Block.FigureBlock(heat(prices)),
            new Block.FigureBlock(
                new Figure.Lines(
                    "Loss after dropping the smallest weights of all blocks at once",
                    "sparsity",
                    "nats per token",
                    List.of(
                        new Figure.Series("one-shot magnitude", oneShot.curve().levels(), loss))),
                essential(oneShot))));
  }

  private static int vocab(Model model) {
    return model.decoder().config().vocab();
  }

  private static String essential(EssentialSparsity.Analysis oneShot) {
    String knee =
        oneShot
            .knee()
            .filter(SparsityCurve.Knee::valid)
            .map(k -> String.format(Locale.ROOT, "The curve bends at %.2f.", k.sparsity()))
            .orElse("The curve has no clear bend among these levels.");
    return String.format(
        Locale.ROOT,
        "Without any retraining. Up to a sparsity of %.2f at most 1%% of the loss is added. %s",
        oneShot.tolerated(),
        knee);
  }

  private static Figure table(
      Map<String, Hutchinson.Trace> traces, Map<String, List<Plan.Price>> prices) {
    List<List<Object>> rows = new ArrayList<>();
    traces.forEach((path, t) -> {
      List<Object> row =
          new ArrayList<>(List.of(path, Reports.round(t.trace()), Reports.round(t.average())));
      for (int bits : Option.WIDTHS) {
        row.add(Reports.round(divergence(prices.getOrDefault(path, List.of()), bits)));
      }
      rows.add(row);
    });
    List<String> columns = new ArrayList<>(List.of("matrix", "Hessian trace", "mean eigenvalue"));
    Option.WIDTHS.forEach(b -> columns.add("KL at " + b + " bits"));
    return new Figure.Table("Matrix by matrix", columns, rows);
  }

  private static double divergence(List<Plan.Price> options, int bits) {
    return options.stream()
        .filter(p -> p.option().bits() == bits && p.option().pattern() == Option.Pattern.DENSE)
        .mapToDouble(Plan.Price::divergence)
        .findFirst()
        .orElse(Double.NaN);
  }

  private static Figure heat(Map<String, List<Plan.Price>> prices) {
    List<String> rows = List.copyOf(prices.keySet());
    List<Option> options = Option.all(4);
    double[][] values = new double[rows.size()][options.size()];
    for (int r = 0; r < rows.size(); r++) {
      for (int c = 0; c < options.size(); c++) {
        Option option = options.get(c);
        values[r][c] =
            prices.getOrDefault(rows.get(r), List.of()).stream()
                .filter(p -> p.option().equals(option))
                .mapToDouble(p -> Math.log10(Math.max(1e-6, p.divergence())))
                .findFirst()
                .orElse(Double.NaN);
      }
    }
    return new Figure.Heatmap(
        "log10 of the divergence, every matrix and option",
        "option",
        "matrix",
        options.stream().map(Option::toString).toList(),
        rows,
        values);
  }
}
