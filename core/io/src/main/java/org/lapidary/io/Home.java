package org.lapidary.io;

import java.nio.file.Path;

/**
 * The user's data folder: what was computed, fetched and trained. {@code LAPIDARY_HOME} names it;
 * by default it is {@code ~/.cache/lapidary}.
 */
public final class Home {
  /** The environment variable that names it. */
  public static final String VARIABLE = "LAPIDARY_HOME";

  private Home() {}

  /** The folder; it need not exist yet. */
  public static Path path() {
    String home = System.getenv(VARIABLE);
    return home == null || home.isBlank()
        ? Path.of(System.getProperty("user.home", "."), ".cache", "lapidary")
        : Path.of(home);
  }
}
