package org.lapidary.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Other work on the same cores. OpenBLAS hands parts of a product to threads of its own and spins
 * until all are done, which takes several times as long where one of them has no core; with one
 * thread it loses nothing. It is not chosen for the user: sums in another order give other bits,
 * and the same command should give the same.
 */
final class BusyMachine {
  private BusyMachine() {}

  private static final Path STAT = Path.of("/proc/stat");

  /** Says so, before a long command, if this machine is busy. */
  static void warn(PrintStream err) {
    try {
      warning(Files.readString(STAT), Runtime.getRuntime().availableProcessors(), System.getenv())
          .ifPresent(err::println);
    } catch (IOException e) {
      return; // a system that does not tell
    }
  }

  /**
   * The warning that a state of the machine calls for.
   *
   * @param stat the text of {@code /proc/stat}; its {@code procs_running} counts this thread too
   * @param environment may already bound the threads
   */
  static Optional<String> warning(String stat, int processors, Map<String, String> environment) {
    int others =
        stat.lines()
            .filter(line -> line.startsWith("procs_running "))
            .mapToInt(line -> Integer.parseInt(line.substring(line.indexOf(' ') + 1).strip()) - 1)
            .findFirst()
            .orElse(0);
    if (processors == 1 || others < processors || environment.containsKey("OPENBLAS_NUM_THREADS")) {
      return Optional.empty();
    }
    return Optional.of(
        "lapidary: %d other threads run on these %d cores; OPENBLAS_NUM_THREADS=1 would be faster while they do"
            .formatted(others, processors));
  }
}
