package org.lapidary.compress.gradual;

import org.jspecify.annotations.Nullable;
import org.lapidary.compress.BigMlp;
import org.lapidary.data.Samples;
import org.lapidary.data.generate.HardMnist;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;
import org.lapidary.train.Fixtures;
import org.lapidary.train.Schedule;
import org.lapidary.train.Sgd;
import org.lapidary.train.Trainer;

/** {@link BigMlp} of any width on {@link HardMnist}; its quality is the accuracy in percent. */
final class DigitFamily implements LargeSparseVsSmallDense.Family {

  /** How long, and on how much. */
  record Recipe(int images, int epochs) {}

  static final Recipe FULL = new Recipe(12000, 6);
  static final Recipe SMOKE = new Recipe(2000, 3);

  private static final int BATCH = 64;
  private static final double RATE = 0.05;
  private static final Sgd.Settings SGD = new Sgd.Settings(0.9, 5e-4, false);

  private final Recipe recipe;
  private final long seed;
  private final Classification train;
  private final Classification test;

  DigitFamily(Recipe recipe, long seed) {
    this.recipe = recipe;
    this.seed = seed;
    train = read(HardMnist.train(recipe.images()));
    test = read(HardMnist.test());
  }

  private static Classification read(Samples samples) {
    return Classification.of(
        Tensor.of(samples.values(), samples.count(), samples.dimension()), samples.labels());
  }

  long steps() {
    return (long) recipe.epochs() * (train.count() / BATCH);
  }

  @Override
  public long parameters(int size) {
    return Counted.parameters(new BigMlp.Config(size));
  }

  @Override
  public LargeSparseVsSmallDense.Trained train(int size, @Nullable GradualPruning pruning) {
    Model model = Model.random(new BigMlp.Config(size), new Rng(seed));
    if (pruning == null) {
      String key =
          "BigMlp %d on HardMnist, %s, batch %d, %s, cosine from %s, seed %d"
              .formatted(size, recipe, BATCH, SGD, RATE, seed);
      Fixtures.train(model.layer(), key, layer -> run(model, null));
    } else {
      run(model, pruning);
    }
    return new LargeSparseVsSmallDense.Trained(
        100 * test.accuracy(model::forward), Counted.nonZeros(model.layer()));
  }

  private void run(Model model, @Nullable GradualPruning pruning) {
    Sgd sgd = new Sgd(Trainer.parameters(model.layer()), SGD);
    try (var optimizer = pruning == null ? sgd : pruning.during(model.layer(), sgd)) {
      new Trainer(
              model.layer(),
              optimizer,
              train.task(model::forward, BATCH, seed),
              Trainer.Settings.of(steps(), Schedule.cosine(RATE, 0, steps(), 0), seed))
          .run(Progress.silent());
    }
    model.layer().requiresGrad(false);
  }
}
