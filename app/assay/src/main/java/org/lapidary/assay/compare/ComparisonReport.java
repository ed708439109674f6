package org.lapidary.assay.compare;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.lapidary.assay.compare.Comparison.Row;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Figure;
import org.lapidary.report.Block;
import org.lapidary.report.Report;
import org.lapidary.report.Section;

/** A comparison as a report: the answer in words, the picture, the table. */
public final class ComparisonReport {
  /** Of the loss: what is drawn close. */
  private static final double CLOSE = 0.1;

  private ComparisonReport() {}

  /**
   * The report.
   *
   * @param model what was worked on, in words
   */
  public static Report of(Comparison comparison, String model) {
    List<Section> sections = new ArrayList<>();
    sections.add(new Section("answer", "The answer", answer(comparison)));
    sections.add(new Section("picture", "Loss against cost and speed", pictures(comparison)));
    sections.add(new Section("table", "Every method at every budget", table(comparison)));
    return new Report(
        "%s on %s".formatted(comparison.task().id(), model),
        "%s; %s".formatted(comparison.task().description(), comparison.source()),
        sections);
  }

  private static List<Block> answer(Comparison c) {
    List<Block> blocks = new ArrayList<>();
    List<List<Object>> rows = new ArrayList<>();
    for (double budget : c.question().budgets()) {
      List<Row> met =
          c.rows().stream()
              .filter(row -> row.budget() == budget && row.within())
              .sorted(Comparator.comparingDouble(row -> row.quality().mean()))
              .toList();
      if (met.isEmpty()) {
        rows.add(List.of(three(budget), "none meets it", "", ""));
        continue;
      }
      Row best = met.getFirst();
      String tied =
          String.join(", ", met.stream().skip(1).filter(Row::tied).map(Row::method).toList());
      rows.add(
          List.of(
              three(budget),
              best.method(),
              interval(best.more()),
              tied.isEmpty() ? "nothing else" : tied));
    }
    blocks.add(
        new Block.FigureBlock(
            new Figure.Table(
                "Which loses least",
                List.of(
                    c.task().axes().budget(),
                    "method",
                    "loses (%s, 95%%)".formatted(c.task().axes().quality()),
                    "no worse, as far as these texts tell"),
                rows),
            "Losses are differences to the model as it is, text by text. A method is no worse than the best where the interval of their difference holds 0."));
    List<String> front =
        c.rows().stream()
            .filter(Row::front)
            .sorted(Comparator.comparingDouble(Row::cost))
            .map(row -> "%s at %s".formatted(row.method(), three(row.cost())))
            .toList();
    blocks.add(
        new Block.Text(
            front.isEmpty()
                ? "No method lies on the front: the model as it is costs less and loses less than each."
                : "On the front of %s and loss: %s."
                    .formatted(c.task().axes().cost(), String.join(", ", front))));
    if (!c.task().axes().speed().isEmpty()) {
      List<String> slow =
          c.question().methods().stream().filter(method -> gains(c, method)).toList();
      blocks.add(
          new Block.Text(
              slow.isEmpty()
                  ? "None is faster here (%s).".formatted(c.task().axes().speed())
                  : "Faster at some budget: %s. The others gain no speed here."
                      .formatted(String.join(", ", slow))));
    }
    return blocks;
  }

  private static boolean gains(Comparison c, String method) {
    return c.rows().stream()
        .anyMatch(row -> row.method().equals(method) && row.met() && row.speed() >= 1.05);
  }

  private static List<Block> pictures(Comparison c) {
    List<Block> blocks = new ArrayList<>();
    ComparisonTask.Axes axes = c.task().axes();
    double bound = c.reference().quality().mean() * (1 + CLOSE);
    List<Row> close =
        c.rows().stream().filter(row -> row.met() && row.quality().mean() <= bound).toList();
    blocks.add(
        new Block.FigureBlock(
            new Figure.Lines(
                "Loss against " + axes.cost(),
                axes.cost(),
                axes.quality(),
                series(c.reference(), c.rows(), Row::cost, Row::front)),
            "A curve for each method over its budgets, with 95% intervals over texts; the front holds what no other point beats in both."));
    if (close.size() > 1 && close.size() < c.rows().stream().filter(Row::met).count()) {
      blocks.add(
          new Block.FigureBlock(
              new Figure.Lines(
                  "The same, close",
                  axes.cost(),
                  axes.quality(),
                  series(c.reference(), close, Row::cost, Row::front)),
              "Those alone that lose at most a tenth."));
    }
    if (!axes.speed().isEmpty()) {
      blocks.add(
          new Block.FigureBlock(
              new Figure.Lines(
                  "Loss against speed",
                  axes.speed(),
                  axes.quality(),
                  series(
                      c.reference(),
                      close.size() > 1 ? close : c.rows(),
                      Row::speed,
                      Row::fastFront)),
              "To the right is faster, downwards is better"
                  + (close.size() > 1 ? "; those alone that lose at most a tenth." : ".")));
    }
    return blocks;
  }

  private static List<Figure.Series> series(
      Row reference, List<Row> rows, ToDoubleFunction<Row> x, Predicate<Row> onFront) {
    Map<String, List<Row>> byMethod = new LinkedHashMap<>();
    rows.stream()
        .filter(row -> row.met() && Double.isFinite(x.applyAsDouble(row)))
        .forEach(row -> byMethod.computeIfAbsent(row.method(), m -> new ArrayList<>()).add(row));
    List<Figure.Series> series = new ArrayList<>();
    byMethod.forEach((method, points) -> series.add(curve(method, points, x)));
    List<Row> front = new ArrayList<>(rows);
    front.add(reference);
    front.removeIf(row -> !onFront.test(row) || !Double.isFinite(x.applyAsDouble(row)));
    if (!front.isEmpty()) {
      Figure.Series curve = curve("front", front, x);
      series.add(new Figure.Series("front", curve.x(), curve.y()));
    }
    return series;
  }

  private static Figure.Series curve(String name, List<Row> rows, ToDoubleFunction<Row> x) {
    List<Row> sorted = rows.stream().sorted(Comparator.comparingDouble(x)).toList();
    return new Figure.Series(
        name,
        sorted.stream().mapToDouble(x).toArray(),
        sorted.stream().mapToDouble(row -> row.quality().mean()).toArray(),
        sorted.stream().mapToDouble(row -> row.quality().low()).toArray(),
        sorted.stream().mapToDouble(row -> row.quality().high()).toArray());
  }

  private static List<Block> table(Comparison c) {
    ComparisonTask.Axes axes = c.task().axes();
    boolean speed = !axes.speed().isEmpty();
    List<Row> rows = new ArrayList<>(List.of(c.reference()));
    rows.addAll(c.rows());
    return List.of(
        new Block.FigureBlock(
            figures(rows, speed),
            "Cost: %s. Loss: %s, with 95%% intervals over %d texts. Behind: the loss beyond that of the best of the same budget, text by text%s."
                .formatted(
                    axes.cost(),
                    axes.quality(),
                    c.reference().quality().samples(),
                    speed ? ". Speed: " + axes.speed() : "")),
        new Block.FigureBlock(further(rows)));
  }

  private static Figure.Table figures(List<Row> rows, boolean speed) {
    List<String> columns =
        new ArrayList<>(List.of("budget", "method", "cost", "loss", "behind the best"));
    if (speed) {
      columns.add("speed");
    }
    columns.add("front");
    List<List<Object>> cells = new ArrayList<>();
    for (Row row : rows) {
      List<Object> cell = head(row);
      cell.add(row.met() ? (Object) round(row.cost()) : "");
      cell.add(row.met() ? interval(row.quality()) : "cannot");
      cell.add(row.met() && !Double.isNaN(row.budget()) ? interval(row.behind()) : "");
      if (speed) {
        cell.add(Double.isNaN(row.speed()) ? "" : (Object) round(row.speed()));
      }
      cell.add(mark(row, speed));
      cells.add(cell);
    }
    return new Figure.Table("Figures", columns, cells);
  }

  private static Figure.Table further(List<Row> rows) {
    boolean spread = rows.stream().anyMatch(row -> row.seeds() > 1);
    Set<String> extras = new LinkedHashSet<>();
    rows.forEach(row -> extras.addAll(row.extras().keySet()));
    List<String> columns = new ArrayList<>(List.of("budget", "method", "more than before"));
    if (spread) {
      columns.addAll(List.of("seeds", "spread over seeds"));
    }
    columns.addAll(extras);
    columns.add("note");
    List<List<Object>> cells = new ArrayList<>();
    for (Row row : rows) {
      List<Object> cell = head(row);
      cell.add(row.met() ? interval(row.more()) : "");
      if (spread) {
        cell.add(row.seeds());
        cell.add(Double.isNaN(row.seedSpread()) ? "" : three(row.seedSpread()));
      }
      for (String extra : extras) {
        Double value = row.extras().get(extra);
        cell.add(value == null ? "" : (Object) round(value));
      }
      cell.add(row.note());
      cells.add(cell);
    }
    return new Figure.Table("What else there is to say", columns, cells);
  }

  private static List<Object> head(Row row) {
    return new ArrayList<>(
        List.of(Double.isNaN(row.budget()) ? "" : three(row.budget()), row.method()));
  }

  private static String mark(Row row, boolean speed) {
    List<String> marks = new ArrayList<>();
    if (row.front()) {
      marks.add("cost");
    }
    if (speed && row.fastFront()) {
      marks.add("speed");
    }
    return String.join(" ", marks);
  }

  private static double round(double x) {
    return x == 0 ? 0 : new BigDecimal(x).round(new MathContext(4)).doubleValue();
  }

  private static String three(double x) {
    return String.format(Locale.ROOT, "%.3g", x);
  }

  private static String interval(Estimate e) {
    return Double.isNaN(e.mean())
        ? ""
        : e.mean() == 0 && e.halfWidth() == 0
            ? "0"
            : String.format(Locale.ROOT, "%.3f ± %.3f", e.mean(), e.halfWidth());
  }
}
