package org.lapidary.data;

import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.lapidary.io.AtomicFiles;
import org.lapidary.io.ByteCursor;
import org.lapidary.io.FileBytes;
import org.lapidary.io.FormatException;

/** Files of token ids without header, little-endian, as language model trainers keep them. */
public final class TokenFile {

  /** How wide an id is. */
  public enum Width {
    UINT16(2),
    INT32(4);

    private final int bytes;

    Width(int bytes) {
      this.bytes = bytes;
    }

    /** How many bytes an id takes. */
    int bytes() {
      return bytes;
    }
  }

  private TokenFile() {}

  /**
   * Reads ids, plain or gzipped.
   *
   * @param vocab the number of ids; every id must be smaller
   * @throws FormatException if the length is odd or an id is out of range
   * @throws UncheckedIOException if the file cannot be read
   */
  public static int[] read(Path path, Width width, int vocab) {
    return Unpacked.read(path, file -> parse(file, width, vocab));
  }

  /** Reads ids already in memory. */
  public static int[] parse(String name, MemorySegment bytes, Width width, int vocab) {
    return parse(Unpacked.unpack(new FileBytes(name, bytes)), width, vocab);
  }

  private static int[] parse(FileBytes file, Width width, int vocab) {
    long count = file.size() / width.bytes;
    if (count == 0 || file.size() % width.bytes != 0 || count > Integer.MAX_VALUE - 64) {
      throw file.fault(
          file.size(), file.size() + " bytes", "whole ids of " + width.bytes + " bytes");
    }
    int[] ids = new int[(int) count];
    ByteCursor in = file.cursor();
    for (int i = 0; i < ids.length; i++) {
      int id = width == Width.UINT16 ? in.u16("an id") : in.i32("an id");
      if (id < 0 || id >= vocab) {
        throw file.fault(
            (long) i * width.bytes,
            "the token id " + id,
            "0 to " + (vocab - 1),
            "check that the ids are " + width + " of this model's vocabulary");
      }
      ids[i] = id;
    }
    return ids;
  }

  /**
   * Writes ids, whole or not at all.
   *
   * @throws IllegalArgumentException if an id does not fit the width
   * @throws UncheckedIOException if the file cannot be written
   */
  public static void write(Path path, int[] ids, Width width) {
    int most = width == Width.UINT16 ? 0xffff : Integer.MAX_VALUE;
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(ids.length, width.bytes))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (int id : ids) {
      if (id < 0 || id > most) {
        throw new IllegalArgumentException("the id " + id + " does not fit " + width);
      }
      if (width == Width.UINT16) {
        bytes.putShort((short) id);
      } else {
        bytes.putInt(id);
      }
    }
    AtomicFiles.writeBytes(path, bytes.array());
  }
}
