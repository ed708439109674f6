package org.lapidary.catalog.runs;

import java.security.SecureRandom;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;

/**
 * Names of runs, such as {@code 20261121-165312-3f9a}: the second of their start (UTC), then
 * chance.
 */
public final class RunId {
  /** The environment variable by which who starts a process says which run it shall be. */
  public static final String VARIABLE = "LAPIDARY_RUN_ID";

  private static final DateTimeFormatter SECOND =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final SecureRandom CHANCE = new SecureRandom();

  private RunId() {}

  /** A name for a run that starts then. */
  public static String fresh(Instant start) {
    return SECOND.format(start) + "-" + HexFormat.of().toHexDigits((short) CHANCE.nextInt(1 << 16));
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
