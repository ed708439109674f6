package org.lapidary.data;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Function;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.lapidary.io.FileBytes;

/** Files that may be packed by gzip: recognised by their first bytes, unpacked in memory. */
final class Unpacked {
  private static final int GZIP_MAGIC = 0x8b1f;

  /** The most that a packed file may unfold to in memory. */
  private static final int MAX_BYTES = 1 << 28;

  private Unpacked() {}

  /** Maps a file, unpacks it if need be, and reads it while it is mapped. */
  static <T> T read(Path path, Function<FileBytes, T> reader) {
    try (Arena arena = Arena.ofConfined()) {
      return reader.apply(unpack(FileBytes.map(path, arena)));
    }
  }

  /** The content of a file that may be packed; its errors count from the content's start. */
  static FileBytes unpack(FileBytes file) {
    if (file.size() < 2 || file.cursor().u16("a signature") != GZIP_MAGIC) {
      return file;
    }
    try (InputStream in = new GZIPInputStream(new SegmentStream(file.bytes()), 1 << 16)) {
      return FileBytes.of(file.file() + " (unpacked)", readAll(in, file));
    } catch (ZipException | EOFException e) {
      throw file.fault(0, "a gzip file that cannot be unpacked (" + e.getMessage() + ")", "gzip");
    } catch (IOException e) {
      throw file.fault(0, "a gzip file that cannot be read (" + e.getMessage() + ")", "gzip");
    }
  }

  /** Memory grows with what is unpacked, to at most twice its length. */
  private static byte[] readAll(InputStream in, FileBytes file) throws IOException {
    byte[] content = new byte[(int) Math.clamp(4 * file.size(), 64, 1 << 24)];
    int length = 0;
    while (true) {
      int got = in.read(content, length, content.length - length);
      if (got < 0) {
        return Arrays.copyOf(content, length);
      }
      length += got;
      if (length == MAX_BYTES) {
        throw file.fault(
            0, "content beyond " + MAX_BYTES + " bytes", "less", "unpack it with gunzip first");
      }
      if (length == content.length) {
        content = Arrays.copyOf(content, (int) Math.min(MAX_BYTES, 2L * length));
      }
    }
  }

  private static final class SegmentStream extends InputStream {
    private final MemorySegment bytes;
    private long position;

    SegmentStream(MemorySegment bytes) {
      this.bytes = bytes;
    }

    @Override
    public int read() {
      return position == bytes.byteSize()
          ? -1
          : bytes.get(ValueLayout.JAVA_BYTE, position++) & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      if (position == bytes.byteSize() && length > 0) {
        return -1;
      }
      int count = (int) Math.min(length, bytes.byteSize() - position);
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, position, target, offset, count);
      position += count;
      return count;
    }

    @Override
    public int available() {
      return (int) Math.min(Integer.MAX_VALUE, bytes.byteSize() - position);
    }
  }
}
