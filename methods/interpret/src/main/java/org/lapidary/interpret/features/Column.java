package org.lapidary.interpret.features;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import org.lapidary.io.FormatException;
import org.lapidary.io.RawTensor;
import org.lapidary.io.TensorSource;
import org.lapidary.tensor.DType;

/**
 * An array of a mapped file, of which single values are read.
 *
 * @param each values in a row
 */
record Column(String file, String name, RawTensor array, int each) {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  int intAt(long i) {
    return array.data().get(INT, i * Integer.BYTES);
  }

  long longAt(long i) {
    return array.data().get(LONG, i * Long.BYTES);
  }

  float floatAt(long i) {
    return array.data().get(FLOAT, i * Float.BYTES);
  }

  double doubleAt(long i) {
    return array.data().get(DOUBLE, i * Double.BYTES);
  }

  /**
   * An index into something of a certain size, or -1.
   *
   * @throws FormatException if it is neither
   */
  int indexAt(long i, int size) {
    int value = intAt(i);
    if (value < -1 || value >= size) {
      throw IndexSummary.fault(
          file, "%d in %s".formatted(value, name), "-1 to " + (size - 1), FormatException.DAMAGED);
    }
    return value;
  }

  /** One of a file's, by name. */
  static Column in(Map<String, Column> columns, String name) {
    Column column = columns.get(name);
    if (column == null) {
      throw new IllegalStateException("the index has no " + name);
    }
    return column;
  }

  /** Takes arrays out of a file when their types and shapes are right. */
  record Reader(TensorSource source, String file, Map<String, Column> to) {
    boolean has(String name) {
      return source.names().contains(name);
    }

    void ints(String name, long... shape) {
      add(name, DType.INT32, shape);
    }

    void longs(String name, long... shape) {
      add(name, DType.INT64, shape);
    }

    void floats(String name, long... shape) {
      add(name, DType.FLOAT32, shape);
    }

    void doubles(String name, long... shape) {
      add(name, DType.FLOAT64, shape);
    }

    void bytes(String name) {
      if (!has(name)) {
        throw fault("no array " + name, "one");
      }
      add(name, DType.UINT8, source.get(name).elements());
    }

    /** Two tables of equally many rows of any length, if they are there. */
    void pair(String index, String value, long rows) {
      if (!has(index)) {
        return;
      }
      RawTensor first = source.get(index);
      long each = first.rank() == 2 ? first.shape()[1] : 0;
      ints(index, rows, each);
      floats(value, rows, each);
    }

    private void add(String name, DType dtype, long... shape) {
      if (!has(name)) {
        throw fault("no array " + name, "one of " + dtype + Arrays.toString(shape));
      }
      RawTensor array = source.get(name);
      if (array.dtype() != dtype || !Arrays.equals(array.shape(), shape)) {
        throw fault(name + " of " + array, dtype + Arrays.toString(shape));
      }
      long last = shape.length == 1 ? 1 : shape[shape.length - 1];
      to.put(name, new Column(file, name, array, Math.toIntExact(last)));
    }

    private FormatException fault(String found, String expected) {
      return IndexSummary.fault(file, found, expected, "make the index again");
    }
  }
}
