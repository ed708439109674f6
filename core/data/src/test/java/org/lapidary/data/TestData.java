package org.lapidary.data;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.Optional;

/** Finds real data for tests without fetching any; a test without its data is skipped. */
public final class TestData {
  private TestData() {}

  public static Path folder(String dataset) {
    Optional<Path> found = Datasets.find(dataset);
    assumeTrue(found.isPresent(), () -> "the data set " + dataset + " is not in LAPIDARY_DATA");
    return found.orElseThrow();
  }
}
