package org.lapidary.io;

import static org.lapidary.io.FormatException.NOWHERE;
import static org.lapidary.io.FormatException.quote;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.lapidary.io.PickleValue.Bool;
import org.lapidary.io.PickleValue.Bytes;
import org.lapidary.io.PickleValue.Dict;
import org.lapidary.io.PickleValue.Instance;
import org.lapidary.io.PickleValue.Int;
import org.lapidary.io.PickleValue.Text;
import org.lapidary.io.PickleValue.Tuple;

/** Arrays inside a pickle: {@code numpy.ndarray} and {@code scipy.sparse.csr_matrix}. */
public final class PickledArrays {
  private static final Set<String> RECONSTRUCT =
      Set.of("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct");
  private static final Set<String> CSR =
      Set.of("scipy.sparse.csr.csr_matrix", "scipy.sparse._csr.csr_matrix");

  /** The names that arrays need. */
  static final Set<String> NAMES =
      Set.of(
          "numpy.core.multiarray._reconstruct",
          "numpy._core.multiarray._reconstruct",
          "numpy.ndarray",
          "numpy.dtype",
          "scipy.sparse.csr.csr_matrix",
          "scipy.sparse._csr.csr_matrix");

  private PickledArrays() {}

  /**
   * A sparse matrix by rows: row r holds {@code values[i]} at column {@code columns[i]} for i from
   * {@code rowStarts[r]} to {@code rowStarts[r + 1] - 1}.
   */
  public record SparseRows(
      int rows, int columnCount, int[] rowStarts, int[] columns, float[] values) {

    /** Checks that starts rise from 0 to the number of values and columns are in range. */
    public SparseRows {
      boolean sound =
          rows >= 0
              && columnCount >= 0
              && rowStarts.length == rows + 1L
              && columns.length == values.length
              && rowStarts[0] == 0
              && rowStarts[rows] == values.length;
      for (int r = 0; sound && r < rows; r++) {
        sound = rowStarts[r] <= rowStarts[r + 1];
      }
      for (int i = 0; sound && i < columns.length; i++) {
        sound = columns[i] >= 0 && columns[i] < columnCount;
      }
      if (!sound) {
        throw misfit("a csr matrix", "row starts or columns that do not fit", "a sound csr matrix");
      }
    }
  }

  /**
   * The array a {@code numpy.ndarray} instance holds; Fortran order is turned into row-major.
   *
   * @throws FormatException if the value is none, or its parts do not fit together
   */
  public static RawTensor array(PickleValue value) {
    // __setstate__((version, shape, dtype, is_fortran, bytes))
    if (!(value instanceof Instance instance)
        || !RECONSTRUCT.contains(instance.type().dotted())
        || !(instance.state() instanceof Tuple(List<PickleValue> state))
        || state.size() != 5
        || !(state.get(1) instanceof Tuple(List<PickleValue> sizes))
        || sizes.size() > RawTensor.MAX_RANK
        || !(state.get(3) instanceof Bool fortran)
        || !(state.get(4) instanceof Bytes(MemorySegment bytes))) {
      throw misfit(fileOf(value), "no NumPy array of numbers", "one");
    }
    NumpyType type = type(instance.file(), state.get(2));
    long[] shape = new long[sizes.size()];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = sizes.get(i) instanceof Int size ? size.value() : -1;
    }
    OptionalLong expected = type.byteSize(shape);
    if (expected.isEmpty() || expected.getAsLong() != bytes.byteSize()) {
      throw misfit(
          instance.file(),
          "an array of " + bytes.byteSize() + " bytes",
          "what its shape and type need");
    }
    return type.tensor(shape, fortran.value(), bytes);
  }

  /**
   * The matrix a {@code csr_matrix} instance holds, its values as float32.
   *
   * @throws FormatException if the value is none, or its parts do not fit together
   */
  public static SparseRows sparseRows(PickleValue value) {
    if (!(value instanceof Instance instance)
        || !CSR.contains(instance.type().dotted())
        || !(instance.state() instanceof Dict parts)
        || !(parts.get("_shape") instanceof Tuple(List<PickleValue> shape))
        || shape.size() != 2
        || !(shape.get(0) instanceof Int rows)
        || !(shape.get(1) instanceof Int columns)
        || rows.value() != (int) rows.value()
        || columns.value() != (int) columns.value()) {
      throw misfit(fileOf(value), "no SciPy csr matrix", "one");
    }
    return new SparseRows(
        (int) rows.value(),
        (int) columns.value(),
        ints(instance.file(), part(instance, parts, "indptr")),
        ints(instance.file(), part(instance, parts, "indices")),
        part(instance, parts, "data").toFloats());
  }

  private static RawTensor part(Instance matrix, Dict parts, String name) {
    PickleValue part = parts.get(name);
    if (part == null) {
      throw misfit(
          matrix.file(), "a csr matrix without " + quote(name), "indptr, indices and data");
    }
    RawTensor array = array(part);
    if (array.rank() != 1) {
      throw misfit(matrix.file(), quote(name) + " of rank " + array.rank(), "rank 1");
    }
    return array;
  }

  private static int[] ints(String file, RawTensor array) {
    if (array.dtype().isFloat()) {
      throw misfit(file, "indices of " + array.dtype(), "whole numbers");
    }
    try {
      return array.toInts();
    } catch (ArithmeticException e) {
      throw misfit(file, "an index beyond 2^31", "smaller ones");
    }
  }

  /** {@code dtype('f4', 0, 1)} with state {@code (3, '<', ...)}. */
  private static NumpyType type(String file, PickleValue value) {
    if (!(value instanceof Instance instance)
        || !instance.type().dotted().equals("numpy.dtype")
        || instance.arguments().isEmpty()
        || !(instance.state() instanceof Tuple(List<PickleValue> state))
        || state.size() < 2) {
      throw misfit(file, "no NumPy dtype", "one");
    }
    String order = text(file, state.get(1));
    String code = text(file, instance.arguments().getFirst());
    return NumpyType.of(order + code)
        .orElseThrow(() ->
            misfit(file, "the dtype " + quote(order + code), "little-endian numbers or booleans"));
  }

  private static String text(String file, PickleValue value) {
    return switch (value) {
      case Text(String text) -> text;
      case Bytes bytes when bytes.value().byteSize() < 10 -> bytes.latin1();
      default -> throw misfit(file, "a dtype that is no text", "a text");
    };
  }

  private static String fileOf(PickleValue value) {
    return value instanceof Instance instance ? instance.file() : "a pickled value";
  }

  private static FormatException misfit(String file, String found, String expected) {
    return new FormatException(file, NOWHERE, found, expected, FormatException.DAMAGED);
  }
}
