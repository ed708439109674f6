package org.lapidary.catalog.runs;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One line of a journal. Times are milliseconds since 1970 (UTC). */
sealed interface Event {
  long at();

  /** The first line. */
  record Begin(
      long at, String id, Beginning what, Map<String, String> versions, String machine, long pid)
      implements Event {
    public Begin {
      versions = Collections.unmodifiableMap(new LinkedHashMap<>(versions));
    }
  }

  /** Something that was known only later: a setting the command chose. */
  record Setting(long at, String name, String value) implements Event {}

  /** How far it is; {@code steps} is -1 where unknown. An empty {@code what} is between works. */
  record Progressed(long at, String what, long done, long steps, String note) implements Event {}

  /** A figure over time. */
  record Metric(long at, String name, long step, double value) implements Event {}

  /** Something to look at. */
  record Shown(long at, Output.Kind kind, JsonNode json) implements Event {}

  /** A file or folder that it wrote. */
  record Wrote(long at, String name, String path) implements Event {}

  /** A line for people. */
  record Said(long at, String text) implements Event {}

  /** The last line. */
  record End(long at, RunStatus status, @Nullable String error) implements Event {}
}
