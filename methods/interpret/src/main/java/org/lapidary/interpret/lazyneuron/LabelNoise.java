package org.lapidary.interpret.lazyneuron;

import java.nio.file.Path;
import java.util.List;
import org.lapidary.data.Datasets;
import org.lapidary.data.Images;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.MetaFormerConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Classification;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/**
 * A patch transformer (7 x 7 patches, dModel 64, 2 layers, 256 hidden units) on MNIST, some of
 * whose training labels are wrong. AdamW (2e-3, decay 0.3, batches of 32): with Adam at 1e-3 and
 * batches of 128, ten epochs of 8000 images leave a ReLU network undertrained, several points
 * behind top-k, which learns faster, so that nothing could be said of what top-k keeps or loses.
 *
 * @param train training images
 * @param test test images, with their right labels
 */
record LabelNoise(Images train, Images test) {
  private static final int BATCH = 32;
  private static final double RATE = 2e-3;
  private static final double DECAY = 0.3;
  private static final int WARMUP = 200;
  private static final int BINS = 15;
  private static final int TOGETHER = 500;
  private static final double CORRUPTION = 0.5;

  static LabelNoise mnist(int train, int test) {
    Path folder = Datasets.get("mnist");
    return new LabelNoise(
        Images.mnist(folder, Images.Part.TRAIN).first(train),
        Images.mnist(folder, Images.Part.TEST).first(test));
  }

  /**
   * What a trained model does on the test images.
   *
   * @param clean accuracy
   * @param noisy accuracy on images with Gaussian noise of deviation 0.5 added to pixels in [0, 1]
   * @param calibration expected calibration error on clean images
   */
  record Measured(double clean, double noisy, double calibration) {}

  /**
   * Trains and measures a model.
   *
   * @param k hidden units kept per token; 0 for a plain ReLU MLP
   * @param flipped share of the training labels that are replaced by another class
   */
  Measured measure(int k, double flipped, int epochs, long seed) {
    Model model = Model.random(config(k), new Rng(seed));
    int[] labels = flip(train.labels(), flipped, new Rng(seed).fork(0xF11));
    try (Scope scope = Scope.open()) {
      Classification examples = Classification.of(pixels(train), labels);
      long steps = (long) epochs * (train.count() / BATCH);
      try (AdamW adam =
          new AdamW(
              Trainer.parameters(model.layer()), new AdamW.Settings(0.9, 0.999, 1e-8, DECAY))) {
        new Trainer(
                model.layer(),
                adam,
                examples.task(model::forward, BATCH, seed),
                Trainer.Settings.of(steps, Schedule.cosine(RATE, WARMUP, steps, 0), seed))
            .run(Progress.silent());
      }
      model.layer().requiresGrad(false);
      Tensor images = pixels(test);
      Tensor noise = new Rng(seed).fork(0x2015E).normal(CORRUPTION, images.shape().toArray());
      Tensor target = Tensor.of(test.labels(), test.count());
      Tensor clean = probabilities(model, images);
      Tensor noisy = probabilities(model, images.add(noise));
      return new Measured(
          accuracy(clean, target),
          accuracy(noisy, target),
          Calibration.of(clean, target, BINS).error());
    }
  }

  private static MetaFormerConfig config(int k) {
    return new MetaFormerConfig(
        "vit",
        new MetaFormerConfig.Image(1, 28, 28),
        List.of(MetaFormerConfig.Stage.tiled(64, 2, 256, 7)),
        4,
        "layernorm",
        1e-5,
        "pre",
        "bidirectional-attention",
        k == 0 ? "mlp" : "top-k-mlp:" + k,
        "relu",
        "learned",
        "mean",
        0,
        DecoderConfig.Biases.ALL,
        10);
  }

  private static Tensor pixels(Images images) {
    return Tensor.of(images.toFloats(), images.count(), 1, images.height(), images.width());
  }

  /** The same labels, but for a share of them, rounded, that are drawn among the other classes. */
  static int[] flip(int[] labels, double share, Rng rng) {
    int[] flipped = labels.clone();
    int[] order = rng.permutation(labels.length);
    int count = (int) Math.round(share * labels.length);
    for (int i = 0; i < count; i++) {
      int at = order[i];
      flipped[at] = (flipped[at] + 1 + rng.nextInt(9)) % 10;
    }
    return flipped;
  }

  private static Tensor probabilities(Model model, Tensor images) {
    List<Tensor> parts = new java.util.ArrayList<>();
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      for (long from = 0; from < images.size(0); from += TOGETHER) {
        try (Scope part = Scope.open()) {
          Tensor some = images.slice(0, from, Math.min(images.size(0), from + TOGETHER));
          parts.add(part.keep(model.forward(some).softmax(-1)));
        }
      }
      return scope.keep(Tensor.concat(0, parts));
    }
  }

  private static double accuracy(Tensor probabilities, Tensor target) {
    return probabilities.argmax(1).eq(target).to(probabilities.dtype()).mean().item();
  }
}
