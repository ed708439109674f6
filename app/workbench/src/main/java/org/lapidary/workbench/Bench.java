package org.lapidary.workbench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.lapidary.catalog.Catalog;
import org.lapidary.catalog.House;

/**
 * What the pages show and work with.
 *
 * @param catalog of methods
 * @param house the source tree with the ledger
 * @param home the data folder; jobs and uploads lie under it
 * @param folders what may be read, {@code home}'s own parts included
 * @param desk where models are computed with
 * @param faults is told of what should not have happened
 */
public record Bench(
    Catalog catalog, House house, Path home, Folders folders, Desk desk, Consumer<Exception> faults)
    implements AutoCloseable {

  /**
   * A bench over these folders.
   *
   * @throws IllegalArgumentException if a folder is not there
   */
  public static Bench open(
      Catalog catalog, House house, Path home, List<Path> folders, Consumer<Exception> faults)
      throws IOException {
    List<Path> all = new ArrayList<>(folders);
    for (String own : List.of("uploads", "jobs")) {
      all.add(Files.createDirectories(home.resolve(own)));
    }
    return new Bench(catalog, house, home, new Folders(all), new Desk(), faults);
  }

  Path uploads() {
    return home.resolve("uploads");
  }

  @Override
  public void close() {
    desk.close();
  }
}
