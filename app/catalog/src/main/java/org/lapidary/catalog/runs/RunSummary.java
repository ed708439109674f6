package org.lapidary.catalog.runs;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A run in a list.
 *
 * @param id sorts by start
 * @param command its name
 * @param argv the command line, without the program
 * @param model path of the model, or empty
 * @param status how it stands
 * @param start when it began
 * @param end when it ended, for an interrupted one its last sign of life; null while it runs
 * @param progress what it last said, or null if it never did
 */
public record RunSummary(
    String id,
    String command,
    List<String> argv,
    String model,
    RunStatus status,
    Instant start,
    @Nullable Instant end,
    @Nullable RunProgress progress) {
  public RunSummary {
    argv = List.copyOf(argv);
  }

  /** How long it took, or has taken until now. */
  public Duration duration() {
    return Duration.between(start, end == null ? Instant.now() : end);
  }
}
