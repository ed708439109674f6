package org.lapidary.catalog.runs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;
import org.lapidary.nn.Nearest;

/**
 * Reads what runs have written: those that are over from {@code runs.duckdb} in the data folder,
 * those that go on from their journals. Opening a store costs nothing, and it may be kept for as
 * long as one likes: it holds the file for a moment only, so that others get their turn. Where the
 * folder cannot be written, everything is read from where it lies. Safe to call from several
 * threads.
 */
public final class RunStore implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int BATCH = 250;
  private static final int SUGGESTED = 3;

  private final Journals journals;
  private final Database database;

  /** Readers of journals that are not in the database, so that each line is read once. */
  private final Map<String, JournalReader> readers = new HashMap<>();

  private @Nullable Stored stored;

  /** What was in the database, and when. */
  private record Stored(String stamp, List<RunSummary> runs) {}

  private RunStore(Journals journals, Database database) {
    this.journals = journals;
    this.database = database;
  }

  /** The store in a data folder ({@link org.lapidary.io.Home}). */
  public static RunStore open(Path home) {
    return open(home, PATIENCE);
  }

  static RunStore open(Path home, Duration patience) {
    Path folder = home.toAbsolutePath().normalize();
    Path file = folder.resolve("runs.duckdb");
    boolean readOnly =
        Files.exists(folder) && !Files.isWritable(folder)
            || Files.exists(file) && !Files.isWritable(file);
    return new RunStore(Journals.in(home), new Database(file, readOnly, patience));
  }

  /** A journal that has something to show. */
  private record Known(RunBuilder run, boolean live) {
    boolean over() {
      return !live || run.ended();
    }
  }

  /**
   * The runs that pass a filter, the newest first.
   *
   * @throws StoreException if the database cannot be read
   */
  public synchronized List<RunSummary> list(Filter filter) {
    return passing(filter).skip(filter.offset()).limit(filter.limit()).toList();
  }

  /** How many runs pass a filter, whatever its limit and offset. */
  public synchronized long count(Filter filter) {
    return passing(filter).count();
  }

  private Stream<RunSummary> passing(Filter filter) {
    Map<String, Known> beside = takeIn();
    return Stream.concat(
            beside.values().stream().map(known -> known.run().summary(known.live())),
            stored().stream())
        .filter(filter::passes)
        .sorted(Comparator.comparing(RunSummary::id).reversed());
  }

  /** The runs in the database; it is opened only if it has changed. */
  private List<RunSummary> stored() {
    if (!database.exists()) {
      return List.of();
    }
    Stored last = stored;
    if (last == null || !last.stamp().equals(database.stamp())) {
      last =
          database.with(
              connection -> new Stored(database.stamp(), new RunQuery(connection).list()));
      stored = last;
    }
    return last.runs();
  }

  /**
   * A run.
   *
   * @param id whole, or the beginning of one that no other shares
   * @throws IllegalArgumentException if there is none or several, naming ids near it
   */
  public synchronized Run run(String id) {
    Map<String, Known> beside = takeIn();
    String whole = resolve(id, beside.keySet());
    Known known = beside.get(whole);
    if (known != null) {
      return known.run().run(known.live());
    }
    return database
        .with(connection -> new RunQuery(connection).run(whole))
        .orElseThrow(() -> new StoreException("the run " + whole + " was removed just now"));
  }

  /**
   * The whole id that a beginning stands for.
   *
   * @throws IllegalArgumentException if there is none or several, naming ids near it
   */
  public synchronized String resolve(String id) {
    return resolve(id, takeIn().keySet());
  }

  private String resolve(String id, Set<String> beside) {
    Set<String> every = new LinkedHashSet<>(beside);
    stored().forEach(run -> every.add(run.id()));
    List<String> all = every.stream().filter(each -> each.startsWith(id)).toList();
    if (all.contains(id) || all.size() == 1) {
      return all.contains(id) ? id : all.getFirst();
    }
    if (!all.isEmpty()) {
      throw new IllegalArgumentException(
          "'%s' is the beginning of %d runs: %s%s; type more of it"
              .formatted(
                  id,
                  all.size(),
                  String.join(", ", all.stream().sorted().limit(SUGGESTED).toList()),
                  all.size() > SUGGESTED ? ", ..." : ""));
    }
    throw new IllegalArgumentException(
        every.isEmpty()
            ? "there is no run '%s'; nothing has been recorded yet".formatted(id)
            : "there is no run '%s'; the nearest: %s (lapidary runs lists all)"
                .formatted(id, String.join(", ", Nearest.names(id, every, SUGGESTED))));
  }

  /**
   * Writes all runs that are over as Parquet files: {@code runs}, {@code metrics}, {@code outputs},
   * {@code artifacts} and {@code logs}, joined by the id of the run.
   *
   * @param folder made if need be; files of these names in it are replaced
   * @return the files
   */
  public synchronized List<Path> exportParquet(Path folder) {
    takeIn();
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map<String, String> queries = new LinkedHashMap<>();
    queries.put(
        "runs",
        "SELECT * EXCLUDE (words, started, ended), epoch_ms(started) AS started, epoch_ms(ended) AS ended FROM runs ORDER BY id");
    queries.put("metrics", "SELECT * FROM metrics ORDER BY run, place");
    queries.put("outputs", "SELECT * FROM outputs ORDER BY run, place");
    queries.put("artifacts", "SELECT * FROM artifacts ORDER BY run, place");
    queries.put(
        "logs", "SELECT * EXCLUDE (time), epoch_ms(time) AS time FROM logs ORDER BY run, place");
    return database.with(connection -> {
      List<Path> files = new ArrayList<>();
      try (Statement statement = connection.createStatement()) {
        for (Map.Entry<String, String> query : queries.entrySet()) {
          Path file = folder.resolve(query.getKey() + ".parquet").toAbsolutePath();
          statement.execute(
              "COPY (%s) TO '%s' (FORMAT parquet)"
                  .formatted(query.getValue(), file.toString().replace("'", "''")));
          files.add(file);
        }
      }
      return files;
    });
  }

  /** Lets go of the file; a later call opens it again. */
  @Override
  public void close() {
    database.close();
  }

  /**
   * Takes the journals of runs that are over into the database.
   *
   * @return those that are not in it: of runs that go on, or all if it cannot be written
   */
  private Map<String, Known> takeIn() {
    Map<String, Known> beside = new LinkedHashMap<>();
    List<String> ids = journals.ids();
    readers.keySet().retainAll(new HashSet<>(ids));
    for (String id : ids) {
      Known known = read(id);
      if (known != null) {
        beside.put(id, known);
      }
    }
    List<Run> over = new ArrayList<>();
    beside.forEach((id, known) -> {
      if (known.over()) {
        over.add(known.run().run(false));
      }
    });
    if (database.readOnly()) {
      stored().forEach(run -> beside.remove(run.id()));
      return beside;
    }
    for (int from = 0; from < over.size(); from += BATCH) {
      List<Run> batch = over.subList(from, Math.min(over.size(), from + BATCH));
      database.with(connection -> take(connection, batch));
      stored = null;
      for (Run run : batch) {
        journals.delete(run.id());
        readers.remove(run.id());
        beside.remove(run.id());
      }
    }
    return beside;
  }

  /** What is there already was taken in by someone who could not remove its journal any more. */
  private static int take(DuckDBConnection connection, List<Run> runs) throws SQLException {
    RunQuery query = new RunQuery(connection);
    List<Run> fresh = new ArrayList<>();
    for (Run run : runs) {
      if (!query.has(run.id())) {
        fresh.add(run);
      }
    }
    new Intake(connection).add(fresh);
    return fresh.size();
  }

  private @Nullable Known read(String id) {
    try {
      boolean live = journals.live(id); // before the reading: what it wrote last is then read too
      RunBuilder run =
          readers.computeIfAbsent(id, key -> new JournalReader(journals.journal(key))).read();
      return run.begun() ? new Known(run, live) : null;
    } catch (NoSuchFileException e) {
      return null; // another process has taken it in since
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the journal of run " + id, e);
    }
  }
}
