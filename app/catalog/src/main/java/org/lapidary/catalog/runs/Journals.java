package org.lapidary.catalog.runs;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * The folder of journals. Beside {@code ID.jsonl} lies {@code ID.lock}, which its writer holds
 * locked for as long as it lives; the system lets go of it however the process ends.
 *
 * @param folder {@code runs} in the data folder
 */
record Journals(Path folder) {
  private static final String JOURNAL = ".jsonl";
  private static final String LOCK = ".lock";

  /**
   * Lock files that this process holds. Closing any other descriptor of such a file would let go of
   * the lock (as POSIX has it), so they must not be opened to see whether they are locked.
   */
  private static final Set<Path> OURS = ConcurrentHashMap.newKeySet();

  static Journals in(Path home) {
    return new Journals(home.toAbsolutePath().normalize().resolve("runs"));
  }

  Path journal(String id) {
    return folder.resolve(id + JOURNAL);
  }

  /** Ids of all journals, the oldest first. */
  List<String> ids() {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(JOURNAL))
          .map(name -> name.substring(0, name.length() - JOURNAL.length()))
          .filter(RunId::is)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the runs in " + folder, e);
    }
  }

  /** The lock of a new run, held until it is closed or the process ends. */
  Held hold(String id) throws IOException {
    Path file = folder.resolve(id + LOCK);
    FileChannel channel = FileChannel.open(file, CREATE_NEW, WRITE);
    OURS.add(file);
    try {
      FileLock lock = channel.tryLock();
      if (lock == null) {
        throw new IOException(file + " is locked by another process");
      }
      return new Held(file, channel);
    } catch (IOException | RuntimeException e) {
      new Held(file, channel).close();
      throw e;
    }
  }

  /** A lock that is held. */
  record Held(Path file, FileChannel channel) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      try {
        channel.close();
      } finally {
        OURS.remove(file);
        Files.deleteIfExists(file);
      }
    }
  }

  /** Whether the process that writes this journal lives. */
  boolean live(String id) {
    Path file = folder.resolve(id + LOCK);
    synchronized (OURS) {
      if (OURS.contains(file)) {
        return true;
      }
      try (FileChannel channel = FileChannel.open(file, READ)) {
        // Shared, so that two who look at once do not take each other for the writer.
        FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true);
        return lock == null;
      } catch (NoSuchFileException e) {
        return false;
      } catch (OverlappingFileLockException e) {
        return true;
      } catch (IOException e) {
        throw new UncheckedIOException("cannot see whether the run " + id + " goes on", e);
      }
    }
  }

  /** Takes a journal that lives on in the database away. */
  void delete(String id) {
    try {
      Files.deleteIfExists(journal(id));
      Files.deleteIfExists(folder.resolve(id + LOCK));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove the journal of run " + id, e);
    }
  }
}
