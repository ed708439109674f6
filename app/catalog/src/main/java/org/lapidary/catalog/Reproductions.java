package org.lapidary.catalog;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.stream.LongStream;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.evidence.Reproduction.Size;

/** Runs the experiments of the catalog. */
public final class Reproductions {
  private final Catalog catalog;

  public Reproductions(Catalog catalog) {
    this.catalog = catalog;
  }

  /** A run: what goes to the ledger, and what to look at. */
  public record Run(Entry entry, Reproduction.Outcome outcome) {}

  /**
   * Runs a row's experiment.
   *
   * @param id of the row
   * @param size how much work to do
   * @param seeds how many seeds, counted from 0; the experiment's own choice where empty
   * @param progress where to report
   * @throws IllegalArgumentException if there is no such row, or it has no package yet
   * @throws CancellationException if it was told to stop: half an experiment shows nothing
   */
  public Run run(String id, Size size, Optional<Integer> seeds, Progress progress) {
    Row row = catalog.row(id);
    Reproduction reproduction =
        catalog
            .declaration(row)
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "'%s' has no package yet; `lapidary methods --status declared` lists those that can be run"
                        .formatted(id)))
            .reproduction();
    List<Long> chosen =
        seeds
            .map(count -> LongStream.range(0, count).boxed().toList())
            .orElseGet(() -> reproduction.defaultSeeds(size));
    long start = System.nanoTime();
    Reproduction.Outcome outcome =
        reproduction.run(new Reproduction.Setting(size, chosen, progress));
    double minutes = (System.nanoTime() - start) / 60e9;
    if (progress.stopped()) {
      throw new CancellationException("stopped: half an experiment shows nothing");
    }
    double rounded = Math.round(minutes * 100) / 100.0;
    return new Run(
        new Entry(id, size, chosen, rounded, Machine.today(), outcome.checks()), outcome);
  }
}
