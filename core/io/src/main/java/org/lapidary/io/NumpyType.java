package org.lapidary.io;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.DType;

/**
 * A NumPy element type that we read. Unsigned 16 and 32 bit integers, which we have not, are
 * widened to the next signed type.
 *
 * @param stored bytes of an element in the file
 * @param dtype what it becomes
 */
record NumpyType(int stored, DType dtype) {

  /** The type of a descriptor such as {@code <f4}, if it is little-endian and plain. */
  static Optional<NumpyType> of(String descriptor) {
    return switch (descriptor) {
      case "<f2" -> Optional.of(new NumpyType(2, DType.FLOAT16));
      case "<f4" -> Optional.of(new NumpyType(4, DType.FLOAT32));
      case "<f8" -> Optional.of(new NumpyType(8, DType.FLOAT64));
      case "<i2" -> Optional.of(new NumpyType(2, DType.INT16));
      case "<i4" -> Optional.of(new NumpyType(4, DType.INT32));
      case "<i8" -> Optional.of(new NumpyType(8, DType.INT64));
      case "|i1", "<i1" -> Optional.of(new NumpyType(1, DType.INT8));
      case "|u1", "<u1" -> Optional.of(new NumpyType(1, DType.UINT8));
      case "|b1", "<b1" -> Optional.of(new NumpyType(1, DType.BOOL));
      case "<u2" -> Optional.of(new NumpyType(2, DType.INT32));
      case "<u4" -> Optional.of(new NumpyType(4, DType.INT64));
      case "<c8" -> Optional.of(new NumpyType(8, DType.COMPLEX64));
      case "<c16" -> Optional.of(new NumpyType(16, DType.COMPLEX128));
      default -> Optional.empty();
    };
  }

  /** The descriptor of an element type, or null if NumPy has none. */
  static @Nullable String descriptor(DType dtype) {
    return switch (dtype) {
      case FLOAT16 -> "<f2";
      case FLOAT32 -> "<f4";
      case FLOAT64 -> "<f8";
      case INT8 -> "|i1";
      case UINT8 -> "|u1";
      case INT16 -> "<i2";
      case INT32 -> "<i4";
      case INT64 -> "<i8";
      case BOOL -> "|b1";
      case COMPLEX64 -> "<c8";
      case COMPLEX128 -> "<c16";
      case BFLOAT16 -> null;
    };
  }

  /** Bytes the elements take in the file; empty if the shape is impossible. */
  OptionalLong byteSize(long[] shape) {
    OptionalLong widened = RawTensor.byteSize(dtype, shape);
    return widened.isEmpty()
        ? widened
        : OptionalLong.of(widened.getAsLong() / dtype.bytes() * stored);
  }

  /** The array; {@code bytes} has the length {@link #byteSize} gives. */
  RawTensor tensor(long[] shape, boolean fortran, MemorySegment bytes) {
    MemorySegment elements = stored == dtype.bytes() ? bytes : widen(bytes);
    if (!fortran) {
      return new RawTensor(dtype, shape, elements);
    }
    long[] strides = new long[shape.length];
    long step = 1;
    for (int d = 0; d < shape.length; d++) {
      strides[d] = step;
      step *= shape[d];
    }
    return new RawView(dtype, shape, strides, 0, elements).toTensor();
  }

  private MemorySegment widen(MemorySegment bytes) {
    long count = bytes.byteSize() / stored;
    MemorySegment wide = Arena.ofAuto().allocate(count * dtype.bytes(), dtype.bytes());
    for (long i = 0; i < count; i++) {
      if (stored == 2) {
        wide.set(ByteCursor.INT, i * 4, bytes.get(ByteCursor.SHORT, i * 2) & 0xffff);
      } else {
        wide.set(ByteCursor.LONG, i * 8, bytes.get(ByteCursor.INT, i * 4) & 0xffffffffL);
      }
    }
    return wide;
  }
}
