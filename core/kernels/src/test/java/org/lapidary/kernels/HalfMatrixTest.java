package org.lapidary.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class HalfMatrixTest {

  @Property(tries = 100)
  void multipliesLikeTheSumInDoubleOfTheRoundedWeights(
      @ForAll @IntRange(min = 1, max = 20) int rows,
      @ForAll @IntRange(min = 1, max = 150) int columns,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] w = Segments.normal(random, rows * columns);
    PackedMatrix matrix = PackedMatrix.half(w, rows, columns);
    for (int i = 0; i < w.length; i++) {
      w[i] = Float.float16ToFloat(Float.floatToFloat16(w[i]));
    }
    Oracle.holds(matrix, w, rows, columns, random);
    assertThat(matrix.bytes()).isEqualTo(2L * rows * columns);
  }

  @Test
  void everyFiniteHalfIsWidenedExactly() {
    float[] w = new float[63488];
    int n = 0;
    for (int bits = 0; bits < 65536; bits++) {
      float value = Float.float16ToFloat((short) bits);
      if (Float.isFinite(value)) {
        w[n++] = value;
      }
    }
    assertThat(n).isEqualTo(w.length);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment dense = arena.allocate(4L * n);
      PackedMatrix.half(w, 64, n / 64).dequantize(dense);
      assertThat(Segments.floats(dense)).isEqualTo(w);
    }
  }

  @Test
  void valuesBeyondTheRangeOfHalvesAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.half(new float[] {1, 70000}, 1, 2))
        .withMessageContaining("70000.0 at index 1");
    PackedMatrix matrix = PackedMatrix.half(new float[] {1, 2}, 1, 2);
    MemorySegment infinite = MemorySegment.ofArray(new byte[] {0, 0, 0, 0x7C});
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.of(matrix.meta(), Map.of("values", infinite)))
        .withMessageContaining("not finite at index 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.of(matrix.meta(), Map.of("values", infinite.asSlice(0, 3))))
        .withMessageContaining("holds 3 bytes where 4 are needed");
  }
}
