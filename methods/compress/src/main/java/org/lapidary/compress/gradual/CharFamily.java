package org.lapidary.compress.gradual;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lapidary.data.CharCorpus;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.train.AdamW;
import org.lapidary.train.Fixtures;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/** {@link CharLstm} of any width on tinyshakespeare; its quality is bits per character. */
final class CharFamily implements LargeSparseVsSmallDense.Family {

  /**
   * How long: steps of {@code batch} windows of {@code length} characters.
   *
   * @param ramped the share of the steps after which the pruning ends; until then the rate stays
   *     high, so that what is left can still learn
   */
  record Recipe(long steps, int batch, int length, int evaluated, double rate, double ramped) {

    /** Rises over a twentieth of the steps, stays until the ramp has ended, falls linearly to 0. */
    Schedule schedule() {
      return step -> {
        double rising = (step + 1) / (steps / 20.0);
        double falling = (steps - step) / ((1 - ramped) * steps);
        return rate * Math.min(1, Math.min(rising, falling));
      };
    }

    /** From a tenth of the steps on, with 20 updates. */
    GradualPruning pruning(double sparsity) {
      long begin = steps / 10;
      long end = Math.round(ramped * steps);
      return GradualPruning.of(sparsity, begin, end, Math.max(1, (end - begin) / 20));
    }
  }

  static final Recipe FULL = new Recipe(1200, 16, 32, 1024, 5e-3, 0.6);
  static final Recipe SMOKE = new Recipe(60, 8, 16, 32, 5e-3, 0.6);

  private static final int EVALUATED_LENGTH = 32;

  private final Recipe recipe;
  private final long seed;
  private final CharCorpus corpus = CharCorpus.tinyShakespeare();

  CharFamily(Recipe recipe, long seed) {
    this.recipe = recipe;
    this.seed = seed;
  }

  @Override
  public long parameters(int size) {
    return Counted.parameters(config(size));
  }

  private CharLstm.Config config(int size) {
    return new CharLstm.Config(corpus.vocabulary().vocab(), size);
  }

  @Override
  public LargeSparseVsSmallDense.Trained train(int size, @Nullable GradualPruning pruning) {
    Model model = Model.random(config(size), new Rng(seed));
    if (pruning == null) {
      String key =
          "CharLstm %d on tinyshakespeare, %s, %s, linear decay, seed %d"
              .formatted(size, recipe, AdamW.Settings.defaults(), seed);
      Fixtures.train(model.layer(), key, layer -> run(model, null));
    } else {
      run(model, pruning);
    }
    int[][] held = LanguageModeling.cut(corpus.validation(), EVALUATED_LENGTH);
    double nats = LanguageModeling.evaluate(model, Arrays.copyOf(held, recipe.evaluated())).mean();
    return new LargeSparseVsSmallDense.Trained(nats / Math.log(2), Counted.nonZeros(model.layer()));
  }

  private void run(Model model, @Nullable GradualPruning pruning) {
    AdamW adam = new AdamW(Trainer.parameters(model.layer()), AdamW.Settings.defaults());
    try (var optimizer = pruning == null ? adam : pruning.during(model.layer(), adam)) {
      Trainer.Settings settings =
          Trainer.Settings.of(recipe.steps(), recipe.schedule(), seed).withClip(1);
      new Trainer(
              model.layer(),
              optimizer,
              LanguageModeling.task(model, corpus.train(), recipe.batch(), recipe.length()),
              settings)
          .run(Progress.silent());
    }
    model.layer().requiresGrad(false);
  }
}
