package org.lapidary.catalog.runs;

import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lapidary.evidence.Figure;
import org.lapidary.report.Block;
import org.lapidary.report.JsonReader;
import org.lapidary.report.Report;
import org.lapidary.report.Section;

/**
 * A run as a report: how it stands, what it was given, its metrics, what it showed, what it said.
 */
public final class RunReport {
  private static final int LOG_LINES = 40;
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);

  private RunReport() {}

  public static Report of(Run run) {
    RunSummary summary = run.summary();
    List<Section> sections = new ArrayList<>();
    sections.add(new Section("run", "Run", head(run)));
    if (!run.settings().isEmpty()) {
      sections.add(new Section("settings", "Settings", List.of(table(run.settings()))));
    }
    if (!run.metrics().isEmpty()) {
      sections.add(new Section("metrics", "Metrics", metrics(run)));
    }
    sections.addAll(shown(run));
    if (!run.artifacts().isEmpty()) {
      List<List<Object>> rows = new ArrayList<>();
      run.artifacts().forEach(a -> rows.add(List.of(a.name(), a.path())));
      sections.add(
          new Section(
              "files",
              "Files",
              List.of(
                  new Block.FigureBlock(new Figure.Table("", List.of("what", "where"), rows)))));
    }
    if (!run.log().isEmpty()) {
      List<LogLine> log = run.log();
      String text =
          String.join(
              "\n\n",
              log.subList(Math.max(0, log.size() - LOG_LINES), log.size()).stream()
                  .map(LogLine::text)
                  .toList());
      sections.add(new Section("log", "Log", List.of(new Block.Text(text))));
    }
    return new Report(
        "%s  %s".formatted(run.id(), summary.command()),
        "lapidary " + String.join(" ", summary.argv()),
        sections);
  }

  private static List<Block> head(Run run) {
    RunSummary summary = run.summary();
    List<Block> blocks = new ArrayList<>();
    if (run.error() != null) {
      blocks.add(new Block.Warning(run.error()));
    }
    if (summary.status() == RunStatus.INTERRUPTED) {
      blocks.add(
          new Block.Warning(
              "Its process ended without a word: it was killed, or the machine went down. What is below was done until then."));
    }
    Map<String, String> pairs = new LinkedHashMap<>();
    pairs.put("status", summary.status().word());
    pairs.put("began", TIME.format(summary.start().atZone(ZoneId.systemDefault())));
    pairs.put("took", took(summary.duration()));
    if (!summary.model().isEmpty()) {
      pairs.put("model", summary.model());
    }
    RunProgress progress = summary.progress();
    if (progress != null && summary.status() != RunStatus.OK) {
      pairs.put("progress", words(progress));
    }
    pairs.put("machine", run.machine());
    run.versions().forEach(pairs::put);
    blocks.add(Block.KeyValues.of(pairs));
    if (!run.fingerprints().isEmpty()) {
      blocks.add(table(run.fingerprints(), "what it read", "fingerprint"));
    }
    return blocks;
  }

  /** {@code training 120/1000, loss 2.31}. */
  public static String words(RunProgress progress) {
    String count =
        progress.steps() > 0
            ? " %d/%d".formatted(progress.done(), progress.steps())
            : progress.done() > 0 ? " " + progress.done() : "";
    return progress.what() + count + (progress.note().isEmpty() ? "" : ", " + progress.note());
  }

  /** {@code 0.4 s}, {@code 12 s}, {@code 3:05 min}, {@code 1:02:03 h}. */
  public static String took(Duration time) {
    double s = Math.max(0, time.toMillis()) / 1e3;
    if (s < 9.95) {
      return String.format(Locale.ROOT, "%.1f s", s);
    }
    long whole = Math.round(s);
    if (whole < 60) {
      return whole + " s";
    }
    return whole < 3600
        ? String.format(Locale.ROOT, "%d:%02d min", whole / 60, whole % 60)
        : String.format(Locale.ROOT, "%d:%02d:%02d h", whole / 3600, whole / 60 % 60, whole % 60);
  }

  private static Block table(Map<String, String> pairs) {
    return table(pairs, "setting", "value");
  }

  private static Block table(Map<String, String> pairs, String key, String value) {
    List<List<Object>> rows = new ArrayList<>();
    pairs.forEach((k, v) -> rows.add(List.of(k, v)));
    return new Block.FigureBlock(new Figure.Table("", List.of(key, value), rows));
  }

  /** Metrics whose names end in the same word share a chart: loss and held-out loss. */
  private static List<Block> metrics(Run run) {
    Map<String, List<Figure.Series>> charts = new LinkedHashMap<>();
    for (MetricSeries metric : run.metrics()) {
      charts.computeIfAbsent(unit(metric.name()), u -> new ArrayList<>()).add(metric.series());
    }
    List<Block> blocks = new ArrayList<>();
    charts.forEach((unit, series) ->
        blocks.add(new Block.FigureBlock(new Figure.Lines(unit, "step", unit, series))));
    return blocks;
  }

  static String unit(String metric) {
    return metric.substring(metric.lastIndexOf(' ') + 1);
  }

  /** Figures in a section of their own; sections as they are, but for their ids. */
  private static List<Section> shown(Run run) {
    List<Section> sections = new ArrayList<>();
    List<Block> figures = new ArrayList<>();
    int count = 0;
    for (Output output : run.outputs()) {
      count++;
      switch (output.kind()) {
        case FIGURE -> figures.add(new Block.FigureBlock(JsonReader.figure(output.json())));
        case SECTION -> sections.add(renamed(count, JsonReader.section(output.json())));
        case REPORT -> {
          for (Section section : JsonReader.report(output.json()).sections()) {
            sections.add(renamed(count, section));
          }
        }
      }
    }
    if (!figures.isEmpty()) {
      sections.addFirst(new Section("figures", "Figures", figures));
    }
    return sections;
  }

  private static Section renamed(int output, Section section) {
    return new Section(
        "shown-%d-%s".formatted(output, section.id()), section.title(), section.blocks());
  }
}
