package org.lapidary.workbench;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.lapidary.catalog.Area;
import org.lapidary.catalog.Catalog;
import org.lapidary.catalog.Declaration;
import org.lapidary.catalog.Entry;
import org.lapidary.catalog.Ledger;
import org.lapidary.catalog.Row;
import org.lapidary.catalog.Status;
import org.lapidary.catalog.runs.Filter;
import org.lapidary.catalog.runs.RunStatus;
import org.lapidary.catalog.runs.RunSummary;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.report.HtmlParts;

/** The catalog, and a page for every method. */
final class MethodPages implements Pages {
  private static final String TAB = "methods";
  private static final int LOOKED_AT = 50;
  private static final int SHOWN = 5;

  private final Bench bench;
  private final Templates templates;

  MethodPages(Bench bench, Templates templates) {
    this.bench = bench;
    this.templates = templates;
  }

  @Override
  public void routes(RoutesConfig routes) {
    routes.get("/methods", this::list);
    routes.get("/methods/{id}", this::one);
  }

  /** A row of the list. */
  public record Listed(Row row, Status status) {
    /** A word for the style sheet. */
    public String mark() {
      return status.word().replace(' ', '-');
    }
  }

  /** What the list was narrowed to, as typed. */
  public record Narrowed(String area, String status, String text) {
    static Narrowed of(Context ctx) {
      return new Narrowed(typed(ctx, "area"), typed(ctx, "status"), typed(ctx, "text"));
    }

    boolean takes(Listed listed) {
      Row row = listed.row();
      String all = String.join(" ", row.id(), row.title(), row.name(), row.arxiv());
      return (area.isEmpty() || row.area() == Area.of(area))
          && (status.isEmpty() || listed.status() == Status.of(status))
          && Arrays.stream(text.toLowerCase(Locale.ROOT).split("\\s+"))
              .allMatch(word -> all.toLowerCase(Locale.ROOT).contains(word));
    }

    private static String typed(Context ctx, String name) {
      return Optional.ofNullable(ctx.queryParam(name)).orElse("").strip();
    }
  }

  private void list(Context ctx) {
    Ledger ledger = bench.house().ledger();
    Catalog catalog = bench.catalog();
    Narrowed filter = Narrowed.of(ctx);
    List<Listed> rows =
        catalog.rows().stream()
            .map(row -> new Listed(row, catalog.status(row, ledger)))
            .filter(filter::takes)
            .toList();
    templates.show(
        ctx,
        "methods.jte",
        "Methods",
        TAB,
        Map.of("rows", rows, "filter", filter, "all", catalog.rows().size()));
  }

  /**
   * A method's page.
   *
   * @param claim of the paper, as the reproduction checks it; or empty
   * @param packageName where the method lives, or empty
   * @param measured the ledger's checks as HTML, or empty
   * @param run when and where they were measured, or empty
   * @param calls how to call it from Java, one line each
   * @param runs of its reproduction on this machine, the newest first
   * @param figures of the newest of them that went well, as HTML, or empty
   */
  public record Method(
      Row row,
      Status status,
      String claim,
      String packageName,
      String measured,
      String run,
      List<String> calls,
      List<RunPages.Listed> runs,
      String figures) {}

  private void one(Context ctx) {
    Catalog catalog = bench.catalog();
    Row row;
    try {
      row = catalog.row(ctx.pathParam("id"));
    } catch (IllegalArgumentException e) {
      throw new Refused(String.valueOf(e.getMessage()));
    }
    Ledger ledger = bench.house().ledger();
    Optional<Declaration> declaration = catalog.declaration(row);
    Optional<Entry> entry = ledger.find(row.id());
    List<RunSummary> runs = runs(row.id());
    Method method =
        new Method(
            row,
            catalog.status(row, ledger),
            declaration.map(d -> d.paper().claim()).orElse(""),
            declaration.map(Declaration::packageName).orElse(""),
            entry.map(e -> HtmlParts.figure(checks(e))).orElse(""),
            entry.map(MethodPages::run).orElse(""),
            declaration.map(Calls::of).orElse(List.of()),
            runs.stream().map(RunPages.Listed::of).toList(),
            runs.stream()
                .filter(r -> r.status() == RunStatus.OK)
                .findFirst()
                .map(r -> RunFigures.html(bench.runs().run(r.id())))
                .orElse(""));
    templates.show(ctx, "method.jte", row.id(), TAB, Map.of("method", method));
  }

  private List<RunSummary> runs(String id) {
    return bench
        .runs()
        .list(Filter.all().withCommand("reproduce").withText(id).withPage(LOOKED_AT, 0))
        .runs()
        .stream()
        .filter(r -> r.argv().contains(id))
        .limit(SHOWN)
        .toList();
  }

  private static Figure.Table checks(Entry entry) {
    return new Figure.Table(
        "",
        List.of("check", "measured", "", "bound", "holds"),
        entry.checks().stream()
            .map(c -> {
              boolean reported = c.relation() == Check.Relation.REPORTED;
              return List.<Object>of(
                  c.name(),
                  c.measured(),
                  reported ? "" : c.relation().sign(),
                  reported ? "" : (Object) c.bound(),
                  reported ? "" : (Object) c.holds());
            })
            .toList());
  }

  private static String run(Entry entry) {
    return String.format(
        Locale.ROOT,
        "%s run of %s, %s %s, %.1f minutes on %s",
        entry.size(),
        entry.date(),
        entry.seeds().size(),
        entry.seeds().size() == 1 ? "seed" : "seeds",
        entry.minutes(),
        entry.machine());
  }
}
