package org.lapidary.workbench;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.catalog.runs.Filter;
import org.lapidary.catalog.runs.Run;
import org.lapidary.catalog.runs.RunStore;
import org.lapidary.catalog.runs.RunSummary;

/**
 * The runs as pages read them: many visitors who look at the same list within half a second share
 * one reading of the store.
 */
public final class RunBook implements AutoCloseable {
  private static final Duration FRESH = Duration.ofMillis(500);
  private static final int KEPT = 64;

  private final RunStore store;
  private final Map<Filter, Reading> readings =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Filter, Reading> eldest) {
          return size() > KEPT;
        }
      };

  private record Reading(List<RunSummary> runs, long count, long at) {}

  /** What a page of the list shows. */
  public record Found(List<RunSummary> runs, long count) {}

  RunBook(RunStore store) {
    this.store = store;
  }

  /** The runs that pass a filter, half a second old at most. */
  public synchronized Found list(Filter filter) {
    Reading reading = readings.get(filter);
    if (reading == null || System.nanoTime() - reading.at() > FRESH.toNanos()) {
      reading = new Reading(store.list(filter), store.count(filter), System.nanoTime());
      readings.put(filter, reading);
    }
    return new Found(reading.runs(), reading.count());
  }

  /**
   * One run.
   *
   * @throws Refused if there is none of that id
   */
  Run run(String id) {
    try {
      return store.run(id);
    } catch (IllegalArgumentException e) {
      throw new Refused(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void close() {
    store.close();
  }
}
