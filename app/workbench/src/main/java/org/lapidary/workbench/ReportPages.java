package org.lapidary.workbench;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.lapidary.evidence.Figure;
import org.lapidary.report.Block;
import org.lapidary.report.HtmlParts;
import org.lapidary.report.HtmlReport;
import org.lapidary.report.JsonReader;
import org.lapidary.report.Report;
import org.lapidary.report.Section;

/** Reports in the folders, and the difference between two. */
final class ReportPages implements Pages {
  private static final String TAB = "reports";
  private static final long MOST = 64L << 20; // bytes

  private final Bench bench;
  private final Templates templates;

  ReportPages(Bench bench, Templates templates) {
    this.bench = bench;
    this.templates = templates;
  }

  @Override
  public void routes(RoutesConfig routes) {
    routes.get("/reports", this::list);
    routes.get("/report", this::one);
    routes.get("/report.html", this::file);
  }

  private List<String> paths() {
    return bench.folders().reports().stream().map(bench.folders()::name).toList();
  }

  private void list(Context ctx) {
    templates.show(ctx, "reports.jte", "Reports", TAB, Map.of("reports", paths()));
  }

  private Report read(String typed) {
    Path path = bench.folders().find(typed);
    try {
      if (Files.size(path) > MOST) {
        throw new Refused(413, "%s is larger than a report is".formatted(typed));
      }
      return JsonReader.report(Files.readString(path));
    } catch (IOException | IllegalArgumentException e) {
      throw new Refused(
          422, "%s is not a report: %s".formatted(typed, String.valueOf(e.getMessage())));
    }
  }

  private void one(Context ctx) {
    String typed = Typed.needed(ctx, "path");
    Report report = read(typed);
    String against = Typed.or(ctx, "against", "");
    List<Section> sections =
        against.isBlank() ? report.sections() : difference(report, read(against));
    templates.show(
        ctx,
        "report.jte",
        report.title(),
        TAB,
        Map.of(
            "title",
            report.title(),
            "subtitle",
            report.subtitle(),
            "path",
            typed,
            "against",
            against,
            "others",
            paths().stream().filter(p -> !p.equals(typed)).toList(),
            "sections",
            sections.stream().map(s -> new Anchor(s.id(), s.title())).toList(),
            "body",
            sections.stream().map(HtmlParts::section).collect(Collectors.joining())));
  }

  /** A link of the contents. */
  public record Anchor(String id, String title) {}

  /** The report as one file that needs nothing else. */
  private void file(Context ctx) {
    Report report = read(Typed.needed(ctx, "path"));
    ctx.header("Content-Disposition", "attachment; filename=\"report.html\"");
    ctx.html(HtmlReport.render(report));
  }

  /** Values of both side by side, section by section; those that differ first. */
  static List<Section> difference(Report first, Report second) {
    List<Section> sections = new ArrayList<>();
    for (Section section : first.sections()) {
      Map<String, Block.Entry> a = values(section);
      Map<String, Block.Entry> b =
          second.sections().stream()
              .filter(s -> s.id().equals(section.id()))
              .findFirst()
              .map(ReportPages::values)
              .orElse(Map.of());
      List<List<Object>> unlike = new ArrayList<>();
      List<List<Object>> alike = new ArrayList<>();
      a.forEach((key, entry) -> {
        Block.Entry other = b.get(key);
        String there = other == null ? "–" : other.value();
        (there.equals(entry.value()) ? alike : unlike)
            .add(List.of(key, entry.value(), there, change(entry, other)));
      });
      b.forEach((key, entry) -> {
        if (!a.containsKey(key)) {
          unlike.add(List.of(key, "–", entry.value(), ""));
        }
      });
      unlike.addAll(alike);
      if (!unlike.isEmpty()) {
        sections.add(
            new Section(
                section.id(),
                section.title(),
                List.of(
                    new Block.FigureBlock(
                        new Figure.Table(
                            "", List.of("value", "first", "second", "change"), unlike)))));
      }
    }
    return sections;
  }

  private static Object change(
      Block.Entry entry, Block.@org.jspecify.annotations.Nullable Entry other) {
    if (other == null) {
      return "";
    }
    for (String name : entry.numbers().keySet()) {
      Double a = entry.numbers().get(name);
      Double b = other.numbers().get(name);
      if (a != null && b != null && List.of("value", "mean", "after").contains(name)) {
        return b - a;
      }
    }
    return "";
  }

  private static Map<String, Block.Entry> values(Section section) {
    Map<String, Block.Entry> values = new LinkedHashMap<>();
    for (Block block : section.blocks()) {
      if (block instanceof Block.KeyValues(List<Block.Entry> entries)) {
        entries.forEach(e -> values.putIfAbsent(e.key(), e));
      }
    }
    return values;
  }
}
