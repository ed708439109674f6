package org.lapidary.workbench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.lapidary.catalog.Catalog;
import org.lapidary.catalog.House;
import org.lapidary.catalog.runs.RunStore;
import org.lapidary.io.Home;

/**
 * What the pages show and work with.
 *
 * @param catalog of methods
 * @param house the source tree with the ledger
 * @param home the data folder; jobs and uploads lie under it
 * @param folders what may be read, {@code home}'s own parts included
 * @param desk where models are computed with
 * @param jobs long work, in processes of its own
 * @param runs that were recorded
 * @param faults is told of what should not have happened
 */
public record Bench(
    Catalog catalog,
    House house,
    Path home,
    Folders folders,
    Desk desk,
    Jobs jobs,
    RunBook runs,
    Consumer<Exception> faults)
    implements AutoCloseable {

  /**
   * A bench over these folders.
   *
   * @param launcher makes the process that runs {@code lapidary} with these arguments
   * @throws IllegalArgumentException if a folder is not there
   */
  public static Bench open(
      Catalog catalog,
      House house,
      Path home,
      List<Path> folders,
      Function<List<String>, ProcessBuilder> launcher,
      Consumer<Exception> faults)
      throws IOException {
    List<Path> all = new ArrayList<>(folders);
    for (String own : List.of("uploads", "jobs", "features")) {
      all.add(Files.createDirectories(home.resolve(own)));
    }
    Jobs jobs =
        new Jobs(
            home.resolve("jobs"),
            arguments -> {
              ProcessBuilder builder = launcher.apply(arguments);
              builder.environment().put(Home.VARIABLE, home.toAbsolutePath().toString());
              return builder;
            });
    return new Bench(
        catalog,
        house,
        home,
        new Folders(all),
        new Desk(),
        jobs,
        new RunBook(RunStore.open(home)),
        faults);
  }

  Path uploads() {
    return home.resolve("uploads");
  }

  @Override
  public void close() {
    jobs.close();
    desk.close();
    runs.close();
  }
}
