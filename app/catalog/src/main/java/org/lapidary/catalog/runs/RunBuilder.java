package org.lapidary.catalog.runs;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A run from its events. */
final class RunBuilder {
  /** Log lines kept: the last ones. */
  static final int LINES = 2000;

  private Event.@Nullable Begin begin;
  private Event.@Nullable End end;
  private @Nullable RunProgress progress;
  private long last;
  private final Map<String, String> settings = new LinkedHashMap<>();
  private final Map<String, Growing> metrics = new LinkedHashMap<>();
  private final List<Output> outputs = new ArrayList<>();
  private final List<Artifact> artifacts = new ArrayList<>();
  private final Deque<LogLine> log = new ArrayDeque<>();

  private static final class Growing {
    long[] steps = new long[16];
    double[] values = new double[16];
    int size;

    void add(long step, double value) {
      if (size == steps.length) {
        steps = Arrays.copyOf(steps, 2 * size);
        values = Arrays.copyOf(values, 2 * size);
      }
      steps[size] = step;
      values[size++] = value;
    }
  }

  void add(Event event) {
    if (end != null) {
      return;
    }
    last = event.at();
    switch (event) {
      case Event.Begin e -> {
        if (begin == null) {
          begin = e;
          settings.putAll(e.what().settings());
        }
      }
      case Event.Setting e -> settings.put(e.name(), e.value());
      case Event.Progressed e ->
          progress = new RunProgress(e.what(), e.done(), e.steps(), e.note());
      case Event.Metric e ->
          metrics.computeIfAbsent(e.name(), name -> new Growing()).add(e.step(), e.value());
      case Event.Shown e -> outputs.add(new Output(e.kind(), e.json()));
      case Event.Wrote e -> artifacts.add(new Artifact(e.name(), e.path()));
      case Event.Said e -> said(e.text());
      case Event.End e -> end = e;
    }
  }

  void damaged(String text) {
    said(text);
  }

  private void said(String text) {
    if (log.size() == LINES) {
      log.removeFirst();
    }
    log.add(new LogLine(Instant.ofEpochMilli(last), text));
  }

  /** Whether there is anything to show yet. */
  boolean begun() {
    return begin != null;
  }

  /** Whether it said that it is over. */
  boolean ended() {
    return end != null;
  }

  private Event.Begin beginning() {
    Event.Begin first = begin;
    if (first == null) {
      throw new IllegalStateException("the journal has no first line");
    }
    return first;
  }

  /**
   * The run as far as it is known.
   *
   * @param live whether its process lives
   */
  RunSummary summary(boolean live) {
    Event.Begin first = beginning();
    RunStatus status =
        end != null ? end.status() : live ? RunStatus.RUNNING : RunStatus.INTERRUPTED;
    return new RunSummary(
        first.id(),
        first.what().command(),
        first.what().argv(),
        first.what().model(),
        status,
        Instant.ofEpochMilli(first.at()),
        status == RunStatus.RUNNING ? null : Instant.ofEpochMilli(last),
        progress);
  }

  Run run(boolean live) {
    Event.Begin first = beginning();
    List<MetricSeries> series = new ArrayList<>();
    metrics.forEach((name, m) ->
        series.add(
            new MetricSeries(
                name, Arrays.copyOf(m.steps, m.size), Arrays.copyOf(m.values, m.size))));
    return new Run(
        summary(live),
        settings,
        first.what().seeds(),
        first.what().fingerprints(),
        first.versions(),
        first.machine(),
        first.pid(),
        series,
        outputs,
        artifacts,
        List.copyOf(log),
        end == null ? null : end.error());
  }
}
