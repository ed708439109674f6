package org.lapidary.io;

import static org.lapidary.io.FormatException.quote;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The members of a zip file, found through its central directory and checked against their own
 * headers: no overlap, no duplicates, no lie about a size. Stored members are slices of the file.
 * Nothing is ever written to disk.
 *
 * @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">APPNOTE.TXT</a>
 */
final class ZipArchive {
  private static final int LOCAL = 0x04034b50;
  private static final int CENTRAL = 0x02014b50;
  private static final int END = 0x06054b50;
  private static final int END_64 = 0x06064b50;
  private static final int LOCATOR_64 = 0x07064b50;
  private static final int END_BYTES = 22;
  private static final int LOCATOR_BYTES = 20;
  private static final int CENTRAL_BYTES = 46;
  private static final int STORED = 0;
  private static final int DEFLATED = 8;
  private static final int ENCRYPTED = 1;

  /** Deflate cannot do better than this (one bit pair for 258 bytes, RFC 1951). */
  private static final long MAX_RATIO = 1032;

  /** Bytes that all packed members together may unfold to. */
  private static final int MAX_UNPACKED = 1 << 29;

  /** A member: its data lie at {@code offset}. */
  record Member(String name, boolean deflated, long packed, long size, long crc, long offset) {}

  private record Directory(long offset, long length, long members) {}

  private final FileBytes file;
  private final SequencedMap<String, Member> members = new LinkedHashMap<>();
  private long unpacked;

  /** Reads the directory. */
  ZipArchive(FileBytes file) {
    this.file = file;
    Directory directory = directory(findEnd());
    ByteCursor in = new ByteCursor(file, directory.offset);
    List<long[]> ranges = new ArrayList<>();
    for (long i = 0; i < directory.members; i++) {
      member(in, directory.offset, ranges);
    }
    if (in.position() != directory.offset + directory.length) {
      throw file.fault(
          in.position(),
          "a directory of " + (in.position() - directory.offset) + " bytes",
          String.valueOf(directory.length));
    }
    ranges.sort(Comparator.comparingLong(range -> range[0]));
    for (int i = 1; i < ranges.size(); i++) {
      if (ranges.get(i)[0] < ranges.get(i - 1)[1]) {
        throw file.fault(ranges.get(i)[0], "zip members that overlap", "members one after another");
      }
    }
  }

  /** Whether the file starts as a zip does. */
  static boolean looksLike(FileBytes file) {
    return file.size() >= 4 && file.cursor().i32("a signature") == LOCAL;
  }

  SequencedMap<String, Member> members() {
    return members;
  }

  /** Where a member's fault is reported. */
  FileBytes file() {
    return file;
  }

  /** The bytes of a stored member as a slice of the file. */
  MemorySegment stored(Member member) {
    if (member.deflated) {
      throw file.fault(
          member.offset,
          "the compressed member " + quote(member.name),
          "stored members",
          "unpack the archive and zip it again without compression (zip -0)");
    }
    return file.slice(member.offset, member.size, "a member");
  }

  /** The bytes of any member, unpacked and checked against its checksum. */
  MemorySegment read(Member member) {
    MemorySegment bytes = member.deflated ? inflate(member) : stored(member);
    CRC32 crc = new CRC32();
    for (long done = 0; done < bytes.byteSize(); done += 1 << 30) {
      crc.update(bytes.asSlice(done, Math.min(1 << 30, bytes.byteSize() - done)).asByteBuffer());
    }
    if (crc.getValue() != member.crc) {
      throw file.fault(
          member.offset, "other data in " + quote(member.name), "data of its checksum");
    }
    return bytes;
  }

  /** Memory grows with what is really unpacked, never by what the header says. */
  private MemorySegment inflate(Member member) {
    Inflater inflater = new Inflater(true);
    try {
      inflater.setInput(file.slice(member.offset, member.packed, "a member").asByteBuffer());
      byte[] out = new byte[(int) Math.min(member.size, 1 << 16)];
      int done = 0;
      while (!inflater.finished()) {
        if (done == out.length) {
          if (done == member.size) {
            out = Arrays.copyOf(out, done + 1); // room to see that more would come
          } else {
            out = Arrays.copyOf(out, (int) Math.min(member.size, 2L * done));
          }
        }
        int got = inflater.inflate(out, done, out.length - done);
        done += got;
        if (done > member.size || (got == 0 && !inflater.finished())) {
          break;
        }
      }
      if (!inflater.finished() || done != member.size) {
        throw file.fault(
            member.offset, quote(member.name) + " of another size", member.size + " bytes");
      }
      return MemorySegment.ofArray(out).asSlice(0, done);
    } catch (DataFormatException e) {
      throw file.fault(
          member.offset, quote(member.name) + " that cannot be unpacked", "deflated data");
    } finally {
      inflater.end();
    }
  }

  private long findEnd() {
    long last = file.size() - END_BYTES;
    for (long at = last; at >= Math.max(0, last - 0xffff); at--) {
      ByteCursor in = new ByteCursor(file, at);
      if (in.i32("a signature") == END
          && new ByteCursor(file, at + END_BYTES - 2).u16("a comment") == last - at) {
        return at;
      }
    }
    throw file.fault(file.size(), "no zip directory at the end", "a zip archive");
  }

  private Directory directory(long end) {
    ByteCursor in = new ByteCursor(file, end + 4);
    int disk = in.u16("a disk number");
    int startDisk = in.u16("a disk number");
    long here = in.u16("a count");
    long members = in.u16("a count");
    long length = in.u32("the directory's length");
    long offset = in.u32("the directory's offset");
    long limit = end;
    if (end >= LOCATOR_BYTES
        && new ByteCursor(file, end - LOCATOR_BYTES).i32("a signature") == LOCATOR_64) {
      ByteCursor locator = new ByteCursor(file, end - LOCATOR_BYTES + 8);
      limit = locator.i64("the place of the zip64 record");
      if (limit < 0 || limit > end - LOCATOR_BYTES - 56) {
        throw file.fault(end - LOCATOR_BYTES, "a zip64 record at " + limit, "one before it");
      }
      ByteCursor wide = new ByteCursor(file, limit);
      if (wide.i32("a signature") != END_64) {
        throw file.fault(limit, "no zip64 record", "one");
      }
      wide.bytes(28, "the zip64 record");
      members = wide.i64("a count");
      here = members;
      length = wide.i64("the directory's length");
      offset = wide.i64("the directory's offset");
    }
    if (disk != 0 || startDisk != 0 || here != members) {
      throw file.fault(end, "an archive in several parts", "one in a single file");
    }
    if (offset < 0 || length < 0 || offset > limit || length != limit - offset) {
      throw file.fault(
          end, "a directory of " + length + " bytes at " + offset, "it to end at " + limit);
    }
    if (members < 0 || members > length / CENTRAL_BYTES) {
      throw file.fault(end, members + " members in a directory of " + length + " bytes", "fewer");
    }
    return new Directory(offset, length, members);
  }

  private void member(ByteCursor in, long dataEnd, List<long[]> ranges) {
    long at = in.position();
    if (in.i32("a directory entry") != CENTRAL) {
      throw file.fault(at, "no directory entry", "one");
    }
    in.i32("versions");
    int flags = in.u16("flags");
    int method = in.u16("a method");
    in.i32("a time");
    long crc = in.u32("a checksum");
    long packed = in.u32("a size");
    long size = in.u32("a size");
    int nameLength = in.u16("a length");
    int extraLength = in.u16("a length");
    int commentLength = in.u16("a length");
    in.i64("attributes");
    long header = in.u32("an offset");
    String name = in.utf8(nameLength, "a member's name");
    Sizes sizes = new Sizes(size, packed, header).widened(in, extraLength);
    in.bytes(commentLength, "a comment");
    if ((flags & ENCRYPTED) != 0 || (method != STORED && method != DEFLATED)) {
      throw file.fault(
          at,
          quote(name) + " encrypted or packed by method " + method,
          "stored or deflated members",
          "zip it again without encryption");
    }
    boolean deflated = method == DEFLATED;
    if (deflated ? sizes.size / MAX_RATIO > sizes.packed : sizes.size != sizes.packed) {
      throw file.fault(
          at,
          quote(name) + " of " + sizes.size + " bytes, packed into " + sizes.packed,
          "sizes that are possible");
    }
    if (deflated && sizes.size > MAX_UNPACKED - unpacked) {
      throw file.fault(
          at,
          quote(name) + " of " + sizes.size + " bytes, packed",
          "at most " + MAX_UNPACKED + " in all packed members",
          "save it without compression");
    }
    unpacked += deflated ? sizes.size : 0;
    long data = localData(sizes.header, dataEnd, name, method);
    if (sizes.packed > dataEnd - data) {
      throw file.fault(at, quote(name) + " that runs into the directory", "it to end before");
    }
    ranges.add(new long[] {sizes.header, data + sizes.packed});
    if (members.put(name, new Member(name, deflated, sizes.packed, sizes.size, crc, data))
        != null) {
      throw file.fault(at, "the member " + quote(name) + " twice", "each name once");
    }
  }

  /** Where a member's data start; its own header must agree with the directory. */
  private long localData(long header, long dataEnd, String name, int method) {
    if (header < 0 || header > dataEnd - 30) {
      throw file.fault(Math.max(0, dataEnd), quote(name) + " at " + header, "a place before");
    }
    ByteCursor in = new ByteCursor(file, header);
    boolean signed = in.i32("a member") == LOCAL;
    in.i32("version and flags");
    boolean same = in.u16("a method") == method;
    in.bytes(16, "time, checksum and sizes");
    int nameLength = in.u16("a length");
    int extraLength = in.u16("a length");
    if (!signed || !same || !name.equals(in.utf8(nameLength, "a member's name"))) {
      throw file.fault(header, "no member " + quote(name), "the one the directory names");
    }
    in.bytes(extraLength, "an extra field");
    if (in.position() > dataEnd) {
      throw file.fault(header, "a header that runs into the directory", "it to end before");
    }
    return in.position();
  }

  /** Sizes and place; a value of 2^32-1 means that the zip64 extra field holds the real one. */
  private record Sizes(long size, long packed, long header) {
    private static final long WIDE = 0xffffffffL;
    private static final int ZIP64_FIELD = 1;

    Sizes widened(ByteCursor in, int extraLength) {
      long end = in.position() + extraLength;
      Sizes sizes = this;
      while (end - in.position() >= 4) {
        int id = in.u16("an extra field");
        int length = in.u16("a length");
        long next = in.position() + length;
        if (next > end) {
          throw in.fault(in.position(), "an extra field of " + length + " bytes", "a shorter one");
        }
        if (id == ZIP64_FIELD) {
          sizes = wide(in, next);
        }
        in.bytes(next - in.position(), "an extra field");
      }
      in.bytes(end - in.position(), "an extra field");
      return sizes;
    }

    private Sizes wide(ByteCursor in, long end) {
      long newSize = size == WIDE ? wideValue(in, end) : size;
      long newPacked = packed == WIDE ? wideValue(in, end) : packed;
      long newHeader = header == WIDE ? wideValue(in, end) : header;
      return new Sizes(newSize, newPacked, newHeader);
    }

    private static long wideValue(ByteCursor in, long end) {
      if (end - in.position() < 8) {
        throw in.fault(in.position(), "a short zip64 field", "eight bytes");
      }
      long value = in.i64("a zip64 value");
      if (value < 0) {
        throw in.fault(in.position() - 8, "a size of " + value, "a size");
      }
      return value;
    }
  }
}
