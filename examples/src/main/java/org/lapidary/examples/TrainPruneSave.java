package org.lapidary.examples;

import java.nio.file.Path;
import org.lapidary.compress.dsnot.Dsnot;
import org.lapidary.data.generate.SmallLanguage;
import org.lapidary.evidence.Progress;
import org.lapidary.io.model.HuggingFace;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.train.AdamW;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/** Trains a small decoder, prunes half of its weights and saves it as a Hugging Face folder. */
public final class TrainPruneSave {
  private TrainPruneSave() {}

  /** The argument is the folder to write. */
  public static void main(String[] args) {
    int vocab = SmallLanguage.vocabulary().vocab();
    DecoderConfig config = DecoderConfig.gpt(vocab, 32, 2, 4, 64, "relu");
    Model model = Model.random(config, new Rng(0)).withTokenizer(SmallLanguage.vocabulary());
    int[] corpus = SmallLanguage.stream(20_000, 0);
    long steps = 40;
    try (AdamW adam = new AdamW(Trainer.parameters(model.layer()), AdamW.Settings.defaults())) {
      new Trainer(
              model.layer(),
              adam,
              LanguageModeling.task(model, corpus, 8, 48),
              Trainer.Settings.of(steps, Schedule.cosine(3e-3, 5, steps, 0), 0))
          .run(Progress.silent());
    }
    int[][] calibration = LanguageModeling.cut(SmallLanguage.stream(1_000, 1), 50);
    Model pruned = Dsnot.defaults().withSparsity(0.5).compress(model, calibration);
    HuggingFace.save(pruned, Path.of(args[0]));
    System.out.printf(
        "loss %.3f, pruned %.3f, written to %s%n",
        LanguageModeling.evaluate(model, calibration).mean(),
        LanguageModeling.evaluate(pruned, calibration).mean(),
        args[0]);
  }
}
