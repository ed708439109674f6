package org.lapidary.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class DenseMatrixTest {

  @Property(tries = 100)
  void multipliesLikeTheSumInDouble(
      @ForAll @IntRange(min = 1, max = 20) int rows,
      @ForAll @IntRange(min = 1, max = 150) int columns,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] w = Segments.normal(random, rows * columns);
    PackedMatrix matrix = PackedMatrix.dense(w, rows, columns);
    Oracle.holds(matrix, w, rows, columns, random);
    assertThat(matrix.bytes()).isEqualTo(4L * rows * columns);
  }

  @Test
  void aProductOnTwoThreadsHasTheBitsOfItsPartsOnOne() {
    int rows = 272;
    int columns = 513;
    Random random = new Random(3);
    float[] w = Segments.normal(random, rows * columns);
    float[] x = Segments.normal(random, columns);
    float[] whole = product(PackedMatrix.dense(w, rows, columns), x);
    for (int r = 0; r < rows; r += 16) {
      float[] part = Arrays.copyOfRange(w, r * columns, (r + 16) * columns);
      assertThat(product(PackedMatrix.dense(part, 16, columns), x))
          .isEqualTo(Arrays.copyOfRange(whole, r, r + 16));
    }
  }

  /** The compiler replaces the kernel while this runs. */
  @Test
  void everyRunGivesTheSameBits() {
    Random random = new Random(8);
    PackedMatrix matrix = PackedMatrix.dense(Segments.normal(random, 64 * 67), 64, 67);
    float[] x = Segments.normal(random, 67);
    float[] first = product(matrix, x);
    for (int run = 0; run < 3000; run++) {
      assertThat(product(matrix, x)).isEqualTo(first);
    }
  }

  private static float[] product(PackedMatrix matrix, float[] x) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment y = arena.allocate(4L * matrix.rows());
      matrix.multiply(Segments.of(arena, x), y, 1);
      return Segments.floats(y);
    }
  }

  @Test
  void largeBatchesAndInputsThatShareMemoryWithOutputsAreRight() {
    int batch = 600;
    Random random = new Random(4);
    float[] w = Segments.normal(random, 7 * 9);
    float[] x = Segments.normal(random, batch * 9);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment both = Segments.of(arena, x);
      PackedMatrix.dense(w, 7, 9).multiply(both, both.asSlice(0, 4L * batch * 7), batch);
      Oracle.close(Segments.floats(both.asSlice(0, 4L * batch * 7)), x, w, 7, 9, batch);
    }
  }

  @Test
  void laterChangesOfTheSourceDoNotReachTheMatrix() {
    float[] w = {1, 2, 3, 4};
    PackedMatrix matrix = PackedMatrix.dense(w, 2, 2);
    w[0] = 100;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment y = arena.allocate(8);
      matrix.multiply(Segments.of(arena, 1, 1), y, 1);
      assertThat(Segments.floats(y)).containsExactly(3, 7);
    }
  }

  @Test
  void wrongArgumentsAreRefusedInWords() {
    PackedMatrix matrix = PackedMatrix.dense(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment x = Segments.of(arena, 1, 2, 3);
      MemorySegment y = arena.allocate(8);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> matrix.multiply(y, x, 1))
          .withMessageContaining("x [batch 1, in 3] holds 8 bytes");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> matrix.multiply(x, y, 2))
          .withMessageContaining("x [batch 2, in 3] holds 12 bytes");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> matrix.dequantize(y))
          .withMessageContaining("w [out 2, in 3] holds 8 bytes");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.dense(new float[5], 2, 3))
        .withMessageContaining("5 values for a matrix of [2, 3]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.dense(new float[0], 0, 3))
        .withMessageContaining("at least 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.dense(new float[] {1, Float.NaN}, 1, 2))
        .withMessageContaining("NaN at index 1");
  }

  @Test
  void aSerialFormThatLiesAboutItsSizeIsRefused() {
    PackedMatrix matrix = PackedMatrix.dense(new float[] {1, 2, 3, 4}, 2, 2);
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> PackedMatrix.of(meta("float32", "2000000000", "2000000000"), matrix.parts()))
        .withMessageContaining("4000000000000000000 cells");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.of(meta("float32", "1000000", "1000000"), matrix.parts()))
        .withMessageContaining("holds 16 bytes where 4000000000000 are needed");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.of(meta("float32", "-2", "2"), matrix.parts()))
        .withMessageContaining("rows of a packed matrix is '-2'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.of(meta("float32", "two", "2"), matrix.parts()))
        .withMessageContaining("rows of a packed matrix is 'two'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.of(meta("float31", "2", "2"), matrix.parts()))
        .withMessageContaining("float31");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.of(matrix.meta(), Map.of()))
        .withMessageContaining("needs the part 'values'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.of(Map.of("kind", "float32"), matrix.parts()))
        .withMessageContaining("needs 'rows'");
  }

  private static Map<String, String> meta(String kind, String rows, String columns) {
    return Map.of("kind", kind, "rows", rows, "columns", columns);
  }
}
