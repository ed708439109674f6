package org.lapidary.catalog.runs;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is known of a run when it begins.
 *
 * @param command its name: {@code assay}, {@code interpret depth}
 * @param argv the command line, without the program
 * @param model path of the model, or empty
 * @param settings every option with its value, defaults included
 * @param seeds of everything random
 * @param reads files and folders it reads, whose fingerprints are kept ({@link Fingerprint})
 */
public record Beginning(
    String command,
    List<String> argv,
    String model,
    Map<String, String> settings,
    List<Long> seeds,
    List<Path> reads) {
  public Beginning {
    argv = List.copyOf(argv);
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    seeds = List.copyOf(seeds);
    reads = List.copyOf(reads);
  }

  /** A command of which nothing else is known. */
  public static Beginning of(String command, String... argv) {
    return new Beginning(command, List.of(argv), "", Map.of(), List.of(), List.of());
  }
}
