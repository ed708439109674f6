package org.lapidary.catalog;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lapidary.nn.Nearest;

/** All rows, and the packages that declare some of them. */
public final class Catalog {
  private final Map<String, Row> rows = new LinkedHashMap<>();
  private final Map<String, Declaration> declared = new HashMap<>();
  private final List<String> faults = new ArrayList<>();

  /** A catalog of these rows and packages. */
  public Catalog(List<Row> rows, List<Declaration> declarations) {
    rows.forEach(row -> this.rows.put(row.id(), row));
    declarations.forEach(this::declare);
  }

  /** The rows that ship with Lapidary and the methods on the class path. */
  public static Catalog load() {
    return new Catalog(rowsOfResource(), Packages.onClassPath());
  }

  private void declare(Declaration declaration) {
    String id = declaration.paper().id();
    String place = declaration.packageName();
    Row row = rows.get(id);
    if (row == null) {
      faults.add(place + ": " + Nearest.sentence("row", id, rows.keySet()));
      return;
    }
    if (!row.title().equals(declaration.paper().title())) {
      faults.add(
          "%s: the title of '%s' is \"%s\", not \"%s\""
              .formatted(place, id, row.title(), declaration.paper().title()));
    }
    if (!row.arxiv().equals(declaration.paper().arxiv())) {
      faults.add(
          "%s: the arXiv id of '%s' is '%s', not '%s'"
              .formatted(place, id, row.arxiv(), declaration.paper().arxiv()));
    }
    if (declaration.paper().claim().isBlank()) {
      faults.add(place + ": @Paper of '" + id + "' makes no claim");
    }
    Declaration other = declared.putIfAbsent(id, declaration);
    if (other != null) {
      faults.add("'%s' is declared twice: %s and %s".formatted(id, other.packageName(), place));
    }
  }

  /** Rows by area, in the order of METHODS.md. */
  public List<Row> rows() {
    return List.copyOf(rows.values());
  }

  public List<Row> rows(Area area) {
    return rows.values().stream().filter(row -> row.area() == area).toList();
  }

  /**
   * The row of that id.
   *
   * @throws IllegalArgumentException naming the nearest ids
   */
  public Row row(String id) {
    Row row = rows.get(id);
    if (row == null) {
      throw new IllegalArgumentException(Nearest.sentence("method", id, rows.keySet()));
    }
    return row;
  }

  /** The package of a row, if it has one. */
  public Optional<Declaration> declaration(Row row) {
    return Optional.ofNullable(declared.get(row.id()));
  }

  /**
   * What the annotations and the list of rows, or the ledger, disagree on; empty when all is well.
   */
  public List<String> faults(Ledger ledger) {
    List<String> all = new ArrayList<>(faults);
    for (Entry entry : ledger.entries()) {
      if (!rows.containsKey(entry.id())) {
        all.add("the ledger has an entry for '" + entry.id() + "', which is no row");
      } else if (!declared.containsKey(entry.id())) {
        all.add("the ledger has an entry for '" + entry.id() + "', which no package declares");
      }
    }
    return all;
  }

  public Status status(Row row, Ledger ledger) {
    if (!declared.containsKey(row.id())) {
      return Status.OPEN;
    }
    return ledger
        .find(row.id())
        .filter(Entry::full)
        .map(entry -> entry.holds() ? Status.WORKING : Status.NOT_HOLDING)
        .orElse(Status.DECLARED);
  }

  private static List<Row> rowsOfResource() {
    List<Row> rows = new ArrayList<>();
    try (InputStream in = Catalog.class.getResourceAsStream("methods.json")) {
      if (in == null) {
        throw new IllegalStateException("methods.json is not on the class path");
      }
      // Token by token: binding objects would cost more than all the rest of `lapidary methods`.
      try (JsonParser json = new JsonFactory().createParser(in)) {
        Map<String, String> fields = new HashMap<>();
        for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
          if (token == JsonToken.VALUE_STRING) {
            fields.put(json.currentName(), json.getText());
          } else if (token == JsonToken.END_OBJECT) {
            rows.add(
                new Row(
                    fields.getOrDefault("id", ""),
                    fields.getOrDefault("title", ""),
                    fields.getOrDefault("arxiv", ""),
                    Area.of(fields.getOrDefault("area", "")),
                    fields.getOrDefault("name", "")));
            fields.clear();
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return rows;
  }
}
