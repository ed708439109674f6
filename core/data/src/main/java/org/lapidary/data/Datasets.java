package org.lapidary.data;

import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.lapidary.evidence.Progress;
import org.lapidary.io.Home;

/**
 * Data sets by name. They are looked for in the folders of the environment variable LAPIDARY_DATA,
 * then in the user's cache (LAPIDARY_HOME/data, by default ~/.cache/lapidary/data), and else
 * fetched from their public address into the cache, with checksums.
 */
public final class Datasets {
  private Datasets() {}

  /**
   * The folder of a data set, fetched if need be.
   *
   * @param name such as {@code mnist}, or a path below a data folder such as {@code verify/abcrown}
   * @throws DataMissingException if it is nowhere and cannot be fetched
   */
  public static Path get(String name) {
    return get(name, Progress.silent());
  }

  /** As {@link #get(String)}, with the bytes fetched reported. */
  public static Path get(String name, Progress progress) {
    return shelf().get(name, progress);
  }

  /** The folder of a data set if it is on this machine; nothing is fetched. */
  public static Optional<Path> find(String name) {
    return shelf().find(name);
  }

  /** The data sets we know; others may lie in the folders too. */
  public static Collection<DatasetInfo> known() {
    return shelf().known();
  }

  private static DataShelf shelf() {
    List<Path> folders =
        Arrays.stream(environment("LAPIDARY_DATA").split(Pattern.quote(File.pathSeparator)))
            .filter(folder -> !folder.isBlank())
            .map(Path::of)
            .toList();
    return new DataShelf(folders, Home.path().resolve("data"), DatasetRegistry.load());
  }

  private static String environment(String variable) {
    String value = System.getenv(variable);
    return value == null ? "" : value;
  }
}
