package org.lapidary.catalog;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What was measured: one file {@code ID.json} per row in one folder. */
public final class Ledger {
  private final Path folder;
  private final TreeMap<String, Entry> entries = new TreeMap<>();

  private Ledger(Path folder) {
    this.folder = folder;
  }

  /**
   * Reads all entries; a folder that does not exist has none.
   *
   * @throws IllegalArgumentException naming a file that is not an entry, and why
   */
  public static Ledger open(Path folder) {
    Ledger ledger = new Ledger(folder);
    for (Path file : files(folder)) {
      try {
        Entry entry = EntryJson.entry(Files.readString(file));
        if (!file.getFileName().toString().equals(entry.id() + ".json")) {
          throw new IllegalArgumentException("its id is '" + entry.id() + "'");
        }
        ledger.entries.put(entry.id(), entry);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "%s is not a ledger entry: %s".formatted(file, e.getMessage()), e);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read " + file, e);
      }
    }
    return ledger;
  }

  private static List<Path> files(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> entries = new ArrayList<>();
      files.filter(file -> file.toString().endsWith(".json")).sorted().forEach(entries::add);
      return entries;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the ledger in " + folder, e);
    }
  }

  public Collection<Entry> entries() {
    return entries.values();
  }

  public Optional<Entry> find(String id) {
    return Optional.ofNullable(entries.get(id));
  }

  /**
   * Keeps an entry, in place of the row's last one. A crash leaves the last one or this one, never
   * a part.
   *
   * @throws IllegalArgumentException for a SMOKE entry where a FULL one stands
   */
  public Path write(Entry entry) throws IOException {
    if (!entry.id().matches("[a-z0-9]+(-[a-z0-9]+)*")) {
      throw new IllegalArgumentException("'" + entry.id() + "' is not the id of a row");
    }
    Entry last = entries.get(entry.id());
    if (last != null && last.full() && !entry.full()) {
      throw new IllegalArgumentException(
          "the ledger has a FULL entry of '%s', which a SMOKE run does not replace; use --size full"
              .formatted(entry.id()));
    }
    Files.createDirectories(folder);
    Path file = folder.resolve(entry.id() + ".json");
    Path next = Files.createTempFile(folder, entry.id(), ".part");
    try {
      try (FileChannel channel = FileChannel.open(next, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(EntryJson.text(entry).getBytes(UTF_8));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(next);
    }
    entries.put(entry.id(), entry);
    return file;
  }
}
