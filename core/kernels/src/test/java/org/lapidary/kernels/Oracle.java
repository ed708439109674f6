package org.lapidary.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/** A packed matrix against the dense matrix it should equal, multiplied in double. */
final class Oracle {
  private Oracle() {}

  /** Products, the dense form and the serial form of {@code matrix} must all mean {@code w}. */
  static void holds(PackedMatrix matrix, float[] w, int rows, int columns, Random random) {
    assertThat(matrix.rows()).isEqualTo(rows);
    assertThat(matrix.columns()).isEqualTo(columns);
    long nonZeros = 0;
    for (float value : w) {
      nonZeros += value != 0 ? 1 : 0;
    }
    assertThat(matrix.nonZeros()).isEqualTo(nonZeros);
    equals(matrix, w, rows, columns, random);
    PackedMatrix again = PackedMatrix.of(matrix.meta(), matrix.parts());
    assertThat(again.format()).isEqualTo(matrix.format());
    assertThat(again.bytes()).isEqualTo(matrix.bytes());
    assertThat(again.nonZeros()).isEqualTo(nonZeros);
    equals(again, w, rows, columns, random);
  }

  private static void equals(PackedMatrix matrix, float[] w, int rows, int columns, Random random) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment dense = arena.allocate(4L * rows * columns);
      matrix.dequantize(dense);
      float[] got = Segments.floats(dense);
      for (int i = 0; i < w.length; i++) {
        assertThat(got[i]).as("weight %d of %s", i, matrix).isEqualTo(w[i] + 0f);
      }
      for (int batch : new int[] {1, 0, 2, 5}) {
        float[] x = Segments.normal(random, batch * columns);
        MemorySegment y = arena.allocate(4L * batch * rows);
        matrix.multiply(Segments.of(arena, x), y, batch);
        close(Segments.floats(y), x, w, rows, columns, batch);
      }
    }
  }

  /** Each output within 1e-5 of the sum of its absolute terms. */
  static void close(float[] y, float[] x, float[] w, int rows, int columns, int batch) {
    for (int b = 0; b < batch; b++) {
      for (int r = 0; r < rows; r++) {
        double exact = 0;
        double terms = 0;
        for (int c = 0; c < columns; c++) {
          double term = (double) x[b * columns + c] * w[r * columns + c];
          exact += term;
          terms += Math.abs(term);
        }
        assertThat((double) y[b * rows + r])
            .as("y[%d, %d] of [%d, %d]", b, r, rows, columns)
            .isCloseTo(exact, within(1e-5 * terms));
      }
    }
  }
}
