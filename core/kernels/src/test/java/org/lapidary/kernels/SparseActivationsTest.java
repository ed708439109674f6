package org.lapidary.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SparseActivationsTest {
  private static final float OFFSET = 0.25f;

  @Property(tries = 150)
  void everyProductEqualsTheDenseOne(
      @ForAll @IntRange(min = 1, max = 20) int tokens,
      @ForAll @IntRange(min = 1, max = 40) int features,
      @ForAll @IntRange(min = 1, max = 140) int width,
      @ForAll @DoubleRange(min = 0, max = 1) double density,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] z = sparse(random, tokens * features, density);
    holds(random, z, tokens, features, width);
  }

  @Test
  void longProductsEqualTheDenseOnesToo() {
    Random random = new Random(3);
    holds(random, sparse(random, 200 * 300, 0.3), 200, 300, 96);
  }

  /** Positive with the given probability, else 0 or negative. */
  private static float[] sparse(Random random, int n, double density) {
    float[] z = Segments.normal(random, n);
    for (int i = 0; i < n; i++) {
      z[i] = random.nextDouble() < density ? Math.abs(z[i]) : Math.min(0, z[i]);
    }
    return z;
  }

  private static void holds(Random random, float[] z, int tokens, int features, int width) {
    float[] x = Segments.normal(random, tokens * width);
    float[] d = Segments.normal(random, features * width);
    float[] fired = new float[z.length];
    float[] products = new float[z.length];
    double sum = 0;
    int count = 0;
    for (int i = 0; i < z.length; i++) {
      fired[i] = Math.max(0, z[i]);
      sum += fired[i];
      count += z[i] > 0 ? 1 : 0;
      if (z[i] > 0) {
        double dot = OFFSET;
        for (int c = 0; c < width; c++) {
          dot += (double) x[i / features * width + c] * d[i % features * width + c];
        }
        products[i] = (float) dot;
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      SparseActivations s = SparseActivations.of(Segments.of(arena, z), tokens, features);
      assertThat(s.tokens()).isEqualTo(tokens);
      assertThat(s.features()).isEqualTo(features);
      assertThat(s.count()).isEqualTo(count);
      assertThat(SparseActivations.count(Segments.of(arena, z))).isEqualTo(count);
      assertThat(s.sum()).isCloseTo(sum, within(1e-9 + 1e-9 * sum));
      MemorySegment xs = Segments.of(arena, x);
      MemorySegment ds = Segments.of(arena, d);
      MemorySegment y = Segments.of(arena, Segments.normal(random, tokens * width));
      s.decode(ds, width, y);
      Oracle.close(
          Segments.floats(y), fired, transposed(d, features, width), width, features, tokens);
      gathers(arena, s, fired, x, xs, width, 0);
      // a product of rows is a rounded sum of width terms
      gathers(arena, s.products(xs, ds, width, OFFSET), products, x, xs, width, 1e-5 * width);
    }
  }

  /**
   * y = s^T x, and the sums of the columns of s, which are those of the dense matrix.
   *
   * @param rounding how far an entry of s may be from that of the dense matrix
   */
  private static void gathers(
      Arena arena,
      SparseActivations s,
      float[] dense,
      float[] x,
      MemorySegment xs,
      int width,
      double rounding) {
    MemorySegment y = arena.allocate(4L * s.features() * width);
    MemorySegment sums = arena.allocate(4L * s.features());
    s.gather(xs, width, y);
    s.featureSums(sums);
    float[] got = Segments.floats(y);
    float[] gotSums = Segments.floats(sums);
    for (int f = 0; f < s.features(); f++) {
      double column = 0;
      double terms = 0;
      double off = 0;
      for (int t = 0; t < s.tokens(); t++) {
        column += dense[t * s.features() + f];
        terms += Math.abs(dense[t * s.features() + f]);
        off += dense[t * s.features() + f] == 0 ? 0 : rounding;
      }
      assertThat((double) gotSums[f]).isCloseTo(column, within(1e-5 * terms + off));
      for (int c = 0; c < width; c++) {
        double exact = 0;
        double size = 0;
        for (int t = 0; t < s.tokens(); t++) {
          double entry = dense[t * s.features() + f];
          exact += entry * x[t * width + c];
          size +=
              (1e-5 * Math.abs(entry) + (entry == 0 ? 0 : rounding)) * Math.abs(x[t * width + c]);
        }
        assertThat((double) got[f * width + c]).isCloseTo(exact, within(size));
      }
    }
  }

  private static float[] transposed(float[] w, int rows, int columns) {
    float[] t = new float[w.length];
    for (int i = 0; i < w.length; i++) {
      t[i % columns * rows + i / columns] = w[i];
    }
    return t;
  }

  @Test
  void aFeatureIsNotedWhereItFiredAtSomeToken() {
    try (Arena arena = Arena.ofConfined()) {
      SparseActivations s =
          SparseActivations.of(Segments.of(arena, 0, 1, -1, 0, 0, Float.NaN, 0, 2), 2, 4);
      boolean[] fired = {true, false, false, false};
      s.note(fired);
      assertThat(fired).containsExactly(true, true, false, true);
    }
  }

  @Test
  void wrongArgumentsAreRefusedInWords() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment six = Segments.of(arena, 1, 2, 3, 4, 5, 6);
      MemorySegment four = Segments.of(arena, 1, 2, 3, 4);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> SparseActivations.of(six, 0, 6))
          .withMessageContaining("tokens 0, features 6");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> SparseActivations.of(six, 2, 2))
          .withMessageContaining("z [tokens 2, features 2] holds 24 bytes");
      SparseActivations s = SparseActivations.of(six, 2, 3);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> s.decode(four, 2, four))
          .withMessageContaining("rows [features 3, width 2] holds 16 bytes");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> s.gather(four, 2, four))
          .withMessageContaining("y [features 3, width 2] holds 16 bytes");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> s.products(six, six, 2, 0))
          .withMessageContaining("x [tokens 2, width 2] holds 24 bytes");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> s.decode(six, 0, four))
          .withMessageContaining("width is 0");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> s.featureSums(four))
          .withMessageContaining("y [features 3] holds 16 bytes");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> s.decode(six, 2, four.asReadOnly()))
          .withMessageContaining("read-only");
    }
  }
}
