package org.lapidary.data;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.lapidary.io.FileBytes;

/** Texts of one length, in tokens, that need not all be in memory. */
public interface Texts {

  /** How many there are. */
  int count();

  /** Tokens of each. */
  int length();

  /**
   * The ids of one.
   *
   * @throws IndexOutOfBoundsException if there is no such text
   */
  int[] at(int text);

  /**
   * Texts in memory.
   *
   * @throws IllegalArgumentException if their lengths differ
   */
  static Texts of(int[][] texts) {
    int length = texts.length == 0 ? 0 : texts[0].length;
    for (int i = 0; i < texts.length; i++) {
      if (texts[i].length != length) {
        throw new IllegalArgumentException(
            "texts are of one length; the first has %d tokens, number %d has %d"
                .formatted(length, i, texts[i].length));
      }
    }
    return new Texts() {
      @Override
      public int count() {
        return texts.length;
      }

      @Override
      public int length() {
        return length;
      }

      @Override
      public int[] at(int text) {
        return texts[text];
      }
    };
  }

  /** Texts of a file; the system reads what is asked for and drops it again. */
  interface Mapped extends Texts, AutoCloseable {
    @Override
    void close();
  }

  /**
   * A file of ids (see {@link TokenFile}) cut into texts; what is left at its end is not read.
   *
   * @param length tokens of a text, at least 1
   * @param vocab every id must be smaller; looked at when a text is read
   * @throws org.lapidary.io.FormatException if the file's length is not that of whole ids, or it
   *     holds no text of that length
   * @throws java.io.UncheckedIOException if the file cannot be read
   */
  static Mapped map(Path path, TokenFile.Width width, int vocab, int length) {
    if (length < 1) {
      throw new IllegalArgumentException("a text has at least 1 token, was asked for " + length);
    }
    Arena arena = Arena.ofShared();
    try {
      FileBytes file = FileBytes.map(path, arena);
      long tokens = file.size() / width.bytes();
      if (file.size() % width.bytes() != 0 || tokens < length) {
        throw file.fault(
            file.size(),
            file.size() + " bytes",
            "whole ids of %d bytes, at least %d of them".formatted(width.bytes(), length));
      }
      return new FileTexts(
          arena, file, width, vocab, length, Math.toIntExact(Math.min(tokens / length, 1 << 30)));
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** Ids of a mapped file. */
  record FileTexts(
      Arena arena, FileBytes file, TokenFile.Width width, int vocab, int length, int count)
      implements Mapped {
    private static final ValueLayout.OfShort U16 =
        ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 =
        ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Override
    public int[] at(int text) {
      java.util.Objects.checkIndex(text, count);
      MemorySegment bytes = file.bytes();
      int[] ids = new int[length];
      long from = (long) text * length;
      for (int i = 0; i < length; i++) {
        long offset = (from + i) * width.bytes();
        int id =
            width == TokenFile.Width.UINT16
                ? Short.toUnsignedInt(bytes.get(U16, offset))
                : bytes.get(I32, offset);
        if (id < 0 || id >= vocab) {
          throw file.fault(offset, "the token id " + id, "0 to " + (vocab - 1));
        }
        ids[i] = id;
      }
      return ids;
    }

    @Override
    public void close() {
      arena.close();
    }
  }
}
