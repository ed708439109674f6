package org.lapidary.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SparseMatrixTest {

  @Property(tries = 150)
  void multipliesLikeTheSumInDouble(
      @ForAll @IntRange(min = 1, max = 20) int rows,
      @ForAll @IntRange(min = 1, max = 150) int columns,
      @ForAll @DoubleRange(min = 0, max = 1) double density,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] w = Segments.normal(random, rows * columns);
    int kept = 0;
    for (int i = 0; i < w.length; i++) {
      if (random.nextDouble() < density && w[i] != 0) {
        kept++;
      } else {
        w[i] = random.nextBoolean() ? 0f : -0f;
      }
    }
    PackedMatrix matrix = PackedMatrix.sparse(w, rows, columns);
    Oracle.holds(matrix, w, rows, columns, random);
    assertThat(matrix.bytes()).isEqualTo(4L * kept + 2L * rows * ((columns + 15) / 16));
  }

  @Property(tries = 100)
  void structuredMultipliesLikeTheSumInDouble(
      @ForAll @IntRange(min = 1, max = 12) int rows,
      @ForAll @IntRange(min = 1, max = 100) int columns,
      @ForAll @IntRange(min = 1, max = 5) int n,
      @ForAll @IntRange(min = 1, max = 30) int more,
      @ForAll long seed) {
    Random random = new Random(seed);
    int m = n + more;
    float[] w = Segments.normal(random, rows * columns);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        if (c % m >= n) {
          w[r * columns + c] = 0;
        }
      }
    }
    PackedMatrix matrix = PackedMatrix.structured(w, rows, columns, n, m);
    assertThat(matrix.format()).isEqualTo("float32-" + n + ":" + m);
    Oracle.holds(matrix, w, rows, columns, random);
  }

  @Test
  void aBrokenPatternIsRefusedWithItsPlace() {
    float[] w = {0, 1, 0, 2, 3, 0, 4, 5};
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.structured(w, 1, 8, 2, 4))
        .withMessage("row 0 keeps 3 weights in columns [4, 8); the pattern 2:4 allows 2");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.structured(w, 1, 8, 4, 4))
        .withMessageContaining("1 <= N < M");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.structured(w, 1, 8, 0, 0))
        .withMessageContaining("1 <= N < M");
  }

  @Test
  void aSerialFormThatDoesNotAddUpIsRefused() {
    PackedMatrix matrix = PackedMatrix.sparse(new float[] {1, 0, 2, 0, 0, 3}, 2, 3);
    refused(matrix, "masks", new byte[] {7, 0, 4, 0}, "keep 4 weights");
    refused(matrix, "masks", new byte[] {1, 0, 4, 0}, "keep 2 weights");
    refused(matrix, "masks", new byte[] {5, 0, 8, 0}, "row 1 of the masks keeps a weight past");
    refused(matrix, "masks", new byte[] {5, 0, 4}, "holds 3 bytes where 4 are needed");
    refused(matrix, "values", new byte[12], "kept weight 0 of a sparse matrix is 0");
    refused(matrix, "values", new byte[11], "not a whole number");
    Map<String, String> meta = new HashMap<>(matrix.meta());
    meta.put("n", "1");
    meta.put("m", "4");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.of(meta, matrix.parts()))
        .withMessageContaining("row 0 keeps 2 weights in columns [0, 3)");
    meta.put("m", "1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.of(meta, matrix.parts()))
        .withMessageContaining("a pattern of 1:1");
  }

  @Test
  void theSerialFormIsTheDocumentedLayout() {
    PackedMatrix matrix = PackedMatrix.sparse(new float[] {1, 0, 2, 0, 0, 3}, 2, 3);
    assertThat(matrix.parts().get("masks").toArray(ValueLayout.JAVA_BYTE))
        .containsExactly(5, 0, 4, 0);
    assertThat(Segments.floats(matrix.parts().get("values"))).containsExactly(1, 2, 3);
  }

  private static void refused(PackedMatrix matrix, String part, byte[] bytes, String message) {
    Map<String, MemorySegment> parts = new HashMap<>(matrix.parts());
    parts.put(part, MemorySegment.ofArray(bytes));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.of(matrix.meta(), parts))
        .withMessageContaining(message);
  }
}
