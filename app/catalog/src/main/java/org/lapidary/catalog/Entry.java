package org.lapidary.catalog;

import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Reproduction;
import org.lapidary.evidence.Reproduction.Size;

/**
 * What one run of a reproduction showed.
 *
 * @param id of the row
 * @param size of the run
 * @param seeds it ran over
 * @param minutes it took
 * @param machine it ran on
 * @param versions of Lapidary, Java and libtorch
 * @param date of the run
 * @param checks what was measured
 */
public record Entry(
    String id,
    Size size,
    List<Long> seeds,
    double minutes,
    String machine,
    SortedMap<String, String> versions,
    LocalDate date,
    List<Check> checks) {

  public Entry {
    seeds = List.copyOf(seeds);
    checks = List.copyOf(checks);
    versions = new TreeMap<>(versions);
  }

  public Entry(
      String id, Size size, List<Long> seeds, double minutes, Surroundings at, List<Check> checks) {
    this(id, size, seeds, minutes, at.machine(), new TreeMap<>(at.versions()), at.date(), checks);
  }

  /** Where and when a run took place. */
  public record Surroundings(String machine, Map<String, String> versions, LocalDate date) {}

  public boolean full() {
    return size == Size.FULL;
  }

  /** Whether there is a check with a bound and all checks hold. */
  public boolean holds() {
    return new Reproduction.Outcome(checks, List.of()).holds();
  }
}
