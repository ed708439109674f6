package org.lapidary.compress.hawqv2;

import org.lapidary.data.Datasets;
import org.lapidary.data.Images;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Model;
import org.lapidary.nn.ResNetConfig;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;
import org.lapidary.train.Fixtures;
import org.lapidary.train.Schedule;
import org.lapidary.train.Sgd;
import org.lapidary.train.Trainer;

/** A ResNet-20 of width 8-16-32 trained on the CIFAR-10 images there are. */
record CifarNet(Model model, Classification train, Classification test) {
  static final int BATCH = 64;
  private static final double RATE = 0.1;

  static CifarNet of(int images, int epochs, long seed, int side, Progress progress) {
    Classification train =
        read(Images.cifar10(Datasets.get("cifar10"), Images.Part.TRAIN).first(images), side);
    Classification test =
        read(Images.cifar10(Datasets.get("cifar10"), Images.Part.TEST).first(images), side);
    Model model = Model.random(new ResNetConfig(3, 8, 3, 10), new Rng(seed));
    long steps = (long) epochs * (train.count() / BATCH);
    String key =
        "%s on %d CIFAR-10 images side %d, batch %d, sgd %s momentum 0.9 decay 5e-4 cosine, %d steps, seed %d"
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
                    train.task(model::forward, BATCH, seed),
                    Trainer.Settings.of(steps, Schedule.cosine(RATE, steps / 10, steps, 0), seed))
                .run(progress);
          }
          layer.requiresGrad(false);
        });
    return new CifarNet(model, train, test);
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
