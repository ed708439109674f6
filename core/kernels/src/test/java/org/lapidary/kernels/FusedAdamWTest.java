package org.lapidary.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FusedAdamWTest {
  private static final FusedAdamW.Settings SETTINGS =
      new FusedAdamW.Settings(0.01f, 0.9f, 0.999f, 1e-8f, 0.1f);

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 7, 8, 15, 16, 17, 31, 33, 64, 129, 1000})
  void twentyStepsFollowTheFormulaInDouble(int n) {
    Random random = new Random(n);
    double[] w = new double[n];
    double[] m = new double[n];
    double[] v = new double[n];
    float[] start = Segments.normal(random, n);
    for (int i = 0; i < n; i++) {
      w[i] = start[i];
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment param = Segments.of(arena, start);
      MemorySegment mean = Segments.of(arena, new float[n]);
      MemorySegment square = Segments.of(arena, new float[n]);
      for (int step = 1; step <= 20; step++) {
        float[] g = Segments.normal(random, n);
        FusedAdamW.step(param, Segments.of(arena, g), mean, square, SETTINGS, step);
        oracle(w, g, m, v, SETTINGS, step);
      }
      close(Segments.floats(param), w);
      close(Segments.floats(mean), m);
      close(Segments.floats(square), v);
    }
  }

  @Test
  void theFirstStepMovesEveryWeightByTheRateAgainstItsGradient() {
    FusedAdamW.Settings s = new FusedAdamW.Settings(0.25f, 0.9f, 0.999f, 0, 0);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment param = Segments.of(arena, 1, 1, 1);
      FusedAdamW.step(
          param,
          Segments.of(arena, 3, -0.001f, 700),
          Segments.of(arena, 0, 0, 0),
          Segments.of(arena, 0, 0, 0),
          s,
          1);
      float[] moved = Segments.floats(param);
      assertThat(moved[0]).isCloseTo(0.75f, within(1e-5f));
      assertThat(moved[1]).isCloseTo(1.25f, within(1e-5f));
      assertThat(moved[2]).isCloseTo(0.75f, within(1e-5f));
    }
  }

  @Test
  void twoThreadsGiveTheBitsOfOne() {
    int n = 300_007;
    Random random = new Random(5);
    float[] w = Segments.normal(random, n);
    float[] g = Segments.normal(random, n);
    try (Arena shared = Arena.ofShared();
        Arena confined = Arena.ofConfined()) {
      // a confined segment keeps the work on this thread
      assertThat(stepped(shared, w, g)).isEqualTo(stepped(confined, w, g));
    }
  }

  private static float[] stepped(Arena arena, float[] w, float[] g) {
    MemorySegment param = Segments.of(arena, w);
    MemorySegment m = Segments.of(arena, new float[w.length]);
    MemorySegment v = Segments.of(arena, new float[w.length]);
    for (int step = 1; step <= 3; step++) {
      FusedAdamW.step(param, Segments.of(arena, g), m, v, SETTINGS, step);
    }
    return Segments.floats(param);
  }

  @Test
  void wrongSizesAndSettingsAreRefusedInWords() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment four = Segments.of(arena, 1, 2, 3, 4);
      MemorySegment three = Segments.of(arena, 1, 2, 3);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> FusedAdamW.step(four, three, four, four, SETTINGS, 1))
          .withMessageContaining("grad holds 12 bytes where 4 float32");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> FusedAdamW.step(four, four, four, three, SETTINGS, 1))
          .withMessageContaining("v holds");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> FusedAdamW.step(four, four, four, four, SETTINGS, 0))
          .withMessageContaining("counted from 1");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> FusedAdamW.step(four.asReadOnly(), four, four, four, SETTINGS, 1))
          .withMessageContaining("param is read-only");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> FusedAdamW.step(arena.allocate(5), four, four, four, SETTINGS, 1))
          .withMessageContaining("whole number");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new FusedAdamW.Settings(0.1f, 1f, 0.999f, 1e-8f, 0))
        .withMessageContaining("beta1 is 1.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new FusedAdamW.Settings(Float.NaN, 0.9f, 0.999f, 1e-8f, 0))
        .withMessageContaining("learningRate is NaN");
  }

  private static void oracle(
      double[] w, float[] g, double[] m, double[] v, FusedAdamW.Settings s, int step) {
    for (int i = 0; i < w.length; i++) {
      w[i] -= s.learningRate() * s.weightDecay() * w[i];
      m[i] = s.beta1() * m[i] + (1 - (double) s.beta1()) * g[i];
      v[i] = s.beta2() * v[i] + (1 - (double) s.beta2()) * g[i] * g[i];
      double mHat = m[i] / (1 - Math.pow(s.beta1(), step));
      double vHat = v[i] / (1 - Math.pow(s.beta2(), step));
      w[i] -= s.learningRate() * mHat / (Math.sqrt(vHat) + s.epsilon());
    }
  }

  private static void close(float[] actual, double[] expected) {
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) actual[i])
          .as("element %d", i)
          .isCloseTo(expected[i], within(1e-6 + 1e-5 * Math.abs(expected[i])));
    }
  }
}
