package org.lapidary.data;

import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalLong;
import org.lapidary.io.ByteCursor;
import org.lapidary.io.FileBytes;
import org.lapidary.io.FormatException;
import org.lapidary.io.RawTensor;
import org.lapidary.tensor.DType;

/**
 * The idx format of MNIST, plain or gzipped: two zero bytes, a type, the number of dimensions,
 * their sizes as big-endian 32-bit integers, then the values, big-endian.
 */
public final class Idx {
  private Idx() {}

  /**
   * Reads an array.
   *
   * @throws FormatException if header and length do not fit
   * @throws UncheckedIOException if the file cannot be read
   */
  public static RawTensor read(Path path) {
    return Unpacked.read(path, Idx::parse);
  }

  /** Reads an array already in memory. */
  public static RawTensor parse(String name, MemorySegment bytes) {
    return parse(Unpacked.unpack(new FileBytes(name, bytes)));
  }

  private static RawTensor parse(FileBytes file) {
    ByteCursor in = file.cursor();
    if (in.u16("the mark of an idx file") != 0) {
      throw file.fault(0, "another mark", "two zero bytes", "this is no idx file");
    }
    DType dtype = dtype(file, in.u8("a type"));
    long[] shape = new long[in.u8("the number of dimensions")];
    for (int d = 0; d < shape.length; d++) {
      shape[d] = Integer.reverseBytes(in.i32("a dimension")) & 0xffffffffL;
    }
    OptionalLong expected = RawTensor.byteSize(dtype, shape);
    if (expected.isEmpty() || expected.getAsLong() != in.remaining()) {
      throw file.fault(
          in.position(),
          in.remaining() + " bytes of values",
          dtype
              + Arrays.toString(shape)
              + " to need "
              + (expected.isEmpty() ? "a possible number" : expected.getAsLong()));
    }
    byte[] values = in.bytes(in.remaining(), "the values").toArray(ValueLayout.JAVA_BYTE);
    reverse(values, dtype.bytes());
    return new RawTensor(dtype, shape, MemorySegment.ofArray(values));
  }

  private static DType dtype(FileBytes file, int code) {
    return switch (code) {
      case 0x08 -> DType.UINT8;
      case 0x09 -> DType.INT8;
      case 0x0b -> DType.INT16;
      case 0x0c -> DType.INT32;
      case 0x0d -> DType.FLOAT32;
      case 0x0e -> DType.FLOAT64;
      default ->
          throw file.fault(2, String.format("the type 0x%02x", code), "0x08, 0x09 or 0x0b to 0x0e");
    };
  }

  /** Turns big-endian values of some width into little-endian ones. */
  private static void reverse(byte[] values, int width) {
    if (width == 1) {
      return;
    }
    MemorySegment bytes = MemorySegment.ofArray(values);
    for (int at = 0; at < values.length; at += width) {
      switch (width) {
        case 2 -> swap(bytes, ValueLayout.JAVA_SHORT_UNALIGNED, at);
        case 4 -> swap(bytes, ValueLayout.JAVA_INT_UNALIGNED, at);
        default -> swap(bytes, ValueLayout.JAVA_LONG_UNALIGNED, at);
      }
    }
  }

  private static void swap(MemorySegment bytes, ValueLayout.OfShort layout, long at) {
    short value = bytes.get(layout.withOrder(ByteOrder.BIG_ENDIAN), at);
    bytes.set(layout.withOrder(ByteOrder.LITTLE_ENDIAN), at, value);
  }

  private static void swap(MemorySegment bytes, ValueLayout.OfInt layout, long at) {
    int value = bytes.get(layout.withOrder(ByteOrder.BIG_ENDIAN), at);
    bytes.set(layout.withOrder(ByteOrder.LITTLE_ENDIAN), at, value);
  }

  private static void swap(MemorySegment bytes, ValueLayout.OfLong layout, long at) {
    long value = bytes.get(layout.withOrder(ByteOrder.BIG_ENDIAN), at);
    bytes.set(layout.withOrder(ByteOrder.LITTLE_ENDIAN), at, value);
  }
}
