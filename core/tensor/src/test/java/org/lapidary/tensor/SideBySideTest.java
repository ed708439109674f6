package org.lapidary.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SideBySideTest {
  private static final List<Integer> SEEDS = IntStream.range(0, 6).boxed().toList();

  /** A few steps of gradient descent on a linear map. */
  private static float[] descend(int seed) {
    Rng rng = new Rng(seed);
    try (Scope scope = Scope.open()) {
      Tensor x = rng.normal(1, 200, 120);
      Tensor w = rng.normal(1, 80, 120);
      for (int step = 0; step < 10; step++) {
        w = w.detach().requiresGrad(true);
        Tensor loss = x.linear(w, null).tanh().square().mean();
        w = w.detach().sub(Autograd.grad(loss, List.of(w)).getFirst());
      }
      return w.toFloats();
    }
  }

  @Test
  void resultsComeInOrderAndAreThoseOfEachAlone() {
    List<float[]> together = SideBySide.map(SEEDS, SideBySideTest::descend);
    for (int seed : SEEDS) {
      List<float[]> alone = SideBySide.map(List.of(seed), SideBySideTest::descend);
      assertThat(together.get(seed)).isEqualTo(alone.getFirst());
    }
  }

  @Test
  void aCallFromInsideRunsInTheSameThread() {
    List<Boolean> same =
        SideBySide.map(
            SEEDS,
            seed -> {
              Thread outer = Thread.currentThread();
              return SideBySide.map(SEEDS, s -> Thread.currentThread() == outer).stream()
                  .allMatch(b -> b);
            });
    assertThat(same).containsOnly(true);
  }

  @Test
  void whatOneThrowsIsThrownAfterAllHaveEnded() {
    boolean[] ended = new boolean[SEEDS.size()];
    assertThatThrownBy(() ->
            SideBySide.map(
                SEEDS,
                seed -> {
                  if (seed == 1) {
                    throw new ShapeException("of seed 1");
                  }
                  return ended[seed] = true;
                }))
        .isInstanceOf(ShapeException.class)
        .hasMessage("of seed 1");
    assertThat(ended).containsExactly(true, false, true, true, true, true);
  }

  @Test
  void nothingGivesNothing() {
    assertThat(SideBySide.map(List.of(), x -> x)).isEmpty();
  }
}
