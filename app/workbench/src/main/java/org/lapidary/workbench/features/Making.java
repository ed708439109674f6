package org.lapidary.workbench.features;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.lapidary.catalog.runs.RunId;
import org.lapidary.workbench.Bench;

/**
 * Dictionaries that are made on request: a job that trains and indexes one for each block, whose
 * pages fill as it goes.
 */
public final class Making {
  private Making() {}

  /** The folder of all that is made here, under the data folder. */
  public static final String FOLDER = "features";

  /**
   * What is to be made.
   *
   * @param model its path
   * @param text to train and index on; null lets the model write its own
   * @param layers as the command takes them: {@code all}, or numbers
   * @param kind {@code transcoder} or {@code sae}
   * @param steps of each training
   */
  public record Order(Path model, @Nullable Path text, String layers, String kind, int steps) {}

  /** Whether a finished index of a model is in the folders. */
  public static boolean there(Bench bench, Path model) throws IOException {
    Path real = model.toRealPath();
    try (FeatureShelf shelf = new FeatureShelf(bench.folders())) {
      return shelf.all().stream()
          .map(FeatureShelf.Shelved::summary)
          .anyMatch(s -> s.complete() && Path.of(s.model()).normalize().equals(real));
    }
  }

  /**
   * Starts the job.
   *
   * @return the id of its run
   */
  public static String start(Bench bench, Order order) {
    String id = RunId.fresh(Instant.now());
    String name =
        String.valueOf(order.model().getFileName()).replaceAll("[^A-Za-z0-9._-]", "-")
            + "-"
            + order.kind()
            + "-"
            + id.toLowerCase(Locale.ROOT);
    Path folder = bench.home().resolve(FOLDER).resolve(name);
    try {
      Files.createDirectories(folder.getParent());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write to " + folder + ": " + e.getMessage(), e);
    }
    List<String> words =
        new ArrayList<>(
            List.of(
                "interpret",
                order.model().toString(),
                "features",
                "--layer",
                order.layers(),
                "--kind",
                order.kind(),
                "--steps",
                "" + order.steps(),
                "--index",
                folder.toString()));
    if (order.text() != null) {
      words.addAll(List.of("--text", order.text().toString()));
    }
    bench.jobs().start(id, words);
    return id;
  }
}
