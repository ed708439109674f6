package org.lapidary.workbench.features;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import org.lapidary.interpret.features.FeatureIndex;
import org.lapidary.interpret.features.IndexSummary;
import org.lapidary.workbench.Folders;
import org.lapidary.workbench.Refused;

/**
 * The indexes in the folders. The last few that were looked at stay open; one that was written
 * anew, as while it is made, is opened anew.
 */
final class FeatureShelf implements AutoCloseable {
  private static final int OPEN = 6;
  private static final long LOOK_AGAIN = 2_000_000_000L; // ns between two looks for new indexes

  private final Folders folders;
  private final LinkedHashMap<Path, Held> held = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<Path, Known> known = new LinkedHashMap<>();
  private List<Path> places = List.of();
  private long looked = System.nanoTime() - LOOK_AGAIN;

  FeatureShelf(Folders folders) {
    this.folders = folders;
  }

  /** A summary and the file's time when it was read. */
  private record Known(FileTime written, IndexSummary summary) {}

  /**
   * An index that was found.
   *
   * @param name of its folder as it stands in addresses
   */
  record Shelved(Path folder, String name, IndexSummary summary) {}

  /** An open index that ends when nobody reads it any more. */
  private static final class Held {
    final FileTime written;
    private final FeatureIndex index;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean ended;

    Held(FileTime written, FeatureIndex index) {
      this.written = written;
      this.index = index;
    }

    /** Null if it has ended. */
    <T> java.util.Optional<T> read(Function<FeatureIndex, T> work) {
      lock.readLock().lock();
      try {
        return ended ? java.util.Optional.empty() : java.util.Optional.of(work.apply(index));
      } finally {
        lock.readLock().unlock();
      }
    }

    void end() {
      lock.writeLock().lock();
      try {
        ended = true;
        index.close();
      } finally {
        lock.writeLock().unlock();
      }
    }
  }

  /** All indexes that can be read, by name. */
  List<Shelved> all() {
    List<Path> now;
    synchronized (this) {
      if (System.nanoTime() - looked >= LOOK_AGAIN) {
        places = folders.found(p -> Files.isDirectory(p) && FeatureIndex.isAt(p)).stream().toList();
        looked = System.nanoTime();
      }
      now = places;
    }
    List<Shelved> all = new ArrayList<>();
    for (Path folder : now) {
      try {
        all.add(new Shelved(folder, folders.name(folder), summary(folder)));
      } catch (RuntimeException e) {
        continue; // it is damaged, or was taken away meanwhile
      }
    }
    all.sort((a, b) -> NaturalOrder.compare(a.name(), b.name()));
    return all;
  }

  private IndexSummary summary(Path folder) {
    FileTime written = written(folder);
    synchronized (known) {
      Known there = known.get(folder);
      if (there != null && there.written().equals(written)) {
        return there.summary();
      }
    }
    IndexSummary summary = FeatureIndex.summary(folder);
    synchronized (known) {
      known.put(folder, new Known(written, summary));
    }
    return summary;
  }

  private static FileTime written(Path folder) {
    try {
      return Files.getLastModifiedTime(FeatureIndex.file(folder));
    } catch (IOException e) {
      throw new Refused("there is no index of features at " + folder.getFileName());
    }
  }

  /**
   * The index that was typed.
   *
   * @throws Refused if there is none in the folders
   */
  Shelved find(String typed) {
    Path folder = folders.find(typed);
    if (!FeatureIndex.isAt(folder)) {
      throw new Refused("there is no index of features at '%s'".formatted(typed));
    }
    return new Shelved(folder, folders.name(folder), summary(folder));
  }

  /** Reads something in an index; the index stays open until it is done. */
  <T> T read(Path folder, Function<FeatureIndex, T> work) {
    while (true) {
      var found = held(folder).read(work);
      if (found.isPresent()) {
        return found.get();
      }
    }
  }

  private Held held(Path folder) {
    FileTime written = written(folder);
    List<Held> ends = new ArrayList<>();
    Held now;
    synchronized (held) {
      Held there = held.get(folder);
      if (there == null || !there.written.equals(written)) {
        now = new Held(written, FeatureIndex.open(folder));
        if (held.put(folder, now) != null && there != null) {
          ends.add(there);
        }
        if (held.size() > OPEN) {
          ends.add(held.remove(held.firstEntry().getKey()));
        }
      } else {
        now = there;
      }
    }
    ends.forEach(Held::end);
    return now;
  }

  @Override
  public void close() {
    synchronized (held) {
      held.values().forEach(Held::end);
      held.clear();
    }
  }
}
