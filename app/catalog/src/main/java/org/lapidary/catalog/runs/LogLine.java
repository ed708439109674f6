package org.lapidary.catalog.runs;

import java.time.Instant;

/** A line that a run said. */
public record LogLine(Instant at, String text) {}
