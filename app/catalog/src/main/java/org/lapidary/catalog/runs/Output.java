package org.lapidary.catalog.runs;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;

/**
 * Something a run has to show.
 *
 * @param kind what {@code json} is
 * @param json as {@link org.lapidary.report.JsonRenderer} writes it; {@link
 *     org.lapidary.report.JsonReader} reads it back
 */
public record Output(Kind kind, JsonNode json) {
  /** What there is to show. */
  public enum Kind {
    FIGURE,
    SECTION,
    REPORT;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
