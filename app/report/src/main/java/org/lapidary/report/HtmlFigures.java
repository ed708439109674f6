package org.lapidary.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Figure.Diagram;
import org.lapidary.evidence.Figure.Heatmap;
import org.lapidary.evidence.Figure.Histogram;
import org.lapidary.evidence.Figure.Images;
import org.lapidary.evidence.Figure.Lines;
import org.lapidary.evidence.Figure.Series;
import org.lapidary.evidence.Figure.Table;
import org.lapidary.evidence.Figure.TokenText;

/** Figures as HTML: charts carry their numbers, which report.js draws and a reader can unfold. */
final class HtmlFigures {
  private static final int MOST_ROWS = 2000; // of the numbers behind a chart

  private HtmlFigures() {}

  /** Whether ECharts draws it. */
  static boolean charted(Figure figure) {
    return switch (figure) {
      case Lines _, Histogram _, Heatmap _ -> true;
      case Table _, Diagram _, TokenText _, Images _ -> false;
    };
  }

  /** The figure, then its caption, then the numbers of a chart. */
  static void append(StringBuilder out, Figure figure, String caption) {
    switch (figure) {
      case Table table -> table(out, table);
      case Lines _, Histogram _, Heatmap _ -> {
        out.append("<div class=\"chart\"><script type=\"application/json\">");
        out.append(Html.json(JsonRenderer.render(figure))).append("</script></div>");
      }
      case Diagram diagram -> {
        out.append("<div class=\"scroll drawing\" tabindex=\"0\">");
        out.append(SvgDiagram.inline(diagram)).append("</div>");
      }
      case TokenText text -> tokens(out, text);
      case Images images -> images(out, images);
    }
    if (!caption.isEmpty()) {
      out.append("<figcaption>").append(Html.inline(caption)).append("</figcaption>");
    }
    switch (figure) {
      case Lines lines -> unfolding(out, numbers(lines));
      case Histogram histogram -> unfolding(out, numbers(histogram));
      case Heatmap heatmap -> unfolding(out, numbers(heatmap));
      case Table _, Diagram _, TokenText _, Images _ -> {}
    }
  }

  private static void unfolding(StringBuilder out, Table numbers) {
    out.append("<details class=\"numbers\" open><summary>Numbers</summary>");
    table(out, numbers);
    out.append("</details>");
  }

  private static void table(StringBuilder out, Table table) {
    boolean[] numeric = new boolean[table.columns().size()];
    Arrays.fill(numeric, !table.rows().isEmpty());
    for (List<Object> row : table.rows()) {
      for (int i = 0; i < numeric.length; i++) {
        numeric[i] &= row.get(i) instanceof Number;
      }
    }
    out.append("<div class=\"scroll\" tabindex=\"0\"><table class=\"sortable\"><thead><tr>");
    for (int i = 0; i < numeric.length; i++) {
      out.append(numeric[i] ? "<th scope=\"col\" class=\"num\">" : "<th scope=\"col\">");
      out.append(Html.escape(table.columns().get(i))).append("</th>");
    }
    out.append("</tr></thead><tbody>");
    for (List<Object> row : table.rows().subList(0, Math.min(MOST_ROWS, table.rows().size()))) {
      out.append("<tr>");
      for (int i = 0; i < numeric.length; i++) {
        out.append(cell(row.get(i), table.columns().get(i)));
      }
      out.append("</tr>");
    }
    out.append("</tbody></table></div>");
    if (table.rows().size() > MOST_ROWS) {
      out.append(
          "<p class=\"key\">The first %s of %s rows; all of them are in the report's JSON.</p>"
              .formatted(Numerals.of(MOST_ROWS), Numerals.of(table.rows().size())));
    }
  }

  private static String cell(Object cell, String column) {
    return switch (cell) {
      case Boolean b when column.equals("holds") ->
          b ? "<td class=\"holds\">✓ yes</td>" : "<td class=\"fails\">✗ no</td>";
      case Boolean b -> b ? "<td>yes</td>" : "<td>no</td>";
      case Number n -> {
        double value = n.doubleValue();
        yield "<td class=\"num\" data-v=\"%s\">%s</td>"
            .formatted(Double.isNaN(value) ? "" : value, Numerals.of(n));
      }
      default -> "<td class=\"text\">" + Html.escape(cell.toString()) + "</td>";
    };
  }

  /** One row per x where all series share theirs, else one row per point. */
  private static Table numbers(Lines lines) {
    List<Series> series = lines.series();
    boolean shared =
        !series.isEmpty()
            && series.stream().allMatch(s -> Arrays.equals(s.x(), series.getFirst().x()));
    List<String> columns = new ArrayList<>();
    List<List<Object>> rows = new ArrayList<>();
    if (shared) {
      columns.add(named(lines.xLabel(), "x"));
      for (Series s : series) {
        columns.add(named(s.name(), named(lines.yLabel(), "y")));
        if (s.low().length > 0) {
          columns.add("from");
          columns.add("to");
        }
      }
      for (int i = 0; i < series.getFirst().x().length; i++) {
        List<Object> row = new ArrayList<>();
        row.add(series.getFirst().x()[i]);
        for (Series s : series) {
          row.add(s.y()[i]);
          if (s.low().length > 0) {
            row.add(s.low()[i]);
            row.add(s.high()[i]);
          }
        }
        rows.add(row);
      }
    } else {
      columns.addAll(List.of("series", named(lines.xLabel(), "x"), named(lines.yLabel(), "y")));
      for (Series s : series) {
        for (int i = 0; i < s.x().length; i++) {
          rows.add(List.of(s.name(), s.x()[i], s.y()[i]));
        }
      }
    }
    return new Table("", columns, rows);
  }

  private static Table numbers(Histogram histogram) {
    List<List<Object>> rows = new ArrayList<>();
    for (int i = 0; i < histogram.counts().length; i++) {
      rows.add(List.of(histogram.edges()[i], histogram.edges()[i + 1], histogram.counts()[i]));
    }
    String label = named(histogram.xLabel(), "value");
    return new Table("", List.of(label + ", from", "to", "count"), rows);
  }

  private static Table numbers(Heatmap heatmap) {
    List<String> columns = new ArrayList<>();
    columns.add(heatmap.yLabel());
    columns.addAll(heatmap.columns());
    List<List<Object>> rows = new ArrayList<>();
    for (int i = 0; i < heatmap.rows().size(); i++) {
      List<Object> row = new ArrayList<>();
      row.add(heatmap.rows().get(i));
      for (double value : heatmap.values()[i]) {
        row.add(value);
      }
      rows.add(row);
    }
    return new Table("", columns, rows);
  }

  private static String named(String name, String otherwise) {
    return name.isEmpty() ? otherwise : name;
  }

  private static void tokens(StringBuilder out, TokenText text) {
    double most = 0;
    for (Figure.TokenLine line : text.lines()) {
      for (double value : line.values()) {
        most = Double.isFinite(value) ? Math.max(most, Math.abs(value)) : most;
      }
    }
    for (Figure.TokenLine line : text.lines()) {
      out.append("<p class=\"tokens\">");
      for (int i = 0; i < line.values().length; i++) {
        double value = line.values()[i];
        double share = most > 0 && Double.isFinite(value) ? Math.abs(value) / most : 0;
        String token = Html.escape(line.tokens().get(i).replace("\n", "↵"));
        if (share < 0.005) {
          out.append("<span>").append(token).append("</span>");
        } else {
          out.append(
              String.format(
                  Locale.ROOT,
                  "<span class=\"%s\" style=\"--v:%.2f\" title=\"%s\">%s</span>",
                  value < 0 ? "m" : "p",
                  share,
                  Numerals.of(value),
                  token));
        }
      }
      out.append("</p>");
    }
    out.append("<p class=\"key\">Strongest shade: ").append(Numerals.of(most)).append("</p>");
  }

  private static void images(StringBuilder out, Images images) {
    out.append("<div class=\"pictures\">");
    for (Figure.Image image : images.images()) {
      out.append("<div>");
      if (image.pixels().length > 0 && image.pixels()[0].length > 0) {
        out.append(
            "<img src=\"%s\" alt=\"%s\">"
                .formatted(GreyPng.dataUri(image.pixels()), Html.escape(image.caption())));
      }
      out.append(Html.escape(image.caption())).append("</div>");
    }
    out.append("</div>");
  }
}
