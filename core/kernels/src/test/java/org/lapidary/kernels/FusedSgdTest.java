package org.lapidary.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FusedSgdTest {

  @ParameterizedTest
  @CsvSource({
    "0,   0.9, 0.01, true",
    "1,   0.9, 0.01, true",
    "7,   0,   0,    false",
    "16,  0.9, 0,    false",
    "33,  0.9, 0.1,  true",
    "129, 0,   0.1,  false",
    "999, 0.5, 0.01, false"
  })
  void twentyStepsFollowTheFormulaInDouble(
      int n, float momentum, float weightDecay, boolean nesterov) {
    FusedSgd.Settings s = new FusedSgd.Settings(0.05f, momentum, weightDecay, nesterov);
    Random random = new Random(n);
    float[] start = Segments.normal(random, n);
    double[] w = new double[n];
    double[] u = new double[n];
    for (int i = 0; i < n; i++) {
      w[i] = start[i];
    }
    // at step 1 the velocity is the gradient, whatever it held
    float[] garbage = new float[n];
    Arrays.fill(garbage, Float.NaN);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment param = Segments.of(arena, start);
      MemorySegment velocity = Segments.of(arena, garbage);
      for (int step = 1; step <= 20; step++) {
        float[] g = Segments.normal(random, n);
        FusedSgd.step(param, Segments.of(arena, g), velocity, s, step);
        for (int i = 0; i < n; i++) {
          double decayed = g[i] + weightDecay * w[i];
          u[i] = step == 1 ? decayed : momentum * u[i] + decayed;
          w[i] -= s.learningRate() * (nesterov ? decayed + momentum * u[i] : u[i]);
        }
      }
      float[] actual = Segments.floats(param);
      for (int i = 0; i < n; i++) {
        assertThat((double) actual[i])
            .as("element %d", i)
            .isCloseTo(w[i], within(1e-5 + 1e-5 * Math.abs(w[i])));
      }
    }
  }

  @Test
  void twoThreadsGiveTheBitsOfOne() {
    int n = 262_151;
    Random random = new Random(6);
    float[] w = Segments.normal(random, n);
    float[] g = Segments.normal(random, n);
    try (Arena shared = Arena.ofShared();
        Arena confined = Arena.ofConfined()) {
      // a confined segment keeps the work on this thread
      assertThat(stepped(shared, w, g)).isEqualTo(stepped(confined, w, g));
    }
  }

  private static float[] stepped(Arena arena, float[] w, float[] g) {
    FusedSgd.Settings s = new FusedSgd.Settings(0.1f, 0.9f, 0.01f, true);
    MemorySegment param = Segments.of(arena, w);
    MemorySegment velocity = Segments.of(arena, new float[w.length]);
    for (int step = 1; step <= 3; step++) {
      FusedSgd.step(param, Segments.of(arena, g), velocity, s, step);
    }
    return Segments.floats(param);
  }

  @Test
  void wrongSizesAndSettingsAreRefusedInWords() {
    FusedSgd.Settings s = new FusedSgd.Settings(0.1f, 0, 0, false);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment four = Segments.of(arena, 1, 2, 3, 4);
      MemorySegment three = Segments.of(arena, 1, 2, 3);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> FusedSgd.step(four, four, three, s, 1))
          .withMessageContaining("velocity holds 12 bytes");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> FusedSgd.step(four, four, four, s, 0))
          .withMessageContaining("counted from 1");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new FusedSgd.Settings(0.1f, 0, 0, true))
        .withMessageContaining("set a momentum above 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new FusedSgd.Settings(-0.1f, 0, 0, false))
        .withMessageContaining("learningRate is -0.1");
  }
}
