package org.lapidary.io;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder that appears whole or not at all: filled beside its place, synced, and renamed by {@link
 * #commit}. Closing it without a commit removes what was written.
 *
 * {@snippet :
 * try (var folder = AtomicFolder.create(target)) {
 *   Safetensors.write(folder.path().resolve("model.safetensors"), tensors, metadata);
 *   folder.commit();
 * }
 * }
 */
public final class AtomicFolder implements AutoCloseable {
  private final Path target;
  private final Path temporary;
  private boolean committed;

  private AtomicFolder(Path target, Path temporary) {
    this.target = target;
    this.temporary = temporary;
  }

  /**
   * Starts a folder.
   *
   * @throws UncheckedIOException if the target is a file or a folder that is not empty, or its
   *     parent cannot be written
   */
  public static AtomicFolder create(Path target) {
    Path place = target.toAbsolutePath().normalize();
    Path parent = place.getParent();
    if (parent == null) {
      throw failure(place, "it is the root of the file system; choose another folder", null);
    }
    refuseOccupied(place);
    try {
      Files.createDirectories(parent);
      Path temporary = place.resolveSibling("." + place.getFileName() + "." + UUID.randomUUID());
      return new AtomicFolder(place, Files.createDirectory(temporary));
    } catch (IOException e) {
      throw failure(place, AtomicFiles.reason(e) + "; check the permissions of " + parent, e);
    }
  }

  /** Where to write until the commit. */
  public Path path() {
    return temporary;
  }

  /** Puts the folder in its place. */
  public void commit() {
    if (committed) {
      throw new IllegalStateException(target + " is committed already");
    }
    refuseOccupied(target);
    try {
      for (Path path : everythingIn(temporary)) {
        if (Files.isDirectory(path)) {
          AtomicFiles.syncFolder(path);
        } else {
          try (FileChannel channel = FileChannel.open(path, WRITE)) {
            channel.force(true);
          }
        }
      }
      Files.deleteIfExists(target); // an empty folder
      Files.move(temporary, target, ATOMIC_MOVE);
      committed = true;
      AtomicFiles.syncFolder(target.resolveSibling(""));
    } catch (IOException e) {
      throw failure(
          target, AtomicFiles.reason(e) + "; check the space left and the permissions", e);
    }
  }

  @Override
  public void close() {
    if (committed) {
      return;
    }
    try {
      for (Path path : everythingIn(temporary).reversed()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      // What is left is hidden and named after the folder; the fault that brought us here matters.
    }
  }

  private static List<Path> everythingIn(Path folder) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      return paths.sorted(Comparator.comparingInt(Path::getNameCount)).toList();
    }
  }

  private static void refuseOccupied(Path place) {
    if (!Files.exists(place)) {
      return;
    }
    if (!Files.isDirectory(place)) {
      throw failure(place, "a file of that name exists; choose another folder", null);
    }
    try (Stream<Path> inside = Files.list(place)) {
      if (inside.findAny().isPresent()) {
        throw failure(
            place, "it exists and is not empty; choose another folder or remove it", null);
      }
    } catch (IOException e) {
      throw failure(place, AtomicFiles.reason(e), e);
    }
  }

  private static UncheckedIOException failure(Path place, String why, @Nullable IOException cause) {
    return new UncheckedIOException(
        new IOException("cannot write the folder " + place + ": " + why, cause));
  }
}
