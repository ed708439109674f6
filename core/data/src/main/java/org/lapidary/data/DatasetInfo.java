package org.lapidary.data;

import java.net.URI;
import java.util.List;

/**
 * A data set we know by name.
 *
 * @param name what {@link Datasets#get} takes
 * @param title one line for people
 * @param licence the terms, as its authors state them
 * @param origin its page
 * @param unavailable why it cannot be downloaded, or empty if it can
 * @param downloads what to fetch
 */
public record DatasetInfo(
    String name,
    String title,
    String licence,
    String origin,
    String unavailable,
    List<Download> downloads) {

  /**
   * One file on the net.
   *
   * @param file the name it gets
   * @param atMost bytes; a longer answer is refused
   * @param sha256 its checksum, lower-case hexadecimal
   * @param members if it is a .tar.gz, the plain files to take out of it instead of keeping it
   */
  public record Download(String file, URI url, long atMost, String sha256, List<String> members) {}

  public boolean downloadable() {
    return unavailable.isEmpty();
  }
}
