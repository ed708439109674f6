package org.lapidary.io;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Files that are there whole or not at all: written beside their place, synced, then renamed. A
 * killed process or a full disk leaves the former file.
 */
public final class AtomicFiles {
  /** A byte buffer addresses at most 2^31 bytes; larger arrays go out in pieces of this size. */
  private static final long PIECE = 1L << 30;

  private AtomicFiles() {}

  /** Writes the content of a file. */
  @FunctionalInterface
  public interface Body {
    void writeTo(FileChannel out) throws IOException;
  }

  /**
   * Writes {@code path}, replacing what was there. The folder must exist.
   *
   * @throws UncheckedIOException if it cannot be written; the former file is then untouched
   */
  public static void write(Path path, Body body) {
    Path temporary = null;
    try {
      Path target = Files.isSymbolicLink(path) ? path.toRealPath() : path.toAbsolutePath();
      temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID());
      try (FileChannel out = FileChannel.open(temporary, CREATE_NEW, WRITE)) {
        body.writeTo(out);
        out.force(true);
      }
      Files.move(temporary, target, ATOMIC_MOVE);
      syncFolder(target.resolveSibling(""));
    } catch (IOException e) {
      deleteQuietly(temporary);
      throw new UncheckedIOException(
          new IOException(
              "cannot write "
                  + path
                  + ": "
                  + reason(e)
                  + "; nothing was changed: check that the folder exists, may be written and has"
                  + " space",
              e));
    } catch (RuntimeException | Error e) {
      deleteQuietly(temporary);
      throw e;
    }
  }

  /** Writes text as UTF-8. */
  public static void writeText(Path path, String text) {
    writeBytes(path, text.getBytes(StandardCharsets.UTF_8));
  }

  public static void writeBytes(Path path, byte[] bytes) {
    write(path, out -> writeFully(out, ByteBuffer.wrap(bytes)));
  }

  static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  static void writeFully(FileChannel out, MemorySegment bytes) throws IOException {
    for (long done = 0; done < bytes.byteSize(); done += PIECE) {
      long piece = Math.min(PIECE, bytes.byteSize() - done);
      writeFully(out, bytes.asSlice(done, piece).asByteBuffer());
    }
  }

  /** Makes a rename in the folder last through a power cut, where the system can. */
  static void syncFolder(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Windows opens no folders; there the rename is all we can have.
    }
  }

  static String reason(IOException e) {
    String name = e.getClass().getSimpleName();
    return e.getClass() == IOException.class
        ? String.valueOf(e.getMessage())
        : name + " " + e.getMessage();
  }

  private static void deleteQuietly(@Nullable Path path) {
    if (path != null) {
      try {
        Files.deleteIfExists(path);
      } catch (IOException e) {
        // The write's own failure is the one to report.
      }
    }
  }
}
