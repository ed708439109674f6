package org.lapidary.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Linear;
import org.lapidary.tensor.ResidentMemory;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

class MemoryTest {

  @Test
  void residentMemoryStaysFlatOverALongTraining() {
    assumeThat(ResidentMemory.known()).as("Linux").isTrue();
    Linear layer = new Linear(64, 64, true);
    layer.initialise(new Rng(0));
    Tensor x = new Rng(1).normal(1, 32, 64);
    try (AdamW adam = new AdamW(Trainer.parameters(layer), AdamW.Settings.defaults())) {
      Task task = (step, rng) -> layer.forward(x).gelu().square().mean();
      long[] resident = new long[2];
      new Trainer(layer, adam, task, Trainer.Settings.of(20_000, Schedule.constant(1e-3), 0))
          .after((step, loss) -> {
            if (step == 5_000 || step == 19_999) {
              resident[step == 5_000 ? 0 : 1] = resident();
            }
          })
          .run(Progress.silent());
      assertThat(resident[1] - resident[0]).isLessThan(50_000_000);
    }
  }

  /** Bytes now, after a collection, so that the Java heap's own growth does not count. */
  private static long resident() {
    System.gc();
    return ResidentMemory.now();
  }
}
