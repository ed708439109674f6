package org.lapidary.evidence;

import java.util.List;

/**
 * The experiment that checks a method's claim, with its baselines in the same run. Implementations
 * are stateless; everything random follows from the seeds.
 */
public interface Reproduction {

  /** How much work to do. */
  enum Size {
    /** Seconds: shows that the experiment runs; its checks are those that hold at that size. */
    SMOKE,
    /** Minutes on two cores: the checks of the catalog row. */
    FULL
  }

  /**
   * What a run is given.
   *
   * @param size how much work to do
   * @param seeds at least one; results are reported over all of them
   * @param progress where to report, and whether to stop
   */
  record Setting(Size size, List<Long> seeds, Progress progress) {
    public Setting {
      if (seeds.isEmpty()) {
        throw new IllegalArgumentException("a reproduction needs at least one seed");
      }
      seeds = List.copyOf(seeds);
    }

    public boolean full() {
      return size == Size.FULL;
    }
  }

  /**
   * What a run showed.
   *
   * @param checks the claim, in figures, each beside its bound
   * @param figures what to draw
   */
  record Outcome(List<Check> checks, List<Figure> figures) {
    public Outcome {
      checks = List.copyOf(checks);
      figures = List.copyOf(figures);
    }

    /** Whether every check that has a bound holds, and there is at least one. */
    public boolean holds() {
      return checks.stream().anyMatch(c -> c.relation() != Check.Relation.REPORTED)
          && checks.stream().allMatch(Check::holds);
    }
  }

  /** Seeds used when the caller names none: three for FULL, one for SMOKE. */
  default List<Long> defaultSeeds(Size size) {
    return size == Size.FULL ? List.of(0L, 1L, 2L) : List.of(0L);
  }

  /**
   * Names of the data sets without which the run cannot start, as {@code Datasets.get} knows them.
   */
  default List<String> data() {
    return List.of();
  }

  /** Runs the experiment. */
  Outcome run(Setting setting);
}
