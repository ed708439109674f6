package org.lapidary.catalog.runs;

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
 * @param fingerprints of what it reads, by path ({@link Fingerprint})
 */
public record Beginning(
    String command,
    List<String> argv,
    String model,
    Map<String, String> settings,
    List<Long> seeds,
    Map<String, String> fingerprints) {
  public Beginning {
    argv = List.copyOf(argv);
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    seeds = List.copyOf(seeds);
    fingerprints = Collections.unmodifiableMap(new LinkedHashMap<>(fingerprints));
  }

  /** A command of which nothing else is known. */
  public static Beginning of(String command, String... argv) {
    return new Beginning(command, List.of(argv), "", Map.of(), List.of(), Map.of());
  }
}
