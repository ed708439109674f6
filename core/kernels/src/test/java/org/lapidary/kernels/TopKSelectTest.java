package org.lapidary.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class TopKSelectTest {

  @Property(tries = 300)
  void equalsSortingEveryRow(
      @ForAll @IntRange(min = 1, max = 5) int rows,
      @ForAll @IntRange(min = 0, max = 200) int width,
      @ForAll @IntRange(min = 0, max = 200) int more,
      @ForAll @IntRange(min = 1, max = 6) int kinds,
      @ForAll boolean ties,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] x = Segments.normal(random, rows * width);
    for (int i = 0; i < x.length && ties; i++) {
      x[i] = random.nextInt(kinds) - 2 + (random.nextInt(9) == 0 ? Float.NaN : 0);
    }
    check(x, rows, width, Math.min(more, width));
  }

  @Property(tries = 200)
  void ordersEveryPatternOfBits(@ForAll float[] row, @ForAll @IntRange(max = 5) int k) {
    check(row, 1, row.length, Math.min(k, row.length));
  }

  @Test
  void longRowsInEveryOrder() {
    int width = 5000;
    float[] x = new float[40 * width];
    for (int i = 0; i < width; i++) {
      x[i] = i;
      x[width + i] = -i;
      x[2 * width + i] = i % Lanes.COUNT == 0 ? 1000 - i : -i; // all large ones in one lane
    }
    System.arraycopy(Segments.normal(new Random(0), 37 * width), 0, x, 3 * width, 37 * width);
    check(x, 40, width, 33);
  }

  private static void check(float[] x, int rows, int width, int k) {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment values = arena.allocate(Math.max(1, (long) rows * k * Float.BYTES));
      MemorySegment indices = arena.allocate(Math.max(1, (long) rows * k * Long.BYTES));
      values = values.asSlice(0, (long) rows * k * Float.BYTES);
      indices = indices.asSlice(0, (long) rows * k * Long.BYTES);
      TopKSelect.rows(Segments.of(arena, x), rows, width, k, values, indices);
      long[] found = indices.toArray(ValueLayout.JAVA_LONG_UNALIGNED);
      float[] largest = values.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      for (int r = 0; r < rows; r++) {
        int start = r * width;
        long[] expected =
            IntStream.range(0, width)
                .boxed()
                .sorted(Comparator.<Integer>comparingDouble(i -> x[start + i] + 0.0).reversed())
                .limit(k)
                .mapToLong(Integer::longValue)
                .toArray();
        assertThat(Arrays.copyOfRange(found, r * k, (r + 1) * k)).isEqualTo(expected);
        float[] of = new float[k];
        for (int i = 0; i < k; i++) {
          of[i] = x[start + (int) expected[i]];
        }
        assertThat(Arrays.copyOfRange(largest, r * k, (r + 1) * k)).isEqualTo(of);
      }
    }
  }

  @Test
  void impossibleArgumentsAreRefused() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment row = Segments.of(arena, 1, 2);
      MemorySegment out = arena.allocate(16);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> TopKSelect.rows(row, 1, 2, 3, out, out))
          .withMessage("k is 3 for rows of 2 values; it is from 0 to 2");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> TopKSelect.rows(row, 1, 2, -1, out, out));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> TopKSelect.rows(row, 1, 2, 2, out.asSlice(0, 8), out.asSlice(0, 8)))
          .withMessageContaining("indices");
    }
  }
}
