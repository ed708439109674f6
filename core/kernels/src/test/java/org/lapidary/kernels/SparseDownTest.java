package org.lapidary.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SparseDownTest {

  @Property(tries = 100)
  void equalsTheDenseProductOfTheActiveUnits(
      @ForAll @IntRange(min = 1, max = 40) int dFF,
      @ForAll @IntRange(min = 1, max = 70) int d,
      @ForAll @DoubleRange(min = 0, max = 1) double density,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] w = Segments.normal(random, dFF * d);
    float[] h = Segments.normal(random, dFF);
    for (int i = 0; i < dFF; i++) {
      h[i] = random.nextDouble() < density ? Math.abs(h[i]) : Math.min(0, h[i]);
    }
    int[] active = IntStream.range(0, dFF).filter(i -> h[i] > 0).toArray();
    float[] relu = new float[dFF];
    for (int i : active) {
      relu[i] = h[i];
    }
    try (Arena arena = Arena.ofConfined()) {
      SparseDown down = new SparseDown(Segments.of(arena, w), dFF, d);
      MemorySegment y = Segments.of(arena, Segments.normal(random, d));
      assertThat(down.multiply(Segments.of(arena, h), y)).isEqualTo(active.length);
      Oracle.close(Segments.floats(y), relu, transposed(w, dFF, d), d, dFF, 1);
      MemorySegment again = arena.allocate(4L * d);
      down.multiply(Segments.of(arena, h), active, again);
      assertThat(again.mismatch(y)).isEqualTo(-1);
    }
  }

  private static float[] transposed(float[] w, int dFF, int d) {
    float[] t = new float[w.length];
    for (int i = 0; i < w.length; i++) {
      t[i % d * dFF + i / d] = w[i];
    }
    return t;
  }

  @Test
  void wrongArgumentsAreRefusedInWords() {
    try (Arena arena = Arena.ofConfined()) {
      SparseDown down = new SparseDown(Segments.of(arena, 1, 2, 3, 4, 5, 6), 3, 2);
      MemorySegment h = Segments.of(arena, 1, 1, 1);
      MemorySegment y = Segments.of(arena, 0, 0);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> down.multiply(y, y))
          .withMessageContaining("h [dFF 3] holds 8 bytes");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> down.multiply(h, h))
          .withMessageContaining("y [d 2] holds 12 bytes");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> down.multiply(h, new int[] {0, 3}, y))
          .withMessageContaining("unit 3 at index 1; the units are 0 to 2");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new SparseDown(h, 3, 2))
          .withMessageContaining("w [dFF 3, d 2] holds 12 bytes");
    }
  }
}
