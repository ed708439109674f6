package org.lapidary.compress.essential;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.data.Samples;
import org.lapidary.data.generate.HardMnist;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Linear;
import org.lapidary.nn.MetaFormerConfig;
import org.lapidary.nn.MetaFormerConfig.Image;
import org.lapidary.nn.Model;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Classification;
import org.lapidary.train.Schedule;
import org.lapidary.train.Task;
import org.lapidary.train.Trainer;

/**
 * Vision transformers of 3 blocks on HardMNIST, pre-trained on 8000 images: by filling in masked
 * patches, or by their labels. The task they are tuned for is the digit, on 4000 other images.
 *
 * @param pretraining what to pre-train on
 * @param tuning what to learn the task from
 * @param heldOut what to measure it on
 */
record HardDigits(Classification pretraining, Classification tuning, Classification heldOut) {
  private static final int SIDE = 28;
  private static final int PATCH = 7;
  private static final int PATCHES = (SIDE / PATCH) * (SIDE / PATCH);
  private static final int WIDTH = 64;
  private static final int HIDDEN = 8;
  private static final int BATCH = 64;
  private static final double RATE = 3e-3;

  static HardDigits of(int pretraining, int tuning) {
    Classification all = classification(HardMnist.train(pretraining + tuning));
    return new HardDigits(
        all.first(pretraining),
        new Classification(
            all.inputs().slice(0, pretraining, pretraining + tuning).copy(),
            all.labels().slice(0, pretraining, pretraining + tuning).copy()),
        classification(HardMnist.test()));
  }

  private static Classification classification(Samples samples) {
    int n = samples.labels().length;
    return Classification.of(Tensor.of(samples.values(), n, 1, SIDE, SIDE), samples.labels());
  }

  static Model fresh(long seed) {
    MetaFormerConfig config =
        MetaFormerConfig.vit(new Image(1, SIDE, SIDE), PATCH, WIDTH, 3, 4, 10).withPooling("mean");
    Model model = Model.random(config, new Rng(seed));
    // as large as the patches, so that places are seen from the start
    Parameter positions = model.layer().parameterAt("pos_embed");
    positions.set(new Rng(seed).fork(3).normal(1, positions.tensor().shape().toArray()));
    return model;
  }

  /** Learns the digits of the images, in place. */
  void supervised(Model model, int steps, long seed, Progress progress) {
    train(
        model,
        List.of(),
        pretraining.task(model::forward, BATCH, seed),
        steps,
        RATE,
        seed,
        progress);
  }

  /** Fills in 8 of 16 patches, in place: the mean squared error of their pixels. */
  void selfSupervised(Model model, int steps, long seed, Progress progress) {
    Linear pixels = new Linear(WIDTH, PATCH * PATCH, true, 0.02);
    pixels.initialise(new Rng(seed).fork(9));
    Task filling =
        (step, rng) -> {
          int[] chosen = new int[BATCH];
          Arrays.setAll(chosen, i -> rng.nextInt(pretraining.count()));
          Tensor images = pretraining.inputs().indexSelect(0, Tensor.of(chosen, BATCH));
          Tensor hidden = hidden(rng);
          Tensor seen = images.mul(spread(hidden).mul(-1).add(1));
          Tensor filled = pixels.forward(model.metaFormer().features(seen));
          Tensor error = filled.sub(patches(images)).square().mean(false, 2);
          return error.mul(hidden).sum().div((double) BATCH * HIDDEN);
        };
    train(model, Trainer.parameters(pixels), filling, steps, RATE, seed, progress);
  }

  /** 1 at hidden patches, [image, patch]. */
  private static Tensor hidden(Rng rng) {
    float[] values = new float[BATCH * PATCHES];
    for (int b = 0; b < BATCH; b++) {
      int[] order = rng.permutation(PATCHES);
      for (int i = 0; i < HIDDEN; i++) {
        values[b * PATCHES + order[i]] = 1;
      }
    }
    return Tensor.of(values, BATCH, PATCHES);
  }

  /** [image, patch] to [image, 1, row, column]. */
  private static Tensor spread(Tensor patches) {
    int n = SIDE / PATCH;
    return patches
        .reshape(BATCH, n, 1, n, 1)
        .expand(BATCH, n, PATCH, n, PATCH)
        .reshape(BATCH, 1, SIDE, SIDE);
  }

  /** [image, 1, row, column] to the pixels of patches [image, patch, pixel]. */
  private static Tensor patches(Tensor images) {
    int n = SIDE / PATCH;
    return images
        .reshape(BATCH, n, PATCH, n, PATCH)
        .permute(0, 1, 3, 2, 4)
        .reshape(BATCH, PATCHES, PATCH * PATCH);
  }

  /** Learns the digits with a new head under masks; quality is the accuracy held out. */
  Downstream task(int steps, long seed) {
    return (pretrained, masks) -> {
      Model model = pretrained.copy();
      Linear head = (Linear) model.layer().layer("head");
      head.initialise(new Rng(seed).fork(5));
      try (FixedMasks fixed = new FixedMasks(model, masks)) {
        train(
            model,
            List.of(),
            tuning.task(model::forward, BATCH, seed),
            steps,
            RATE / 3,
            seed,
            Progress.silent());
      }
      return new Downstream.Tuned(model, heldOut.accuracy(model::forward));
    };
  }

  private static void train(
      Model model,
      List<Tensor> more,
      Task task,
      int steps,
      double rate,
      long seed,
      Progress progress) {
    List<Tensor> parameters = new ArrayList<>(Trainer.parameters(model.layer()));
    // the head is not in the graph while patches are filled in
    if (!more.isEmpty()) {
      Linear head = (Linear) model.layer().layer("head");
      head.parameters().values().forEach(p -> parameters.removeIf(t -> t == p.tensor()));
    }
    parameters.addAll(more);
    try (AdamW adam = new AdamW(parameters, AdamW.Settings.defaults())) {
      new Trainer(
              model.layer(),
              adam,
              task,
              Trainer.Settings.of(steps, Schedule.cosine(rate, steps / 10, steps, rate / 10), seed))
          .run(progress);
    }
    model.layer().requiresGrad(false);
  }
}
