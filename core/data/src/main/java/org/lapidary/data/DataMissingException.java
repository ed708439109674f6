package org.lapidary.data;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** A data set is on none of the places searched, and could not be fetched. */
public final class DataMissingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String dataset;

  DataMissingException(String dataset, List<Path> searched, String reason) {
    super(
        "the data set "
            + dataset
            + " is in none of the folders "
            + searched.stream().map(Path::toString).collect(Collectors.joining(", ", "[", "]"))
            + ": "
            + reason);
    this.dataset = dataset;
  }

  /** The name asked for. */
  public String dataset() {
    return dataset;
  }
}
