package org.lapidary.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class HalvesTest {
  private static final int MANY = 1 << 20;

  @Test
  void everyIterationRunsOnceWhateverTheLength() {
    for (int n : new int[] {0, 1, 31, 32, 33, 63, 1000}) {
      AtomicIntegerArray runs = new AtomicIntegerArray(n);
      Halves.run(
          n,
          MANY,
          (from, to) -> IntStream.range((int) from, (int) to).forEach(runs::incrementAndGet));
      assertThat(IntStream.range(0, n).map(runs::get)).allMatch(count -> count == 1);
    }
  }

  @Test
  void manyCallersDoNotWaitForABusyWorker() {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () ->
            IntStream.range(0, 64)
                .parallel()
                .forEach(i ->
                    // nested: the worker itself may need a second half
                    Halves.run(64, MANY, (from, to) -> Halves.run(64, MANY, (a, b) -> spin()))));
  }

  private static void spin() {
    long end = System.nanoTime() + 100_000;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }

  @Test
  void aFailureOfEitherHalfReachesTheCaller() {
    assumeThat(Runtime.getRuntime().availableProcessors()).isGreaterThan(1);
    assertThatThrownBy(() -> Halves.run(64, MANY, (from, to) -> fail(from == 0)))
        .isInstanceOf(ArithmeticException.class);
    assertThatIllegalStateException()
        .isThrownBy(() -> Halves.run(64, MANY, (from, to) -> fail(from != 0)))
        .withCauseInstanceOf(ArithmeticException.class);
  }

  private static void fail(boolean now) {
    if (now) {
      throw new ArithmeticException("of this half");
    }
  }

  @Test
  void anInterruptIsKeptForTheCaller() {
    Thread.currentThread().interrupt();
    Halves.run(64, MANY, (from, to) -> spin());
    assertThat(Thread.interrupted()).isTrue();
  }
}
