package org.lapidary.assay;

import java.util.Arrays;
import org.lapidary.data.generate.SmallLanguage;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.train.AdamW;
import org.lapidary.train.Fixtures;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/** The small decoder that is trained on the generated language where no model is given. */
public final class BuiltIn {
  private BuiltIn() {}

  private static final int CONTEXT = 96;
  private static final int BATCH = 24;
  private static final int CORPUS = 400_000;

  /** Steps that bring the loss near its floor. */
  public static final int STEPS = 700;

  /** The model's shape: 3 blocks of width 96 with ReLU MLPs, learned positions. */
  public static DecoderConfig config() {
    return DecoderConfig.gpt(SmallLanguage.vocabulary().vocab(), 96, 3, 4, CONTEXT, "relu");
  }

  /** Trains it, or takes it from the cache if the same was trained before. */
  public static Model model(long seed, Progress progress) {
    DecoderConfig config = config();
    Layer layer = config.build();
    Model model = new Model(config, layer, SmallLanguage.vocabulary());
    String key =
        "built-in %s seed %d steps %d batch %d corpus %d %s"
            .formatted(
                config,
                seed,
                STEPS,
                BATCH,
                CORPUS,
                Fixtures.hash(Arrays.toString(SmallLanguage.stream(1000, seed))));
    Fixtures.train(
        layer,
        key,
        l -> {
          l.initialise(new Rng(seed));
          int[] corpus = SmallLanguage.stream(CORPUS, seed);
          try (AdamW adam =
              new AdamW(Trainer.parameters(l), new AdamW.Settings(0.9, 0.99, 1e-8, 0.01))) {
            new Trainer(
                    l,
                    adam,
                    LanguageModeling.task(model, corpus, BATCH, CONTEXT - 1),
                    Trainer.Settings.of(STEPS, Schedule.cosine(2e-3, 40, STEPS, 1e-4), seed)
                        .withClip(1))
                .run(progress);
          }
        });
    layer.requiresGrad(false);
    return model;
  }
}
