package org.lapidary.data;

import static org.lapidary.io.FormatException.quote;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import org.lapidary.evidence.Progress;
import org.lapidary.io.AtomicFolder;
import org.lapidary.nn.Nearest;

/**
 * The places where data sets are kept.
 *
 * @param folders looked in first, in this order
 * @param cache where fetched ones go; looked in last
 * @param registry the sets that can be fetched, by name
 */
record DataShelf(List<Path> folders, Path cache, SequencedMap<String, DatasetInfo> registry) {

  Collection<DatasetInfo> known() {
    return List.copyOf(registry.values());
  }

  Optional<Path> find(String name) {
    requirePlain(name);
    return places().stream()
        .map(folder -> folder.resolve(name))
        .filter(Files::isDirectory)
        .findFirst();
  }

  Path get(String name, Progress progress) {
    Optional<Path> found = find(name);
    if (found.isPresent()) {
      return found.get();
    }
    DatasetInfo info = registry.get(name);
    if (info == null) {
      throw missing(
          name,
          "it is not one we can fetch; put it there yourself, or did you mean "
              + String.join(", ", Nearest.names(name, registry.keySet(), 3))
              + "?");
    }
    if (!info.downloadable()) {
      throw missing(
          name, info.unavailable() + "; put it into one of them yourself (" + info.origin() + ")");
    }
    return fetch(info, progress);
  }

  private Path fetch(DatasetInfo info, Progress progress) {
    Path target = cache.resolve(info.name());
    try (AtomicFolder folder = AtomicFolder.create(target);
        Downloader downloader = new Downloader(progress)) {
      downloader.fetch(info, folder.path());
      folder.commit();
      return target;
    } catch (IOException e) {
      throw missing(
          info.name(),
          "fetching it failed: "
              // a connection that nobody answers says nothing of itself
              + (e.getMessage() == null ? "no connection" : e.getMessage())
              + "; try again with lapidary data get "
              + info.name());
    } catch (UncheckedIOException e) {
      throw missing(info.name(), "fetching it failed: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw missing(
          info.name(), "fetching it was stopped; go on with lapidary data get " + info.name());
    }
  }

  private DataMissingException missing(String name, String reason) {
    return new DataMissingException(name, places(), reason);
  }

  private List<Path> places() {
    List<Path> places = new ArrayList<>(folders);
    places.add(cache);
    return places;
  }

  private static void requirePlain(String name) {
    Path path = Path.of(name);
    if (name.isBlank()
        || path.isAbsolute()
        || !path.equals(path.normalize())
        || path.startsWith("..")) {
      throw new IllegalArgumentException(
          quote(name) + " is no name of a data set; a name is like mnist or verify/abcrown");
    }
  }
}
