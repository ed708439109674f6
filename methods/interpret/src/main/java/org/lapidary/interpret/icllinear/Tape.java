package org.lapidary.interpret.icllinear;

import java.util.Arrays;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

/**
 * Where the numbers of a construction stand in the stream of a transformer: places are handed out
 * one after the other, and the width is known when all are.
 */
final class Tape {
  private int width;

  /** Places next to each other. */
  record Places(int first, int count) {
    /** One of them. */
    Places at(int index) {
      if (index < 0 || index >= count) {
        throw new IndexOutOfBoundsException("place " + index + " of " + count);
      }
      return new Places(first + index, 1);
    }

    /** Some of them. */
    Places part(int from, int length) {
      if (from < 0 || from + length > count) {
        throw new IndexOutOfBoundsException(
            "places %d to %d of %d".formatted(from, from + length, count));
      }
      return new Places(first + from, length);
    }

    /** The numbers there, of tokens [..., width]. */
    Tensor read(Tensor tokens) {
      return tokens.slice(-1, first, first + count);
    }

    /** The tokens with these numbers instead. */
    Tensor write(Tensor tokens, Tensor values) {
      long width = tokens.size(-1);
      long[] sizes = tokens.shape().toArray();
      sizes[sizes.length - 1] = count;
      return Tensor.concat(
          -1,
          tokens.slice(-1, 0, first),
          values.expand(sizes),
          tokens.slice(-1, first + count, width));
    }
  }

  Places take(int count) {
    Places places = new Places(width, count);
    width += count;
    return places;
  }

  int width() {
    return width;
  }

  /** A matrix of zeros but for ones at (row, column) pairs, float64. */
  static Tensor ones(int rows, int columns, int[][] at) {
    double[] values = new double[rows * columns];
    Arrays.stream(at).forEach(rc -> values[rc[0] * columns + rc[1]] = 1);
    return Tensor.of(values, rows, columns);
  }

  static Tensor zeros(long... sizes) {
    return Tensor.zeros(DType.FLOAT64, Shape.of(sizes));
  }
}
