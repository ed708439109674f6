package org.lapidary.benchmarks;

import java.util.Arrays;
import java.util.Locale;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.ResidentMemory;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Task;
import org.lapidary.train.Trainer;

/**
 * Trains the benchmark's networks and prints the milliseconds of a step: least, quartiles and most.
 * Arguments: {@code mlp} or {@code decoder}, steps to warm up, steps to measure. With {@code
 * memory} and a number of steps it prints the resident memory on the way.
 */
public final class TrainingStep {
  private static final int VOCAB = 512;
  private static final int WIDTH = 256;
  private static final int HEADS = 4;
  private static final int LAYERS = 4;
  private static final int LENGTH = 128;
  private static final int TEXTS = 8;

  private TrainingStep() {}

  private record Work(Layer layer, Task task) {}

  public static void main(String[] args) {
    if (args[0].equals("memory")) {
      memory(network(), Integer.parseInt(args[1]));
      return;
    }
    Work work = args[0].equals("mlp") ? network() : decoder();
    System.out.println(measure(work, Integer.parseInt(args[1]), Integer.parseInt(args[2])));
  }

  private static String measure(Work work, int warm, int steps) {
    double[] millis = new double[steps];
    double[] last = new double[1];
    try (AdamW adam = new AdamW(Trainer.parameters(work.layer), AdamW.Settings.defaults())) {
      long[] start = {System.nanoTime()};
      new Trainer(
              work.layer,
              adam,
              work.task,
              Trainer.Settings.of((long) warm + steps, Schedule.constant(1e-3), 0))
          .after((step, loss) -> {
            long now = System.nanoTime();
            int i = (int) step - warm;
            if (i >= 0) {
              millis[i] = (now - start[0]) / 1e6;
            }
            last[0] = loss;
            start[0] = System.nanoTime();
          })
          .run(Progress.silent());
    }
    Arrays.sort(millis);
    return String.format(
        Locale.ROOT,
        "%.4f %.4f %.4f %.4f %.4f loss %.3f",
        millis[0],
        millis[steps / 4],
        millis[steps / 2],
        millis[3 * steps / 4],
        millis[steps - 1],
        last[0]);
  }

  private static void memory(Work work, int steps) {
    try (AdamW adam = new AdamW(Trainer.parameters(work.layer), AdamW.Settings.defaults())) {
      new Trainer(
              work.layer, adam, work.task, Trainer.Settings.of(steps, Schedule.constant(1e-3), 0))
          .after((step, loss) -> {
            if (step % Math.max(1, steps / 10) == 0) {
              System.gc();
              System.out.printf("%d %.1f MB%n", step, ResidentMemory.now() / 1e6);
            }
          })
          .run(Progress.silent());
    }
  }

  /** 784-512-512-10 with ReLU. */
  private static final class Network extends Layer {
    private final Linear first = child("first", new Linear(784, 512, true));
    private final Linear second = child("second", new Linear(512, 512, true));
    private final Linear third = child("third", new Linear(512, 10, true));

    Tensor forward(Tensor x) {
      return third.forward(second.forward(first.forward(x).relu()).relu());
    }

    @Override
    public Layer blank() {
      return new Network();
    }
  }

  private static Work network() {
    Network network = new Network();
    network.initialise(new Rng(0));
    Tensor x = new Rng(1).normal(1, 128, 784);
    Tensor labels = new Rng(2).uniform(0, 10, 128).to(DType.INT64);
    return new Work(network, (step, rng) -> network.forward(x).crossEntropy(labels));
  }

  private static Work decoder() {
    DecoderConfig config = DecoderConfig.gpt(VOCAB, WIDTH, LAYERS, HEADS, LENGTH, "gelu");
    Layer layer = config.build();
    layer.initialise(new Rng(0));
    Model model = new Model(config, layer, null);
    Tensor tokens = new Rng(1).uniform(0, VOCAB, TEXTS, LENGTH + 1).to(DType.INT64);
    return new Work(layer, (step, rng) -> LanguageModeling.loss(model, tokens));
  }
}
