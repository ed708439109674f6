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

  /** How long: steps of {@code batch} windows of {@code length} characters. */
  record Recipe(long steps, int batch, int length, int evaluated, double rate) {}

  static final Recipe FULL = new Recipe(1200, 16, 32, 1024, 5e-3);
  static final Recipe SMOKE = new Recipe(60, 8, 16, 32, 5e-3);

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
          "CharLstm %d on tinyshakespeare, %s, %s, cosine, seed %d"
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
          Trainer.Settings.of(
                  recipe.steps(),
                  Schedule.cosine(recipe.rate(), recipe.steps() / 20, recipe.steps(), 0),
                  seed)
              .withClip(1);
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
