package org.lapidary.catalog.runs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBDriver;
import org.jspecify.annotations.Nullable;

/**
 * The DuckDB file. DuckDB lets one process open a file for writing, so it is held for a quarter of
 * a second at most: who reads a page every second and who asks from the command line take turns.
 */
final class Database implements AutoCloseable {
  /** Of the tables; a file with a higher one is of a newer Lapidary. */
  static final int VERSION = 1;

  private static final long HELD = 250_000_000L; // ns
  private static final long RETRY = 50; // ms

  private static final List<String> TABLES =
      List.of(
          "CREATE TABLE store (version INTEGER NOT NULL)",
          """
          CREATE TABLE runs (
            id VARCHAR PRIMARY KEY, command VARCHAR NOT NULL, argv VARCHAR NOT NULL,
            model VARCHAR NOT NULL, status VARCHAR NOT NULL, started BIGINT NOT NULL,
            ended BIGINT NOT NULL, what VARCHAR, done BIGINT, steps BIGINT, note VARCHAR,
            settings VARCHAR NOT NULL, seeds VARCHAR NOT NULL, fingerprints VARCHAR NOT NULL,
            versions VARCHAR NOT NULL, machine VARCHAR NOT NULL, pid BIGINT NOT NULL,
            error VARCHAR, words VARCHAR NOT NULL)
          """,
          """
          CREATE TABLE metrics (
            run VARCHAR NOT NULL, place INTEGER NOT NULL, name VARCHAR NOT NULL,
            step BIGINT NOT NULL, value DOUBLE NOT NULL)
          """,
          """
          CREATE TABLE outputs (
            run VARCHAR NOT NULL, place INTEGER NOT NULL, kind VARCHAR NOT NULL,
            json VARCHAR NOT NULL)
          """,
          """
          CREATE TABLE artifacts (
            run VARCHAR NOT NULL, place INTEGER NOT NULL, name VARCHAR NOT NULL,
            path VARCHAR NOT NULL)
          """,
          """
          CREATE TABLE logs (
            run VARCHAR NOT NULL, place INTEGER NOT NULL, time BIGINT NOT NULL,
            text VARCHAR NOT NULL)
          """,
          "INSERT INTO store VALUES (" + VERSION + ")");

  private final Path file;
  private final boolean readOnly;
  private final Duration patience;
  private @Nullable DuckDBConnection connection;
  private long opened;
  private boolean leaving;

  /** Something done with the database. */
  interface Work<T> {
    T with(DuckDBConnection connection) throws SQLException;
  }

  /**
   * A database that is opened when first needed.
   *
   * @param patience how long to wait while another process has it
   */
  Database(Path file, boolean readOnly, Duration patience) {
    this.file = file;
    this.readOnly = readOnly;
    this.patience = patience;
  }

  boolean readOnly() {
    return readOnly;
  }

  boolean exists() {
    return Files.exists(file);
  }

  /** Changes when anyone writes to the file. */
  String stamp() {
    try {
      StringBuilder stamp = new StringBuilder();
      for (Path each : List.of(file, file.resolveSibling(file.getFileName() + ".wal"))) {
        stamp.append(
            Files.exists(each) ? Files.size(each) + " " + Files.getLastModifiedTime(each) : "none");
        stamp.append(", ");
      }
      return stamp.toString();
    } catch (NoSuchFileException e) {
      return "changing"; // checkpointed just now
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Does something; one at a time.
   *
   * @throws StoreException if the file cannot be opened or read
   */
  synchronized <T> T with(Work<T> work) {
    DuckDBConnection current = connection;
    if (current == null) {
      current = open();
      connection = current;
      opened = System.nanoTime();
    }
    try {
      return work.with(current);
    } catch (SQLException e) {
      close();
      throw new StoreException(
          "the run store %s cannot be used: %s".formatted(file, message(e)), e);
    } finally {
      leave();
    }
  }

  /** Sees to it that the file is let go of in time. */
  private void leave() {
    long left = HELD - (System.nanoTime() - opened);
    if (left <= 0) {
      close();
    } else if (connection != null && !leaving) {
      leaving = true;
      Thread.ofVirtual()
          .start(() -> {
            try {
              Thread.sleep(Duration.ofNanos(left));
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            close();
          });
    }
  }

  @Override
  public synchronized void close() {
    leaving = false;
    DuckDBConnection current = connection;
    connection = null;
    if (current != null) {
      try {
        current.close();
      } catch (SQLException e) {
        throw new StoreException("the run store " + file + " cannot be closed: " + message(e), e);
      }
    }
  }

  private DuckDBConnection open() {
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      try {
        return checked(connect());
      } catch (SQLException e) {
        String message = message(e);
        if (!message.contains("lock on file") && !message.contains("being used by another")) {
          throw unreadable(message, e);
        }
        if (System.nanoTime() > deadline) {
          throw new StoreException(
              "another process has had the run store %s open for more than %d s; end it, or try again later (%s)"
                  .formatted(file, patience.toSeconds(), firstLine(message)),
              e);
        }
      }
      try {
        Thread.sleep(RETRY);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new StoreException("interrupted while waiting for the run store " + file, e);
      }
    }
  }

  private DuckDBConnection connect() throws SQLException {
    Properties settings = new Properties();
    settings.setProperty("threads", "1");
    settings.setProperty("memory_limit", "512MB");
    settings.setProperty("autoinstall_known_extensions", "false");
    settings.setProperty("autoload_known_extensions", "false");
    settings.setProperty("preserve_insertion_order", "true");
    if (readOnly) {
      settings.setProperty(DuckDBDriver.DUCKDB_READONLY_PROPERTY, "true");
    }
    Connection made = new DuckDBDriver().connect("jdbc:duckdb:" + file, settings);
    return made.unwrap(DuckDBConnection.class);
  }

  /** Makes the tables of a new file, and refuses a file that is not ours to read. */
  private DuckDBConnection checked(DuckDBConnection made) throws SQLException {
    try (Statement statement = made.createStatement()) {
      List<String> tables = texts(statement, "SELECT table_name FROM duckdb_tables()");
      if (tables.isEmpty() && !readOnly) {
        made.setAutoCommit(false);
        for (String table : TABLES) {
          statement.execute(table);
        }
        made.commit();
        made.setAutoCommit(true);
        return made;
      }
      if (!tables.contains("store")) {
        throw new StoreException(
            "%s is a database, but not a run store of Lapidary; move it away, or set LAPIDARY_HOME to another folder"
                .formatted(file));
      }
      int version = Integer.parseInt(texts(statement, "SELECT version FROM store").getFirst());
      if (version > VERSION) {
        throw new StoreException(
            "the run store %s is of version %d, and this Lapidary reads versions up to %d; use the newer Lapidary that wrote it, or set LAPIDARY_HOME to another folder"
                .formatted(file, version, VERSION));
      }
      return made;
    } catch (SQLException | RuntimeException e) {
      made.close();
      throw e;
    }
  }

  private StoreException unreadable(String message, SQLException e) {
    String what =
        message.contains("not a valid DuckDB")
            ? "is not a run store; move it away, and the next command begins a new one"
            : message.contains("version number")
                ? "is written by a newer DuckDB than this Lapidary has; use the newer Lapidary that wrote it"
                : "cannot be opened";
    return new StoreException("%s %s (%s)".formatted(file, what, firstLine(message)), e);
  }

  private static String firstLine(String message) {
    return message.lines().findFirst().orElse("").strip();
  }

  private static String message(SQLException e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  /** The first column as text. */
  private static List<String> texts(Statement statement, String query) throws SQLException {
    List<String> texts = new ArrayList<>();
    try (ResultSet rows = statement.executeQuery(query)) {
      while (rows.next()) {
        texts.add(rows.getString(1));
      }
    }
    return texts;
  }
}
