package org.lapidary.io;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Reads little-endian values one after another. Every read is checked against the file's end first;
 * {@code what} names the value in the error.
 */
public final class ByteCursor {
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(LITTLE_ENDIAN);

  private final FileBytes file;
  private long position;

  ByteCursor(FileBytes file, long position) {
    this.file = file;
    this.position = position;
  }

  /** Bytes read so far. */
  public long position() {
    return position;
  }

  /** Bytes left. */
  public long remaining() {
    return file.size() - position;
  }

  public FileBytes file() {
    return file;
  }

  /** 0..255. */
  public int u8(String what) {
    return file.bytes().get(ValueLayout.JAVA_BYTE, advance(1, what)) & 0xff;
  }

  /** 0..65535. */
  public int u16(String what) {
    return file.bytes().get(SHORT, advance(2, what)) & 0xffff;
  }

  public int i32(String what) {
    return file.bytes().get(INT, advance(4, what));
  }

  /** 0..2^32-1. */
  public long u32(String what) {
    return i32(what) & 0xffffffffL;
  }

  /** A signed value, or an unsigned one whose top bit the caller finds as a negative number. */
  public long i64(String what) {
    return file.bytes().get(LONG, advance(8, what));
  }

  public float f32(String what) {
    return Float.intBitsToFloat(i32(what));
  }

  /** The next bytes, without copying. */
  public MemorySegment bytes(long length, String what) {
    return file.bytes().asSlice(advance(length, what), length);
  }

  /** The next bytes as strict UTF-8. */
  public String utf8(long length, String what) {
    long start = position;
    return utf8(bytes(length, what), file, start, what);
  }

  static String utf8(MemorySegment bytes, FileBytes file, long start, String what) {
    if (bytes.byteSize() > Integer.MAX_VALUE - 8) {
      throw file.fault(start, what + " of " + bytes.byteSize() + " bytes", "at most 2^31");
    }
    ByteBuffer buffer = bytes.asByteBuffer();
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(buffer).toString();
    } catch (CharacterCodingException e) {
      throw file.fault(start + buffer.position(), what + " that is not UTF-8", "UTF-8 text");
    }
  }

  /** A fault at a place already read. */
  public FormatException fault(long offset, String found, String expected) {
    return file.fault(offset, found, expected);
  }

  private long advance(long length, String what) {
    if (length < 0 || length > remaining()) {
      throw file.fault(
          position,
          "the end of the file after " + remaining() + " more bytes",
          what + " of " + length + " bytes");
    }
    long start = position;
    position += length;
    return start;
  }
}
