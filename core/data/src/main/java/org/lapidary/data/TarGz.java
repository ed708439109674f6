package org.lapidary.data;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * Takes named plain files out of a .tar.gz. Nothing else of it is written, and nothing outside the
 * folder: a file gets the last part of its member's name.
 *
 * @see <a href="https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html">ustar</a>
 */
final class TarGz {
  private static final int BLOCK = 512;
  private static final int NAME = 100;
  private static final int SIZE = 124;
  private static final int SIZE_DIGITS = 11;
  private static final int TYPE = 156;
  private static final int PREFIX = 345;
  private static final int PREFIX_LENGTH = 155;

  private TarGz() {}

  static void extract(Path archive, List<String> members, Path folder) throws IOException {
    List<String> wanted = new ArrayList<>(members);
    try (InputStream in = new GZIPInputStream(Files.newInputStream(archive), 1 << 16)) {
      byte[] header = new byte[BLOCK];
      while (!wanted.isEmpty()) {
        if (in.readNBytes(header, 0, BLOCK) < BLOCK || header[0] == 0) {
          throw new IOException(archive.getFileName() + " has no member " + wanted.getFirst());
        }
        long size = size(header, archive);
        boolean plain = header[TYPE] == '0' || header[TYPE] == 0;
        String name = name(header);
        if (plain && wanted.remove(name)) {
          try (OutputStream out = Files.newOutputStream(folder.resolve(lastPart(name)))) {
            copy(in, out, size);
          }
        } else {
          in.skipNBytes(size);
        }
        in.skipNBytes((BLOCK - size % BLOCK) % BLOCK);
      }
    } catch (EOFException e) {
      throw new IOException(archive.getFileName() + " is cut short", e);
    }
  }

  private static String name(byte[] header) {
    boolean ustar = new String(header, 257, 5, StandardCharsets.US_ASCII).equals("ustar");
    String prefix = ustar ? text(header, PREFIX, PREFIX_LENGTH) : "";
    String name = text(header, 0, NAME);
    return prefix.isEmpty() ? name : prefix + "/" + name;
  }

  private static String lastPart(String member) {
    return member.substring(member.lastIndexOf('/') + 1);
  }

  private static long size(byte[] header, Path archive) throws IOException {
    long size = 0;
    for (int i = SIZE; i < SIZE + SIZE_DIGITS; i++) {
      if (header[i] < '0' || header[i] > '7') {
        throw new IOException(archive.getFileName() + " has a member without a size");
      }
      size = 8 * size + (header[i] - '0');
    }
    return size;
  }

  private static String text(byte[] header, int at, int length) {
    int end = at;
    while (end < at + length && header[end] != 0) {
      end++;
    }
    return new String(header, at, end - at, StandardCharsets.UTF_8);
  }

  private static void copy(InputStream in, OutputStream out, long size) throws IOException {
    byte[] piece = new byte[1 << 16];
    for (long left = size; left > 0; ) {
      int got = in.read(piece, 0, (int) Math.min(piece.length, left));
      if (got < 0) {
        throw new EOFException();
      }
      out.write(piece, 0, got);
      left -= got;
    }
  }
}
