package org.lapidary.io;

import static org.lapidary.io.FormatException.quote;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.lapidary.tensor.DType;

/**
 * NumPy's .npy files, versions 1 to 3: real and complex numbers and booleans, little-endian. Arrays
 * in Fortran order are turned into row-major; unsigned 16 and 32 bit integers are widened.
 *
 * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">format</a>
 */
public final class Npy {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int ALIGNMENT = 64;

  private Npy() {}

  /**
   * Reads an array. It looks into the mapped file where its layout allows.
   *
   * @throws FormatException if the file is damaged, or of a type we do not read
   * @throws UncheckedIOException if it cannot be read
   */
  public static RawTensor read(Path path) {
    return parse(FileBytes.map(path, Arena.ofAuto()));
  }

  /** Reads an array already in memory. */
  public static RawTensor parse(String name, MemorySegment bytes) {
    return parse(new FileBytes(name, bytes));
  }

  static RawTensor parse(FileBytes file) {
    ByteCursor in = file.cursor();
    if (in.bytes(MAGIC.length, "the mark of a .npy file").mismatch(MemorySegment.ofArray(MAGIC))
        != -1) {
      throw file.fault(0, "another mark", "\\x93NUMPY", "this is no .npy file");
    }
    int version = in.u8("a version");
    in.u8("a minor version");
    if (version < 1 || version > 3) {
      throw file.fault(6, "version " + version, "1 to 3", "save it with a common NumPy");
    }
    long length = version == 1 ? in.u16("the header's length") : in.u32("the header's length");
    long headerStart = in.position();
    MemorySegment text = in.bytes(length, "the header");
    NpyHeader header = NpyHeader.parse(text, file, headerStart);
    OptionalLong expected = header.type().byteSize(header.shape());
    if (expected.isEmpty() || expected.getAsLong() != in.remaining()) {
      throw file.fault(
          in.position(),
          in.remaining() + " bytes of data",
          header.type().dtype()
              + Arrays.toString(header.shape())
              + " to need "
              + (expected.isEmpty() ? "a possible number" : expected.getAsLong()));
    }
    MemorySegment data = in.bytes(in.remaining(), "the data");
    return header.type().tensor(header.shape(), header.fortran(), data);
  }

  /**
   * Writes an array as version 1, whole or not at all.
   *
   * @throws IllegalArgumentException if NumPy has no such element type (bfloat16)
   * @throws UncheckedIOException if it cannot be written
   */
  public static void write(Path path, RawTensor tensor) {
    ByteBuffer header = header(tensor);
    AtomicFiles.write(
        path,
        out -> {
          AtomicFiles.writeFully(out, header);
          AtomicFiles.writeFully(out, tensor.data());
        });
  }

  /** Everything before the data, padded so that the data start at a multiple of 64. */
  static ByteBuffer header(RawTensor tensor) {
    String descriptor = NumpyType.descriptor(tensor.dtype());
    if (descriptor == null) {
      throw new IllegalArgumentException(
          "NumPy has no " + tensor.dtype() + "; convert it to " + DType.FLOAT32 + " first");
    }
    String sizes =
        Arrays.stream(tensor.shape()).mapToObj(Long::toString).collect(Collectors.joining(", "));
    String dict =
        "{'descr': "
            + quote(descriptor)
            + ", 'fortran_order': False, 'shape': ("
            + sizes
            + (tensor.rank() == 1 ? ",)" : ")")
            + ", }";
    int start = MAGIC.length + 4;
    int end = Math.ceilDiv(start + dict.length() + 1, ALIGNMENT) * ALIGNMENT;
    ByteBuffer header = ByteBuffer.allocate(end).order(ByteOrder.LITTLE_ENDIAN);
    header.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) (end - start));
    header.put(dict.getBytes(StandardCharsets.US_ASCII));
    while (header.position() < end - 1) {
      header.put((byte) ' ');
    }
    return header.put((byte) '\n').flip();
  }
}
