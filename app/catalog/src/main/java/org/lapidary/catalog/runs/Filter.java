package org.lapidary.catalog.runs;

import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Which runs to list, the newest first.
 *
 * @param command only this one and its parts ({@code interpret} finds {@code interpret depth}), or
 *     null
 * @param status only these, or null
 * @param text only those whose id, command line or model holds this text in any case, or null
 * @param since only those that began then or later, or null
 * @param limit at most so many
 * @param offset so many are left out first
 */
public record Filter(
    @Nullable String command,
    @Nullable RunStatus status,
    @Nullable String text,
    @Nullable Instant since,
    int limit,
    int offset) {
  /** More than anyone has. */
  private static final int EVERYTHING = Integer.MAX_VALUE / 2;

  public Filter {
    if (limit < 0 || offset < 0) {
      throw new IllegalArgumentException(
          "limit and offset are 0 or more, were %d and %d".formatted(limit, offset));
    }
    limit = Math.min(limit, EVERYTHING);
    offset = Math.min(offset, EVERYTHING);
  }

  /** Every run. */
  public static Filter all() {
    return new Filter(null, null, null, null, EVERYTHING, 0);
  }

  public Filter withCommand(@Nullable String name) {
    return new Filter(name, status, text, since, limit, offset);
  }

  public Filter withStatus(@Nullable RunStatus wanted) {
    return new Filter(command, wanted, text, since, limit, offset);
  }

  public Filter withText(@Nullable String part) {
    return new Filter(command, status, part, since, limit, offset);
  }

  public Filter withSince(@Nullable Instant time) {
    return new Filter(command, status, text, time, limit, offset);
  }

  public Filter withPage(int most, int first) {
    return new Filter(command, status, text, since, most, first);
  }

  /** Whether a run passes, whatever limit and offset are. */
  boolean passes(RunSummary run) {
    return (command == null
            || run.command().equals(command)
            || run.command().startsWith(command + " "))
        && (status == null || run.status() == status)
        && (since == null || !run.start().isBefore(since))
        && (text == null || words(run).contains(text.toLowerCase(Locale.ROOT)));
  }

  /** What {@link #text} is looked for in. */
  static String words(RunSummary run) {
    return "%s %s %s %s"
        .formatted(run.id(), run.command(), String.join(" ", run.argv()), run.model())
        .toLowerCase(Locale.ROOT);
  }
}
