package org.lapidary.assay;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Figure;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.nn.ModelConfig;
import org.lapidary.report.Block;
import org.lapidary.report.Section;

/** What was measured, as sections of a report. */
public final class Reports {
  private Reports() {}

  /** Settings, parameters, costs and the diagram of a model. */
  public static Section anatomy(Model model) {
    return anatomy(Anatomy.of(model), List.of());
  }

  /**
   * The graph of a decoder, from its configuration alone.
   *
   * @throws IllegalArgumentException for another kind of model
   */
  public static Section graph(ModelConfig config) {
    if (!(config instanceof DecoderConfig decoder)) {
      throw new IllegalArgumentException(
          "graphs of decoders are drawn; this is a model of the family '%s'"
              .formatted(config.family()));
    }
    return new Section(
        "graph",
        "Graph",
        List.of(
            new Block.FigureBlock(
                Anatomy.diagram(decoder),
                "Boxes are operations with their parameters and sites, arrows carry shapes with their axes; a click on a box says its shape, FLOPs and bytes.")));
  }

  static Section anatomy(Anatomy anatomy, List<Block.Entry> measured) {
    List<Block.Entry> entries = new ArrayList<>();
    entries.add(
        new Block.Entry("parameters", count(anatomy.parameters()), "", anatomy.parameters()));
    entries.add(
        new Block.Entry(
            "FLOPs a token",
            count(anatomy.flopsPerToken()),
            "in a pass over %d tokens, read from the graph".formatted(anatomy.length()),
            anatomy.flopsPerToken()));
    entries.add(
        new Block.Entry(
            "bytes moved a token",
            count(anatomy.bytesPerToken()),
            "if nothing stays in a cache",
            anatomy.bytesPerToken()));
    entries.addAll(measured);
    List<List<Object>> settings = new ArrayList<>();
    anatomy.summary().forEach((k, v) -> settings.add(List.of(k, v.toString())));
    return new Section(
        "anatomy",
        "Anatomy",
        List.of(
            new Block.KeyValues(entries),
            new Block.FigureBlock(
                new Figure.Table("Settings", List.of("setting", "value"), settings)),
            new Block.FigureBlock(anatomy.table()),
            new Block.FigureBlock(
                anatomy.diagram(), "Boxes are operations, arrows carry shapes with their axes.")));
  }

  /** The comparison of two models. */
  public static Section diff(String id, String title, ModelDiff diff) {
    ModelDiff.Output o = diff.output();
    List<Block> blocks = new ArrayList<>();
    blocks.add(new Block.Text(verdict(diff)));
    blocks.add(
        new Block.KeyValues(
            List.of(
                new Block.Entry(
                    "perplexity",
                    "%s → %s".formatted(three(o.perplexityFirst()), three(o.perplexitySecond())),
                    "loss %s → %s nats"
                        .formatted(three(o.lossFirst().mean()), three(o.lossSecond().mean())),
                    pair(o.perplexityFirst(), o.perplexitySecond())),
                entry("loss difference", o.lossDifference(), "nats per token, second minus first"),
                entry("KL divergence", o.divergence(), "nats per token"),
                entry(
                    "change of the token's probability", o.probabilityChange(), "root mean square"),
                entry("same top token", o.agreement(), "share of positions"))));
    blocks.add(
        new Block.Text(
            diff.structure().same()
                ? "The graphs are the same, operation by operation (%d)."
                    .formatted(diff.structure().common())
                : "The graphs share %d operations; %d stand only in the first (%s), %d only in the second (%s)."
                    .formatted(
                        diff.structure().common(),
                        diff.structure().onlyFirst().size(),
                        some(diff.structure().onlyFirst()),
                        diff.structure().onlySecond().size(),
                        some(diff.structure().onlySecond()))));
    if (!diff.sites().isEmpty()) {
      blocks.add(new Block.FigureBlock(streams(diff), "Each point is the stream after one block."));
      blocks.add(new Block.FigureBlock(sites(diff)));
    }
    if (!diff.weights().isEmpty()) {
      blocks.add(new Block.FigureBlock(weights(diff)));
    }
    return new Section(id, title, blocks);
  }

  private static String some(List<String> labels) {
    return labels.isEmpty() ? "none" : String.join(", ", labels.stream().limit(3).toList());
  }

  private static String verdict(ModelDiff diff) {
    if (diff.same()) {
      return "The models are the same up to rounding.";
    }
    if (diff.firstDeparture() == null) {
      return "Every site agrees up to rounding, the outputs do not.";
    }
    return "They part first at `%s` and most at `%s`."
        .formatted(diff.firstDeparture(), diff.mostDeparture());
  }

  static Block.Entry entry(String name, Estimate e, String note) {
    return new Block.Entry(
        name, three(e.mean()), "± %s, %s".formatted(two(e.halfWidth()), note), numbers(e));
  }

  /** A mean with the half width of its 95% interval. */
  static Map<String, Double> numbers(Estimate e) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    numbers.put("mean", e.mean());
    numbers.put("halfWidth", e.halfWidth());
    return numbers;
  }

  static Map<String, Double> pair(double before, double after) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    numbers.put("before", before);
    numbers.put("after", after);
    return numbers;
  }

  private static Figure streams(ModelDiff diff) {
    List<ModelDiff.Site> stream =
        diff.sites().stream().filter(s -> s.path().endsWith("hook_resid_post")).toList();
    double[] x = new double[stream.size()];
    double[] y = new double[stream.size()];
    for (int i = 0; i < x.length; i++) {
      x[i] = i;
      y[i] = stream.get(i).relative();
    }
    return new Figure.Lines(
        "How far the residual streams are apart",
        "block",
        "relative difference",
        List.of(new Figure.Series("residual stream", x, y)));
  }

  private static Figure sites(ModelDiff diff) {
    List<List<Object>> rows = new ArrayList<>();
    diff.sites().stream()
        .sorted(Comparator.comparingDouble(ModelDiff.Site::relative).reversed())
        .limit(12)
        .forEach(s -> rows.add(List.of(s.path(), round(s.relative()), round(s.cosine()))));
    return new Figure.Table(
        "Sites that differ most", List.of("site", "relative difference", "cosine"), rows);
  }

  private static Figure weights(ModelDiff diff) {
    List<List<Object>> rows = new ArrayList<>();
    diff.weights().stream()
        .sorted(
            Comparator.comparingDouble(
                (ModelDiff.Weight w) -> Double.isNaN(w.relative()) ? -1e9 : -w.relative()))
        .limit(40)
        .forEach(w -> rows.add(List.of(w.path(), round(w.relative()), round(w.zeros()), w.note())));
    return new Figure.Table(
        "Parameters that differ (%d)".formatted(diff.weights().size()),
        List.of("parameter", "relative difference", "zeros in the second", "note"),
        rows);
  }

  static double round(double value) {
    return Double.isFinite(value) && value != 0
        ? Double.parseDouble(String.format(Locale.ROOT, "%.4g", value))
        : value;
  }

  static String three(double value) {
    return String.format(Locale.ROOT, "%.4g", value);
  }

  static String two(double value) {
    return String.format(Locale.ROOT, "%.2g", value);
  }

  /** 260032 as 260 thousand, in a few characters. */
  static String count(double n) {
    if (n < 1e4) {
      return String.format(Locale.ROOT, "%.0f", n);
    }
    if (n < 1e6) {
      return String.format(Locale.ROOT, "%.1f thousand", n / 1e3);
    }
    return n < 1e9
        ? String.format(Locale.ROOT, "%.1f million", n / 1e6)
        : String.format(Locale.ROOT, "%.1f billion", n / 1e9);
  }
}
