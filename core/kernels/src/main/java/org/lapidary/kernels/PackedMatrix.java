package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Map;

/**
 * An immutable weight matrix [out, in] in the form that its kernel multiplies: y = x W^T. Inputs
 * and outputs are float32, little endian; sums are float32, so a product agrees with exact
 * arithmetic to about 1e-6 of sum |x_i W_ji|. All methods may be called from several threads at
 * once.
 */
public sealed interface PackedMatrix permits RowMatrix {

  /** Which weights of a quantised matrix may be kept. */
  enum Pattern {
    /** All of them. */
    DENSE,
    /** Any; code 0 is dropped. */
    UNSTRUCTURED,
    /** At most two in every four neighbours of a row; code 0 is dropped. */
    TWO_FOUR
  }

  /** Outputs. */
  int rows();

  /** Inputs. */
  int columns();

  /** Weights that are not zero. */
  long nonZeros();

  /** Bytes of all parts together: what a product reads from memory. */
  long bytes();

  /** A short name for people, such as {@code float32} or {@code int4-g64-2:4}. */
  String format();

  /**
   * y = x W^T. Large products use two threads; the result does not depend on it.
   *
   * @param x [batch, in] float32
   * @param y [batch, out] float32, written
   * @throws IllegalArgumentException if a size is wrong or y is read-only
   */
  void multiply(MemorySegment x, MemorySegment y, int batch);

  /**
   * Writes the dense matrix that this one equals.
   *
   * @param w [out, in] float32, row-major, written
   */
  void dequantize(MemorySegment w);

  /** The small values of the serial form: kind, sizes, widths. */
  Map<String, String> meta();

  /** The large values of the serial form, read-only views. */
  Map<String, MemorySegment> parts();

  /**
   * The matrix that {@link #meta} and {@link #parts} describe. Everything is checked and copied:
   * whatever the bytes are, the result is a sound matrix or a refusal.
   *
   * @throws IllegalArgumentException naming the value or part that is wrong
   */
  static PackedMatrix of(Map<String, String> meta, Map<String, MemorySegment> parts) {
    Meta m = new Meta(Map.copyOf(meta));
    return switch (m.kind()) {
      case DenseMatrix.FORMAT -> DenseMatrix.of(m, parts);
      case HalfMatrix.FORMAT -> HalfMatrix.of(m, parts);
      case SparseMatrix.FORMAT -> SparseMatrix.of(m, parts);
      case TwoFourMatrix.FORMAT -> TwoFourMatrix.of(m, parts);
      case CodedMatrix.KIND -> CodedMatrix.of(m, parts);
      default ->
          throw new IllegalArgumentException(
              "a packed matrix of kind '%s'; known kinds are %s"
                  .formatted(
                      m.kind(),
                      String.join(
                          ", ",
                          DenseMatrix.FORMAT,
                          HalfMatrix.FORMAT,
                          SparseMatrix.FORMAT,
                          TwoFourMatrix.FORMAT,
                          CodedMatrix.KIND)));
    };
  }

  /** Plain float32. {@code w} is [rows, columns], row-major and finite. */
  static PackedMatrix dense(float[] w, int rows, int columns) {
    return DenseMatrix.of(w, rows, columns);
  }

  /** Storage in float16, to which the weights [rows, columns] are rounded; sums are float32. */
  static PackedMatrix half(float[] w, int rows, int columns) {
    return HalfMatrix.of(w, rows, columns);
  }

  /** Sparse float32 without a pattern: the zeros of {@code w} [rows, columns] are dropped. */
  static PackedMatrix sparse(float[] w, int rows, int columns) {
    return SparseMatrix.of(w, rows, columns);
  }

  /**
   * Sparse float32 with at most n weights in every m neighbours of a row (2:4 for instance).
   *
   * @throws IllegalArgumentException naming the first group of {@code w} with more
   */
  static PackedMatrix structured(float[] w, int rows, int columns, int n, int m) {
    return n == 2 && m == 4
        ? TwoFourMatrix.of(w, rows, columns)
        : SparseMatrix.of(w, rows, columns, n, m);
  }

  /**
   * Symmetric quantised weights: w[r, c] = codes[r, c] * scales[r, c / group].
   *
   * @param codes [rows, columns] in [-2^(bits-1), 2^(bits-1) - 1]
   * @param scales [rows, ceil(columns / group)], finite; the last group of a row may be shorter
   * @param bits 2, 3, 4 or 8
   * @param group inputs that share a scale; multiples of 16 are fast, others right
   * @throws IllegalArgumentException naming the value that is out of range, or the first group that
   *     breaks the pattern
   */
  static PackedMatrix quantized(
      byte[] codes, float[] scales, int bits, int group, int rows, int columns, Pattern pattern) {
    return CodedMatrix.of(codes, scales, bits, group, rows, columns, pattern);
  }
}
