package org.lapidary.compress.hawqv2;

import java.util.function.UnaryOperator;
import org.lapidary.data.Datasets;
import org.lapidary.data.Images;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Model;
import org.lapidary.nn.ResNetConfig;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;
import org.lapidary.train.Fixtures;
import org.lapidary.train.Schedule;
import org.lapidary.train.Sgd;
import org.lapidary.train.Shuffle;
import org.lapidary.train.Task;
import org.lapidary.train.Trainer;

/**
 * A ResNet-20 of width 8-16-32 trained on the CIFAR-10 images there are, flipped and shifted: else
 * it learns a few thousand images by heart, and their Hessian says nothing about others.
 */
record CifarNet(Model model, Classification train, Classification test) {
  static final int BATCH = 64;
  private static final double RATE = 0.1;
  private static final int SHIFT = 2;

  static CifarNet of(int images, int epochs, long seed, int side, Progress progress) {
    Classification train =
        read(Images.cifar10(Datasets.get("cifar10"), Images.Part.TRAIN).first(images), side);
    Classification test =
        read(Images.cifar10(Datasets.get("cifar10"), Images.Part.TEST).first(images), side);
    Model model = Model.random(new ResNetConfig(3, 8, 3, 10), new Rng(seed));
    long steps = (long) epochs * (train.count() / BATCH);
    String key =
        "%s on %d CIFAR-10 images side %d flipped and shifted, batch %d, sgd %s momentum 0.9 decay 5e-4 cosine, %d steps, seed %d"
            .formatted(model.config(), train.count(), side, BATCH, RATE, steps, seed);
    Fixtures.train(
        model.layer(),
        key,
        layer -> {
          Sgd.Settings settings = new Sgd.Settings(0.9, 5e-4, false);
          try (Sgd sgd = new Sgd(Trainer.parameters(layer), settings)) {
            new Trainer(
                    layer,
                    sgd,
                    task(train, model::forward, seed),
                    Trainer.Settings.of(steps, Schedule.cosine(RATE, steps / 10, steps, 0), seed))
                .run(progress);
          }
          layer.requiresGrad(false);
        });
    return new CifarNet(model, train, test);
  }

  /**
   * Trains on shuffled batches, of which half is mirrored, and all moved by up to {@link #SHIFT}
   * pixels each way.
   */
  static Task task(Classification data, UnaryOperator<Tensor> network, long seed) {
    Shuffle shuffle = new Shuffle(data.count(), BATCH, seed);
    return (step, rng) -> {
      int[] chosen = shuffle.at(step);
      Tensor index = Tensor.of(chosen, chosen.length);
      Tensor x = data.inputs().indexSelect(0, index);
      Tensor mirrored = x.slice(0, 0, BATCH / 2).flip(3);
      Tensor all = Tensor.concat(0, mirrored, x.slice(0, BATCH / 2, BATCH));
      for (int dim : new int[] {2, 3}) {
        all = moved(all, dim, SHIFT, rng.nextInt(2 * SHIFT + 1));
      }
      return network.apply(all).crossEntropy(data.labels().indexSelect(0, index));
    };
  }

  /**
   * The share of test images classified rightly, each seen in six ways: mirrored or not, and moved
   * down and right by -1, 0 and 1 pixel. A thousand images seen once tell networks apart by a point
   * or two at best.
   */
  double accuracy(UnaryOperator<Tensor> network) {
    double sum = 0;
    int views = 0;
    for (boolean mirrored : new boolean[] {false, true}) {
      Tensor x = mirrored ? test.inputs().flip(3) : test.inputs();
      for (int from = 0; from <= 2; from++) {
        try (Scope scope = Scope.open()) {
          Tensor view = moved(moved(x, 2, 1, from), 3, 1, from);
          sum += new Classification(view, test.labels()).accuracy(network);
          views++;
        }
      }
    }
    return sum / views;
  }

  /** Padded with zeros on both sides of a dimension, and cut to its size again. */
  private static Tensor moved(Tensor x, int dim, long padding, long from) {
    return x.pad(dim, padding, padding, 0).slice(dim, from, from + x.size(dim));
  }

  /** Pixels with about mean 0 and deviation 1. */
  private static Classification read(Images images, int side) {
    Tensor x =
        Tensor.of(images.toFloats(), images.count(), 3, images.height(), images.width())
            .sub(0.47)
            .div(0.25);
    if (side < 32) x = x.avgPool2d(32 / side, 32 / side, 0);
    return Classification.of(x, images.labels());
  }
}
