package org.lapidary.catalog.runs;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Names of runs, such as {@code 20261121-165312-3f9a}: the second of their start (UTC), then its
 * 4096th part in three digits and one of chance, so that they sort by their start.
 */
public final class RunId {
  /** The environment variable by which who starts a process says which run it shall be. */
  public static final String VARIABLE = "LAPIDARY_RUN_ID";

  private static final DateTimeFormatter SECOND =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);

  private RunId() {}

  /** A name for a run that starts then. */
  public static String fresh(Instant start) {
    int part = (int) (start.getNano() * 4096L / 1_000_000_000L); // of the second
    int last = 16 * part + ThreadLocalRandom.current().nextInt(16);
    return SECOND.format(start) + "-" + HexFormat.of().toHexDigits((short) last);
  }

  /** What {@link #VARIABLE} says, if that is a whole id. */
  static Optional<String> given() {
    return Optional.ofNullable(System.getenv(VARIABLE)).filter(RunId::is);
  }

  /** Whether a text is a whole id. */
  public static boolean is(String text) {
    return text.matches("[0-9]{8}-[0-9]{6}-[0-9a-f]{4}");
  }
}
