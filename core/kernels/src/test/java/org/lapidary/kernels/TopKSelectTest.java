package org.lapidary.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.Arena;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class TopKSelectTest {

  @Property(tries = 300)
  void equalsSortingTheWholeRow(
      @ForAll @IntRange(min = 0, max = 60) int n,
      @ForAll @IntRange(min = 0, max = 60) int more,
      @ForAll @IntRange(min = 1, max = 6) int kinds,
      @ForAll boolean ties,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] row = Segments.normal(random, n);
    for (int i = 0; i < n && ties; i++) {
      row[i] = random.nextInt(kinds) - 2 + (random.nextInt(9) == 0 ? Float.NaN : 0);
    }
    check(row, Math.min(more, n));
  }

  @Property(tries = 200)
  void ordersEveryPatternOfBits(@ForAll float[] row, @ForAll @IntRange(max = 5) int k) {
    check(row, Math.min(k, row.length));
  }

  private static void check(float[] row, int k) {
    int[] expected =
        IntStream.range(0, row.length)
            .boxed()
            .sorted(Comparator.<Integer>comparingDouble(i -> row[i] + 0.0).reversed())
            .limit(k)
            .mapToInt(Integer::intValue)
            .sorted()
            .toArray();
    try (Arena arena = Arena.ofConfined()) {
      assertThat(TopKSelect.select(Segments.of(arena, row), k)).isEqualTo(expected);
    }
  }

  @Test
  void theLowerOfEqualIndicesGoesFirst() {
    try (Arena arena = Arena.ofConfined()) {
      assertThat(TopKSelect.select(Segments.of(arena, 0f, 1, -0f, 1, 1), 2)).containsExactly(1, 3);
      assertThat(TopKSelect.select(Segments.of(arena, -0f, -1, 0f), 1)).containsExactly(0);
    }
  }

  @Test
  void impossibleCountsAreRefused() {
    try (Arena arena = Arena.ofConfined()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> TopKSelect.select(Segments.of(arena, 1, 2), 3))
          .withMessage("k is 3 for a row of 2 values; it is from 0 to 2");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> TopKSelect.select(Segments.of(arena, 1, 2), -1));
    }
  }
}
