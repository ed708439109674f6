package org.lapidary.catalog.runs;

import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/** Writes runs into the tables. */
final class Intake {
  private final DuckDBConnection connection;

  Intake(DuckDBConnection connection) {
    this.connection = connection;
  }

  /** All of them or none. None of them may be there yet. */
  void add(Collection<Run> runs) throws SQLException {
    connection.setAutoCommit(false);
    try {
      rows("runs", runs, Intake::summary);
      rows("metrics", runs, Intake::metrics);
      rows("outputs", runs, Intake::outputs);
      rows("artifacts", runs, Intake::artifacts);
      rows("logs", runs, Intake::log);
      connection.commit();
    } catch (SQLException | RuntimeException e) {
      connection.rollback();
      throw e;
    } finally {
      connection.setAutoCommit(true);
    }
  }

  private interface Rows {
    void write(DuckDBAppender out, Run run) throws SQLException;
  }

  private void rows(String table, Collection<Run> runs, Rows rows) throws SQLException {
    try (DuckDBAppender out = connection.createAppender(DuckDBConnection.DEFAULT_SCHEMA, table)) {
      for (Run run : runs) {
        rows.write(out, run);
      }
    }
  }

  private static void summary(DuckDBAppender out, Run run) throws SQLException {
    RunSummary s = run.summary();
    RunProgress p = s.progress();
    out.beginRow();
    for (String text :
        List.of(s.id(), s.command(), EventJson.text(s.argv()), s.model(), s.status().word())) {
      out.append(text);
    }
    out.append(s.start().toEpochMilli());
    out.append((s.end() == null ? s.start() : s.end()).toEpochMilli());
    text(out, p == null ? null : p.what());
    out.append(p == null ? null : (Long) p.done());
    out.append(p == null ? null : (Long) p.steps());
    text(out, p == null ? null : p.note());
    out.append(EventJson.text(run.settings()));
    out.append(EventJson.text(run.seeds()));
    out.append(EventJson.text(run.fingerprints()));
    out.append(EventJson.text(run.versions()));
    out.append(run.machine());
    out.append(run.pid());
    text(out, run.error());
    out.append(Filter.words(s));
    out.endRow();
  }

  private static void text(DuckDBAppender out, @Nullable String text) throws SQLException {
    if (text == null) {
      out.appendNull();
    } else {
      out.append(text);
    }
  }

  private static void metrics(DuckDBAppender out, Run run) throws SQLException {
    int place = 0;
    for (MetricSeries m : run.metrics()) {
      for (int i = 0; i < m.steps().length; i++) {
        out.beginRow();
        out.append(run.id());
        out.append(place++);
        out.append(m.name());
        out.append(m.steps()[i]);
        out.append(m.values()[i]);
        out.endRow();
      }
    }
  }

  private static void outputs(DuckDBAppender out, Run run) throws SQLException {
    int place = 0;
    for (Output output : run.outputs()) {
      out.beginRow();
      out.append(run.id());
      out.append(place++);
      out.append(output.kind().word());
      out.append(output.json().toString());
      out.endRow();
    }
  }

  private static void artifacts(DuckDBAppender out, Run run) throws SQLException {
    int place = 0;
    for (Artifact artifact : run.artifacts()) {
      out.beginRow();
      out.append(run.id());
      out.append(place++);
      out.append(artifact.name());
      out.append(artifact.path());
      out.endRow();
    }
  }

  private static void log(DuckDBAppender out, Run run) throws SQLException {
    int place = 0;
    for (LogLine line : run.log()) {
      out.beginRow();
      out.append(run.id());
      out.append(place++);
      out.append(line.at().toEpochMilli());
      out.append(line.text());
      out.endRow();
    }
  }
}
