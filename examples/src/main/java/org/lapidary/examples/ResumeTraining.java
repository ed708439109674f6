package org.lapidary.examples;

import java.nio.file.Path;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Linear;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/** Trains in two sittings: the second continues from the first one's checkpoint, bit for bit. */
public final class ResumeTraining {
  private ResumeTraining() {}

  /** The argument is the checkpoint file. */
  public static void main(String[] args) {
    Path checkpoint = Path.of(args[0]);
    int[] looked = {0};
    sitting(checkpoint, Progress.stoppable(() -> ++looked[0] > 30));
    Trainer.Result rest = sitting(checkpoint, Progress.silent());
    System.out.printf(
        "stopped after 30 steps, resumed, %d steps in all, loss %.4f%n",
        rest.steps(), rest.losses()[rest.losses().length - 1]);
  }

  private static Trainer.Result sitting(Path checkpoint, Progress progress) {
    Linear layer = new Linear(8, 1, true);
    layer.initialise(new Rng(0));
    Tensor x = new Rng(1).normal(1, 64, 8);
    Tensor y = x.sum(true, 1);
    try (AdamW adam = new AdamW(Trainer.parameters(layer), AdamW.Settings.defaults())) {
      return new Trainer(
              layer,
              adam,
              (step, rng) -> layer.forward(x).sub(y).square().mean(),
              Trainer.Settings.of(100, Schedule.constant(0.05), 0).withCheckpoint(checkpoint, 10))
          .run(progress);
    }
  }
}
