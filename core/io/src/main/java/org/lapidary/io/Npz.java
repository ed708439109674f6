package org.lapidary.io;

import static org.lapidary.io.FormatException.NOWHERE;
import static org.lapidary.io.FormatException.quote;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** NumPy's .npz files: a zip of .npy members, stored or deflated. */
public final class Npz {
  private static final String SUFFIX = ".npy";
  private static final long PIECE = 1 << 20;

  private Npz() {}

  /**
   * Reads all arrays by name.
   *
   * @throws FormatException if the archive or an array is damaged
   * @throws UncheckedIOException if it cannot be read
   */
  public static SequencedMap<String, RawTensor> read(Path path) {
    return parse(FileBytes.map(path, Arena.ofAuto()));
  }

  /** Reads an archive already in memory. */
  public static SequencedMap<String, RawTensor> parse(String name, MemorySegment bytes) {
    return parse(new FileBytes(name, bytes));
  }

  private static SequencedMap<String, RawTensor> parse(FileBytes file) {
    ZipArchive zip = new ZipArchive(file);
    SequencedMap<String, RawTensor> arrays = new LinkedHashMap<>();
    for (ZipArchive.Member member : zip.members().values()) {
      if (!member.name().endsWith(SUFFIX)) {
        throw file.fault(NOWHERE, "the member " + quote(member.name()), "only .npy members");
      }
      String name = member.name().substring(0, member.name().length() - SUFFIX.length());
      arrays.put(name, Npy.parse(file.file() + " (" + member.name() + ")", zip.read(member)));
    }
    return arrays;
  }

  /**
   * Writes arrays, stored, whole or not at all. The same arrays give the same bytes.
   *
   * @throws UncheckedIOException if it cannot be written
   */
  public static void write(Path path, Map<String, RawTensor> arrays) {
    AtomicFiles.write(
        path,
        out -> {
          // Left open: the caller syncs the channel after the archive is complete.
          ZipOutputStream zip = new ZipOutputStream(Channels.newOutputStream(out));
          zip.setMethod(ZipOutputStream.STORED);
          WritableByteChannel body = Channels.newChannel(zip);
          for (Map.Entry<String, RawTensor> array : arrays.entrySet()) {
            List<ByteBuffer> pieces = pieces(array.getValue());
            zip.putNextEntry(entry(array.getKey(), pieces));
            for (ByteBuffer piece : pieces) {
              body.write(piece);
            }
            zip.closeEntry();
          }
          zip.finish();
          zip.flush();
        });
  }

  private static List<ByteBuffer> pieces(RawTensor tensor) {
    List<ByteBuffer> pieces = new ArrayList<>();
    pieces.add(Npy.header(tensor));
    MemorySegment data = tensor.data();
    for (long done = 0; done < data.byteSize(); done += PIECE) {
      pieces.add(data.asSlice(done, Math.min(PIECE, data.byteSize() - done)).asByteBuffer());
    }
    return pieces;
  }

  /** A stored member's header wants its size and checksum before the data. */
  private static ZipEntry entry(String name, List<ByteBuffer> pieces) {
    CRC32 crc = new CRC32();
    long size = 0;
    for (ByteBuffer piece : pieces) {
      size += piece.remaining();
      crc.update(piece.duplicate());
    }
    ZipEntry entry = new ZipEntry(name + SUFFIX);
    entry.setTimeLocal(LocalDateTime.of(1980, 1, 1, 0, 0));
    entry.setSize(size);
    entry.setCrc(crc.getValue());
    return entry;
  }
}
