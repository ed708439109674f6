package org.lapidary.data;

import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.lapidary.io.FileBytes;
import org.lapidary.io.FormatException;

/** Text files: UTF-8, strictly, plain or gzipped. */
public final class TextFile {
  private static final long MAX_BYTES = 1L << 30;

  private TextFile() {}

  /**
   * Reads a text. A byte order mark is dropped; line ends stay as they are.
   *
   * @throws FormatException if it is not UTF-8, with the offset of the first bad byte, or empty
   * @throws UncheckedIOException if it cannot be read
   */
  public static String read(Path path) {
    return Unpacked.read(path, TextFile::parse);
  }

  /** Reads a text already in memory. */
  public static String parse(String name, MemorySegment bytes) {
    return parse(Unpacked.unpack(new FileBytes(name, bytes)));
  }

  static String parse(FileBytes file) {
    if (file.size() > MAX_BYTES) {
      throw file.fault(
          0, file.size() + " bytes of text", "at most " + MAX_BYTES, "cut the text in parts");
    }
    String text;
    try {
      text = file.cursor().utf8(file.size(), "text");
    } catch (FormatException e) {
      throw file.fault(
          e.offset(),
          e.found(),
          e.expected(),
          "convert it: iconv -f LATIN1 -t UTF-8 (or the like)");
    }
    String content = text.startsWith("\ufeff") ? text.substring(1) : text;
    if (content.isBlank()) {
      throw file.fault(0, "no text", "some", "choose a file with text in it");
    }
    return content;
  }
}
