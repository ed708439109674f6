package org.lapidary.catalog.runs;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * All that is kept of a run.
 *
 * @param summary as in a list
 * @param settings every option with its value
 * @param seeds of everything random
 * @param fingerprints of what it read, by path
 * @param versions of what it stood on
 * @param machine it ran on
 * @param pid of its process
 * @param metrics over time, in the order of their first values
 * @param outputs what it has to show, in its order
 * @param artifacts what it wrote
 * @param log the last lines it said
 * @param error why it failed, or null
 */
public record Run(
    RunSummary summary,
    Map<String, String> settings,
    List<Long> seeds,
    Map<String, String> fingerprints,
    Map<String, String> versions,
    String machine,
    long pid,
    List<MetricSeries> metrics,
    List<Output> outputs,
    List<Artifact> artifacts,
    List<LogLine> log,
    @Nullable String error) {
  public Run {
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    seeds = List.copyOf(seeds);
    fingerprints = Collections.unmodifiableMap(new LinkedHashMap<>(fingerprints));
    versions = Collections.unmodifiableMap(new LinkedHashMap<>(versions));
    metrics = List.copyOf(metrics);
    outputs = List.copyOf(outputs);
    artifacts = List.copyOf(artifacts);
    log = List.copyOf(log);
  }

  public String id() {
    return summary.id();
  }

  public Optional<MetricSeries> metric(String name) {
    return metrics.stream().filter(m -> m.name().equals(name)).findFirst();
  }
}
