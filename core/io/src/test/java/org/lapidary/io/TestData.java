package org.lapidary.io;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Finds real data for tests in the folders of LAPIDARY_DATA; a test without its data is skipped.
 */
final class TestData {
  private TestData() {}

  static Path folder(String dataset) {
    Optional<Path> found =
        Arrays.stream(
                System.getenv()
                    .getOrDefault("LAPIDARY_DATA", "")
                    .split(Pattern.quote(File.pathSeparator)))
            .filter(folder -> !folder.isEmpty())
            .map(folder -> Path.of(folder).resolve(dataset))
            .filter(Files::isDirectory)
            .findFirst();
    assumeTrue(found.isPresent(), () -> "the data set " + dataset + " is not in LAPIDARY_DATA");
    return found.orElseThrow();
  }
}
