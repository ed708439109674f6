package org.lapidary.io;

import static org.lapidary.io.ByteCursor.DOUBLE;
import static org.lapidary.io.ByteCursor.FLOAT;
import static org.lapidary.io.ByteCursor.INT;
import static org.lapidary.io.ByteCursor.LONG;
import static org.lapidary.io.ByteCursor.SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import java.util.OptionalLong;
import org.lapidary.tensor.DType;

/**
 * An array as a file holds it: contiguous, row-major, little-endian bytes, perhaps not aligned to
 * the element.
 *
 * @param shape the dimensions; none for a scalar
 * @param data exactly as many bytes as type and shape say
 */
public record RawTensor(DType dtype, long[] shape, MemorySegment data) {

  /** More dimensions than any tool writes; a header that names more is not believed. */
  public static final int MAX_RANK = 64;

  /**
   * @throws IllegalArgumentException if type and shape do not give the length of the data
   */
  public RawTensor {
    shape = shape.clone();
    OptionalLong expected = byteSize(dtype, shape);
    if (expected.isEmpty() || expected.getAsLong() != data.byteSize()) {
      throw new IllegalArgumentException(
          dtype + Arrays.toString(shape) + " does not fit " + data.byteSize() + " bytes");
    }
  }

  /**
   * Bytes an array takes, by exact arithmetic.
   *
   * @return empty if a dimension is negative, there are more than {@link #MAX_RANK}, or the product
   *     leaves the range of a long
   */
  public static OptionalLong byteSize(DType dtype, long... shape) {
    long elements = 1;
    if (shape.length > MAX_RANK) {
      return OptionalLong.empty();
    }
    for (long dimension : shape) {
      if (dimension < 0 || Math.multiplyHigh(elements, dimension) != 0) {
        return OptionalLong.empty();
      }
      elements *= dimension;
      if (elements < 0) {
        return OptionalLong.empty();
      }
    }
    return elements > Long.MAX_VALUE / dtype.bytes()
        ? OptionalLong.empty()
        : OptionalLong.of(elements * dtype.bytes());
  }

  public static RawTensor of(float[] values, long... shape) {
    ByteBuffer bytes = littleEndian(values.length, 4);
    bytes.asFloatBuffer().put(values);
    return new RawTensor(DType.FLOAT32, shape, MemorySegment.ofBuffer(bytes));
  }

  public static RawTensor of(double[] values, long... shape) {
    ByteBuffer bytes = littleEndian(values.length, 8);
    bytes.asDoubleBuffer().put(values);
    return new RawTensor(DType.FLOAT64, shape, MemorySegment.ofBuffer(bytes));
  }

  public static RawTensor of(int[] values, long... shape) {
    ByteBuffer bytes = littleEndian(values.length, 4);
    bytes.asIntBuffer().put(values);
    return new RawTensor(DType.INT32, shape, MemorySegment.ofBuffer(bytes));
  }

  public static RawTensor of(long[] values, long... shape) {
    ByteBuffer bytes = littleEndian(values.length, 8);
    bytes.asLongBuffer().put(values);
    return new RawTensor(DType.INT64, shape, MemorySegment.ofBuffer(bytes));
  }

  /** Bytes as {@link DType#UINT8}. */
  public static RawTensor of(byte[] values, long... shape) {
    return new RawTensor(DType.UINT8, shape, MemorySegment.ofArray(values.clone()));
  }

  @Override
  public long[] shape() {
    return shape.clone();
  }

  public int rank() {
    return shape.length;
  }

  public long elements() {
    return data.byteSize() / dtype.bytes();
  }

  /**
   * All values as float32, rounded to nearest where the type is wider; booleans as 0 and 1.
   *
   * @throws IllegalStateException if the values are complex or too many for one array
   */
  public float[] toFloats() {
    float[] values = new float[arrayLength()];
    for (int i = 0; i < values.length; i++) {
      values[i] = dtype == DType.FLOAT32 ? data.get(FLOAT, 4L * i) : floatAt(i);
    }
    return values;
  }

  /** All values as float64; as {@link #toFloats} otherwise. */
  public double[] toDoubles() {
    double[] values = new double[arrayLength()];
    for (int i = 0; i < values.length; i++) {
      values[i] = doubleAt(i);
    }
    return values;
  }

  /**
   * All values as integers.
   *
   * @throws IllegalStateException if the type is not an integer or boolean, or they are too many
   */
  public long[] toLongs() {
    long[] values = new long[arrayLength()];
    for (int i = 0; i < values.length; i++) {
      values[i] = longAt(i);
    }
    return values;
  }

  /**
   * All values as 32-bit integers.
   *
   * @throws ArithmeticException if a value does not fit
   * @throws IllegalStateException as {@link #toLongs}
   */
  public int[] toInts() {
    int[] values = new int[arrayLength()];
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.toIntExact(longAt(i));
    }
    return values;
  }

  /** The same bytes under another shape. */
  public RawTensor reshape(long... newShape) {
    return new RawTensor(dtype, newShape, data);
  }

  /** Same type, same shape, same bytes. */
  @Override
  public boolean equals(Object other) {
    return other instanceof RawTensor that
        && dtype == that.dtype
        && Arrays.equals(shape, that.shape)
        && data.mismatch(that.data) == -1;
  }

  @Override
  public int hashCode() {
    return Objects.hash(dtype, Arrays.hashCode(shape));
  }

  @Override
  public String toString() {
    return dtype + Arrays.toString(shape);
  }

  private float floatAt(int i) {
    return switch (dtype) {
      case FLOAT16 -> Float.float16ToFloat(data.get(SHORT, 2L * i));
      case BFLOAT16 -> Float.intBitsToFloat(data.get(SHORT, 2L * i) << 16);
      case FLOAT64 -> (float) data.get(DOUBLE, 8L * i);
      case FLOAT32 -> data.get(FLOAT, 4L * i);
      case INT8, UINT8, INT16, INT32, INT64, BOOL -> longAt(i);
      case COMPLEX64, COMPLEX128 -> throw notReal();
    };
  }

  private double doubleAt(int i) {
    return switch (dtype) {
      case FLOAT64 -> data.get(DOUBLE, 8L * i);
      case FLOAT32, FLOAT16, BFLOAT16 -> floatAt(i);
      case INT8, UINT8, INT16, INT32, INT64, BOOL -> longAt(i);
      case COMPLEX64, COMPLEX128 -> throw notReal();
    };
  }

  private long longAt(int i) {
    return switch (dtype) {
      case INT8 -> data.get(ValueLayout.JAVA_BYTE, i);
      case UINT8 -> data.get(ValueLayout.JAVA_BYTE, i) & 0xff;
      case BOOL -> data.get(ValueLayout.JAVA_BYTE, i) == 0 ? 0 : 1;
      case INT16 -> data.get(SHORT, 2L * i);
      case INT32 -> data.get(INT, 4L * i);
      case INT64 -> data.get(LONG, 8L * i);
      case FLOAT16, BFLOAT16, FLOAT32, FLOAT64, COMPLEX64, COMPLEX128 ->
          throw new IllegalStateException(this + " holds no integers; read it with toFloats()");
    };
  }

  private IllegalStateException notReal() {
    return new IllegalStateException(this + " is complex and has no real values");
  }

  private int arrayLength() {
    if (elements() > Integer.MAX_VALUE - 8) {
      throw new IllegalStateException(this + " has too many values for one Java array");
    }
    return (int) elements();
  }

  private static ByteBuffer littleEndian(int count, int width) {
    return ByteBuffer.allocate(Math.multiplyExact(count, width)).order(ByteOrder.LITTLE_ENDIAN);
  }
}
