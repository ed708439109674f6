package org.lapidary.catalog.runs;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.duckdb.DuckDBConnection;

/** Reads runs from the tables. */
final class RunQuery {
  private final DuckDBConnection connection;

  RunQuery(DuckDBConnection connection) {
    this.connection = connection;
  }

  private interface Each<T> {
    T read(ResultSet row) throws SQLException;
  }

  private <T> List<T> rows(String sql, List<Object> arguments, Each<T> each) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < arguments.size(); i++) {
        statement.setObject(i + 1, arguments.get(i));
      }
      List<T> all = new ArrayList<>();
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          all.add(each.read(row));
        }
      }
      return all;
    }
  }

  /** Every run, the newest first. */
  List<RunSummary> list() throws SQLException {
    return rows(
        "SELECT id, command, argv, model, status, started, ended, what, done, steps, note FROM runs ORDER BY id DESC",
        List.of(),
        RunQuery::summary);
  }

  boolean has(String id) throws SQLException {
    return !rows("SELECT id FROM runs WHERE id = ?", List.of(id), r -> r.getString(1)).isEmpty();
  }

  private static RunSummary summary(ResultSet r) throws SQLException {
    String what = r.getString(8);
    return new RunSummary(
        r.getString(1),
        r.getString(2),
        EventJson.texts(EventJson.tree(r.getString(3))),
        r.getString(4),
        RunStatus.of(r.getString(5)),
        Instant.ofEpochMilli(r.getLong(6)),
        Instant.ofEpochMilli(r.getLong(7)),
        what == null ? null : new RunProgress(what, r.getLong(9), r.getLong(10), r.getString(11)));
  }

  /** The whole of a run. */
  Optional<Run> run(String id) throws SQLException {
    List<Object> key = List.of(id);
    List<Run> found =
        rows(
            "SELECT id, command, argv, model, status, started, ended, what, done, steps, note,"
                + " settings, seeds, fingerprints, versions, machine, pid, error FROM runs WHERE id = ?",
            key,
            r -> {
              RunSummary summary = summary(r);
              return new Run(
                  summary,
                  EventJson.pairs(EventJson.tree(r.getString(12))),
                  EventJson.numbers(EventJson.tree(r.getString(13))),
                  EventJson.pairs(EventJson.tree(r.getString(14))),
                  EventJson.pairs(EventJson.tree(r.getString(15))),
                  r.getString(16),
                  r.getLong(17),
                  List.of(),
                  List.of(),
                  List.of(),
                  List.of(),
                  r.getString(18));
            });
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Run bare = found.getFirst();
    return Optional.of(
        new Run(
            bare.summary(),
            bare.settings(),
            bare.seeds(),
            bare.fingerprints(),
            bare.versions(),
            bare.machine(),
            bare.pid(),
            metrics(key),
            rows(
                "SELECT kind, json FROM outputs WHERE run = ? ORDER BY place",
                key,
                r ->
                    new Output(
                        Output.Kind.valueOf(r.getString(1).toUpperCase(Locale.ROOT)),
                        EventJson.tree(r.getString(2)))),
            rows(
                "SELECT name, path FROM artifacts WHERE run = ? ORDER BY place",
                key,
                r -> new Artifact(r.getString(1), r.getString(2))),
            rows(
                "SELECT time, text FROM logs WHERE run = ? ORDER BY place",
                key,
                r -> new LogLine(Instant.ofEpochMilli(r.getLong(1)), r.getString(2))),
            bare.error()));
  }

  private List<MetricSeries> metrics(List<Object> key) throws SQLException {
    record Point(String name, long step, double value) {}
    List<Point> points =
        rows(
            "SELECT name, step, value FROM metrics WHERE run = ? ORDER BY place",
            key,
            r -> new Point(r.getString(1), r.getLong(2), r.getDouble(3)));
    Map<String, List<Point>> byName = new LinkedHashMap<>();
    points.forEach(p -> byName.computeIfAbsent(p.name(), n -> new ArrayList<>()).add(p));
    List<MetricSeries> series = new ArrayList<>();
    byName.forEach((name, of) -> {
      long[] steps = of.stream().mapToLong(Point::step).toArray();
      double[] values = of.stream().mapToDouble(Point::value).toArray();
      series.add(new MetricSeries(name, steps, values));
    });
    return series;
  }
}
