package org.lapidary.catalog.runs;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lapidary.evidence.Figure;
import org.lapidary.report.Block;
import org.lapidary.report.JsonReader;
import org.lapidary.report.Report;
import org.lapidary.report.Section;

/** Runs side by side, what differs first. */
public final class RunComparison {
  private static final int MOST_ROWS = 200;

  private RunComparison() {}

  /** A line of the comparison: a cell for each run, empty where a run has none. */
  private record Line(String name, List<Object> cells) {
    boolean differs() {
      return new HashSet<>(cells).size() > 1;
    }
  }

  /**
   * Compares two runs or more.
   *
   * @throws IllegalArgumentException for fewer than two
   */
  public static Report of(List<Run> runs) {
    if (runs.size() < 2) {
      throw new IllegalArgumentException("a comparison takes two runs or more");
    }
    List<Section> sections = new ArrayList<>();
    sections.add(
        parts(
            "given",
            "What they were given",
            runs,
            lines(runs.stream().map(RunComparison::given).toList())));
    List<Line> found = lines(runs.stream().map(RunComparison::found).toList());
    if (!found.isEmpty()) {
      sections.add(parts("found", "What they found", runs, found));
    }
    List<Block> charts = metrics(runs);
    if (!charts.isEmpty()) {
      sections.add(new Section("metrics", "Metrics", charts));
    }
    return new Report(
        runs.size() + " runs side by side",
        String.join(", ", runs.stream().map(run -> name(runs, run)).toList()),
        sections);
  }

  /** The id, and the command where they differ in it. */
  private static String name(List<Run> runs, Run run) {
    boolean one = runs.stream().map(r -> r.summary().command()).distinct().count() == 1;
    return one ? run.id() : "%s %s".formatted(run.id(), run.summary().command());
  }

  private static Section parts(String id, String title, List<Run> runs, List<Line> lines) {
    List<Line> differing = lines.stream().filter(Line::differs).toList();
    List<Line> same = lines.stream().filter(line -> !line.differs()).toList();
    List<Block> blocks = new ArrayList<>();
    if (differing.isEmpty()) {
      blocks.add(new Block.Text("Nothing differs."));
    } else {
      List<String> columns = new ArrayList<>(List.of(""));
      runs.forEach(run -> columns.add(name(runs, run)));
      blocks.add(table("What differs", columns, differing));
    }
    if (!same.isEmpty()) {
      blocks.add(
          table(
              "What is the same",
              List.of("", "all"),
              same.stream()
                  .map(line -> new Line(line.name(), List.of(line.cells().getFirst())))
                  .toList()));
    }
    return new Section(id, title, blocks);
  }

  private static Block table(String title, List<String> columns, List<Line> lines) {
    List<List<Object>> rows = new ArrayList<>();
    for (Line line : lines.subList(0, Math.min(lines.size(), MOST_ROWS))) {
      List<Object> row = new ArrayList<>(List.of(line.name()));
      row.addAll(line.cells());
      rows.add(row);
    }
    String rest = lines.size() > MOST_ROWS ? " (the first %d)".formatted(MOST_ROWS) : "";
    return new Block.FigureBlock(new Figure.Table(title + rest, columns, rows));
  }

  private static List<Line> lines(List<Map<String, Object>> runs) {
    Map<String, Boolean> names = new LinkedHashMap<>();
    runs.forEach(run -> run.keySet().forEach(name -> names.put(name, true)));
    List<Line> lines = new ArrayList<>();
    for (String name : names.keySet()) {
      lines.add(
          new Line(
              name,
              runs.stream().map(run -> Objects.requireNonNullElse(run.get(name), "")).toList()));
    }
    return lines;
  }

  private static Map<String, Object> given(Run run) {
    Map<String, Object> given = new LinkedHashMap<>();
    given.put("command", run.summary().command());
    given.putAll(run.settings());
    run.fingerprints().forEach((path, digits) -> given.put("fingerprint of " + path, digits));
    given.put("machine", run.machine());
    run.versions().forEach((name, version) -> given.put("version of " + name, version));
    return given;
  }

  private static Map<String, Object> found(Run run) {
    Map<String, Object> found = new LinkedHashMap<>();
    found.put("status", run.summary().status().word());
    found.put("seconds", run.summary().duration().toMillis() / 100 / 10.0);
    run.metrics().forEach(metric -> found.put(metric.name() + " (last)", metric.last()));
    for (Output output : run.outputs()) {
      switch (output.kind()) {
        case FIGURE -> figure(found, "", JsonReader.figure(output.json()));
        case SECTION -> section(found, JsonReader.section(output.json()));
        case REPORT ->
            JsonReader.report(output.json()).sections().forEach(section -> section(found, section));
      }
    }
    return found;
  }

  private static void section(Map<String, Object> found, Section section) {
    for (Block block : section.blocks()) {
      switch (block) {
        case Block.KeyValues(List<Block.Entry> entries) ->
            entries.forEach(entry ->
                found.putIfAbsent(
                    section.title() + ": " + entry.key(),
                    entry.numbers().size() == 1
                        ? entry.numbers().values().iterator().next()
                        : entry.value()));
        case Block.FigureBlock(Figure figure, String _) -> figure(found, section.title(), figure);
        case Block.Text(String _), Block.Warning(String _) -> {}
      }
    }
  }

  /**
   * Numbers of a table, by the words at the beginning of their row and the head of their column.
   */
  private static void figure(Map<String, Object> found, String section, Figure figure) {
    if (!(figure instanceof Figure.Table table)) {
      return;
    }
    String title = table.title().isEmpty() ? section : table.title();
    for (List<Object> row : table.rows()) {
      for (int column = 1; column < row.size(); column++) {
        if (row.get(column) instanceof Number || row.get(column) instanceof Boolean) {
          String name = "%s, %s".formatted(row.getFirst(), table.columns().get(column));
          found.putIfAbsent(title.isEmpty() ? name : title + ": " + name, row.get(column));
        }
      }
    }
  }

  /** Every metric, a curve for each run that has it. */
  private static List<Block> metrics(List<Run> runs) {
    Map<String, List<Figure.Series>> charts = new LinkedHashMap<>();
    for (Run run : runs) {
      for (MetricSeries metric : run.metrics()) {
        Figure.Series series = metric.series();
        charts
            .computeIfAbsent(metric.name(), n -> new ArrayList<>())
            .add(new Figure.Series(run.id(), series.x(), series.y()));
      }
    }
    List<Block> blocks = new ArrayList<>();
    charts.forEach((name, series) ->
        blocks.add(
            new Block.FigureBlock(new Figure.Lines(name, "step", RunReport.unit(name), series))));
    return blocks;
  }
}
