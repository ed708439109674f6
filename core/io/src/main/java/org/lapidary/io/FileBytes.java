package org.lapidary.io;

import static java.nio.file.StandardOpenOption.READ;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The bytes of a file and the name it goes by in errors.
 *
 * <p>A mapped file that another process cuts short while we read it makes a read fail with an
 * {@link InternalError}, not the VM; native code handed its address has no such net, so it is given
 * copies.
 *
 * @param file the name used in errors
 * @param bytes all of the file
 */
public record FileBytes(String file, MemorySegment bytes) {

  /**
   * Maps a file read-only; the mapping lives as long as the arena.
   *
   * @throws UncheckedIOException if the file is missing, not a regular file, or unreadable
   */
  public static FileBytes map(Path path, Arena arena) {
    // Opening a pipe would block, so only regular files are opened.
    if (!Files.isRegularFile(path)) {
      String why =
          Files.isDirectory(path)
              ? "it is a folder"
              : Files.exists(path) ? "it is not a regular file" : "there is no such file";
      throw new UncheckedIOException(
          new IOException("cannot read " + path + ": " + why + "; check the path"));
    }
    try (FileChannel channel = FileChannel.open(path, READ)) {
      return new FileBytes(
          path.toString(), channel.map(MapMode.READ_ONLY, 0, channel.size(), arena));
    } catch (IOException e) {
      throw new UncheckedIOException(
          new IOException(
              "cannot read " + path + ": " + AtomicFiles.reason(e) + "; check its permissions", e));
    }
  }

  /** Bytes in memory under a name. */
  public static FileBytes of(String name, byte[] bytes) {
    return new FileBytes(name, MemorySegment.ofArray(bytes));
  }

  public long size() {
    return bytes.byteSize();
  }

  /** A reader at the start. */
  public ByteCursor cursor() {
    return new ByteCursor(this, 0);
  }

  /**
   * {@code length} bytes from {@code offset}, without copying.
   *
   * @throws FormatException if they do not lie inside the file
   */
  public MemorySegment slice(long offset, long length, String what) {
    if (offset < 0 || length < 0 || offset > size() || length > size() - offset) {
      throw fault(
          Math.clamp(offset, 0, size()),
          what + " of " + length + " bytes at " + offset,
          "it to end within the file's " + size() + " bytes");
    }
    return bytes.asSlice(offset, length);
  }

  /** A fault in this file whose remedy is to get the file again. */
  public FormatException fault(long offset, String found, String expected) {
    return fault(offset, found, expected, FormatException.DAMAGED);
  }

  /** A fault in this file. */
  public FormatException fault(long offset, String found, String expected, String remedy) {
    return new FormatException(file, offset, found, expected, remedy);
  }
}
