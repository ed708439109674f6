package org.lapidary.catalog;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Check.Relation;

/** METHODS.md: every row, where it stands, its claim and what was measured. */
public final class MethodsPage {
  private static final int MOST_CHECKS = 6;

  private final Catalog catalog;
  private final Ledger ledger;

  public MethodsPage(Catalog catalog, Ledger ledger) {
    this.catalog = catalog;
    this.ledger = ledger;
  }

  public String render() {
    StringBuilder out = new StringBuilder();
    out.append(
        """
        # Methods

        <!-- Written by `./lapidary methods --write` from the rows, the @Paper annotations and the ledger; not by hand. -->

        **working**: a FULL run is in `ledger/` and all its checks hold. **not holding**: a FULL run is there and one
        does not. **declared**: the method has a package and no FULL run yet. **open**: nothing yet.
        Run one with `./lapidary reproduce ID`.

        | area | methods | working | not holding | declared | open |
        | --- | ---: | ---: | ---: | ---: | ---: |
        """);
    for (Area area : Area.values()) {
      List<Row> rows = catalog.rows(area);
      if (!rows.isEmpty()) {
        out.append(
            "| [%s](#%s) %s\n".formatted(area.heading(), anchor(area.heading()), counts(rows)));
      }
    }
    out.append("| all %s\n".formatted(counts(catalog.rows())));
    for (Area area : Area.values()) {
      List<Row> rows = catalog.rows(area);
      if (!rows.isEmpty()) {
        section(out, area, rows);
      }
    }
    return out.toString();
  }

  /** Writes METHODS.md, whole or not at all, and returns where it is. */
  public Path write(House house) throws IOException {
    Path page = house.methodsPage();
    Path next = page.resolveSibling(page.getFileName() + ".part");
    try {
      Files.writeString(next, render());
      Files.move(next, page, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(next);
    }
    return page;
  }

  private void section(StringBuilder out, Area area, List<Row> rows) {
    out.append("\n## %s\n\n".formatted(area.heading()));
    out.append("| id | paper | arXiv | status |\n| --- | --- | --- | --- |\n");
    for (Row row : rows) {
      out.append(
          "| `%s` | %s | %s | %s |\n"
              .formatted(row.id(), cell(row.title()), link(row), status(row)));
    }
    List<Row> declared = rows.stream().filter(r -> catalog.declaration(r).isPresent()).toList();
    for (Row row : declared) {
      Declaration declaration = catalog.declaration(row).orElseThrow();
      out.append("\n### `%s`: %s\n\n".formatted(row.id(), cell(row.name())));
      out.append("%s\n".formatted(cell(declaration.paper().claim())));
      ledger.find(row.id()).ifPresent(entry -> measured(out, entry));
    }
  }

  private static void measured(StringBuilder out, Entry entry) {
    out.append(
        "\n%s run, %d %s, %s minutes, %s:\n\n"
            .formatted(
                entry.size(),
                entry.seeds().size(),
                entry.seeds().size() == 1 ? "seed" : "seeds",
                figure(entry.minutes()),
                entry.date()));
    List<Check> bounded =
        entry.checks().stream().filter(c -> c.relation() != Relation.REPORTED).toList();
    List<Check> shown = new ArrayList<>(bounded.subList(0, Math.min(MOST_CHECKS, bounded.size())));
    bounded.stream().skip(MOST_CHECKS).filter(c -> !c.holds()).forEach(shown::add);
    for (Check check : shown) {
      out.append(
          "- %s: %s %s %s%s\n"
              .formatted(
                  cell(check.name()),
                  figure(check.measured()),
                  check.relation().sign(),
                  figure(check.bound()),
                  check.holds() ? "" : " **does not hold**"));
    }
    int more = entry.checks().size() - shown.size();
    if (more > 0) {
      out.append("- and %d more in `ledger/%s.json`\n".formatted(more, entry.id()));
    }
  }

  private String status(Row row) {
    Status status = catalog.status(row, ledger);
    return switch (status) {
      case WORKING, NOT_HOLDING -> "**%s**".formatted(status.word());
      case DECLARED, OPEN -> status.word();
    };
  }

  /** {@code | 53 | 5 | 0 | 1 | 47 |}. */
  private String counts(List<Row> rows) {
    return Stream.of(Status.values())
        .map(s -> rows.stream().filter(row -> catalog.status(row, ledger) == s).count())
        .map(String::valueOf)
        .collect(Collectors.joining(" | ", "| " + rows.size() + " | ", " |"));
  }

  private static String link(Row row) {
    return row.arxiv().isEmpty() ? "" : "[%1$s](https://arxiv.org/abs/%1$s)".formatted(row.arxiv());
  }

  /** The anchor that Markdown viewers give a heading. */
  private static String anchor(String heading) {
    return heading.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9 -]", "").replace(' ', '-');
  }

  /** Text that cannot end a cell, start a tag or become emphasis. */
  private static String cell(String text) {
    return text.replaceAll("\\s+", " ")
        .strip()
        .replace("\\", "\\\\")
        .replace("|", "\\|")
        .replace("<", "&lt;")
        .replace("*", "\\*")
        .replace("_", "\\_");
  }

  /** Four digits, without zeros at the end. */
  private static String figure(double x) {
    if (!Double.isFinite(x)) {
      return Double.isNaN(x) ? "not a number" : x > 0 ? "infinity" : "-infinity";
    }
    String text = String.format(Locale.ROOT, "%.4g", x);
    return Math.abs(x) >= 1e5 || x != 0 && Math.abs(x) < 1e-4
        ? text
        : new java.math.BigDecimal(text).stripTrailingZeros().toPlainString();
  }
}
