package org.lapidary.compress.layerwise;

import java.util.Arrays;
import org.lapidary.data.CharCorpus;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.train.AdamW;
import org.lapidary.train.Fixtures;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/**
 * A small GPT (width 64) trained on the characters of tinyshakespeare, with the text it is
 * calibrated and measured on.
 *
 * @param calibration sequences of the training part
 * @param evaluation sequences of the validation part
 */
record CharGpt(Model model, int[][] calibration, int[][] evaluation) {
  private static final int BATCH = 16;
  private static final int CONTEXT = 64;
  private static final double RATE = 3e-3;

  static CharGpt of(int layers, int steps, int sequences, long seed, Progress progress) {
    CharCorpus corpus = CharCorpus.tinyShakespeare();
    DecoderConfig config =
        DecoderConfig.gpt(corpus.vocabulary().vocab(), 64, layers, 4, CONTEXT, "gelu");
    Model model = Model.random(config, new Rng(seed));
    String key =
        "%s on tinyshakespeare, %d steps of %dx%d, adamw %s cosine, seed %d"
            .formatted(config, steps, BATCH, CONTEXT, RATE, seed);
    Fixtures.train(
        model.layer(),
        key,
        layer -> {
          try (AdamW adam = new AdamW(Trainer.parameters(layer), AdamW.Settings.defaults())) {
            Trainer.Settings settings =
                Trainer.Settings.of(
                        steps, Schedule.cosine(RATE, steps / 10, steps, RATE / 10), seed)
                    .withClip(1);
            new Trainer(
                    layer,
                    adam,
                    LanguageModeling.task(model, corpus.train(), BATCH, CONTEXT),
                    settings)
                .run(progress);
          }
          layer.requiresGrad(false);
        });
    int[][] train = LanguageModeling.cut(corpus.train(), CONTEXT);
    int[][] held = LanguageModeling.cut(corpus.validation(), CONTEXT);
    return new CharGpt(
        model.withTokenizer(corpus.vocabulary()),
        Arrays.copyOf(train, sequences / 2),
        Arrays.copyOf(held, sequences));
  }

  double loss(Model other) {
    return LanguageModeling.evaluate(other, evaluation).mean();
  }
}
