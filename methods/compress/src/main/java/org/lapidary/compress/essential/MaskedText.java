package org.lapidary.compress.essential;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.lapidary.data.CharCorpus;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Classification;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Task;
import org.lapidary.train.Trainer;

/**
 * Encoders of tinyshakespeare's characters that learned to fill in masked ones, and the task they
 * are tuned for: whether a vowel, a consonant or something else follows a window of 32 characters.
 * The window's successor is a mask, at which the head reads.
 *
 * @param classes 0 vowel, 1 consonant, 2 other, by character id
 * @param steps of pre-training
 * @param tuning steps of learning the task
 */
record MaskedText(CharCorpus corpus, int[] classes, int steps, int tuning) {
  private static final int WIDTH = 96;
  private static final int LAYERS = 3;
  private static final int WINDOW = 32;
  private static final int BATCH = 16;
  private static final int HELD_OUT = 3072;
  private static final double MASKED = 0.15;
  private static final double RATE = 1e-3;

  /**
   * How the task is learned.
   *
   * @param batch windows of a step
   * @param rate the learning rate at its highest
   * @param headSpeed how many times further the head moves: Adam moves every weight by the rate,
   *     and a new head must go further than weights that are good already
   */
  record Tuning(int batch, double rate, double headSpeed) {}

  /** The id after the characters'. */
  private int mask() {
    return corpus.vocabulary().vocab();
  }

  DecoderConfig config() {
    return DecoderConfig.bert(mask() + 1, WIDTH, LAYERS, 4, WINDOW + 1);
  }

  Model fresh(long seed) {
    return Model.random(config(), new Rng(seed));
  }

  /** Pre-trains in place on the first share of the text. */
  void pretrain(
      Model model, double share, long seed, Trainer.Callback callback, Progress progress) {
    int[] text = Arrays.copyOf(corpus.train(), (int) (share * corpus.train().length));
    try (AdamW adam = new AdamW(Trainer.parameters(model.layer()), AdamW.Settings.defaults())) {
      Trainer.Settings settings =
          Trainer.Settings.of(steps, Schedule.cosine(RATE, steps / 10, steps, RATE / 10), seed)
              .withClip(1);
      new Trainer(model.layer(), adam, masking(model, text), settings)
          .after(callback)
          .run(progress);
    }
    model.layer().requiresGrad(false);
  }

  /** The task of pre-training: 15% of the characters, 8 of 10 masked, 1 random, 1 left. */
  private Task masking(Model model, int[] text) {
    return (step, rng) -> {
      int[][] windows = new int[BATCH][];
      for (int b = 0; b < BATCH; b++) {
        int start = rng.nextInt(text.length - WINDOW);
        windows[b] = Arrays.copyOfRange(text, start, start + WINDOW + 1);
      }
      return loss(model, windows, rng);
    };
  }

  private Tensor loss(Model model, int[][] windows, Rng rng) {
    int length = WINDOW + 1;
    long[] target = new long[windows.length * length];
    Arrays.fill(target, -100);
    for (int b = 0; b < windows.length; b++) {
      for (int p = 0; p < length; p++) {
        if (rng.nextDouble() < MASKED) {
          target[b * length + p] = windows[b][p];
          double kind = rng.nextDouble();
          windows[b][p] = kind < 0.8 ? mask() : kind < 0.9 ? rng.nextInt(mask()) : windows[b][p];
        }
      }
    }
    Tensor logits = model.forward(LanguageModeling.tensor(windows));
    return logits
        .reshape((long) windows.length * length, mask() + 1L)
        .crossEntropy(Tensor.of(target, target.length), -100, 0);
  }

  /** Minus the nats per masked character of held-out text, always the same. */
  double filling(Model model) {
    int[][] windows = Arrays.copyOf(LanguageModeling.cut(corpus.validation(), WINDOW + 1), 128);
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      int[][] copies = Arrays.stream(windows).map(int[]::clone).toArray(int[][]::new);
      return -loss(model, copies, new Rng(1)).item();
    }
  }

  static MaskedText of(CharCorpus corpus, int steps, int tuning) {
    int[] classes = new int[corpus.vocabulary().vocab()];
    for (int id = 0; id < classes.length; id++) {
      String c = corpus.vocabulary().token(id).toLowerCase(Locale.ROOT);
      classes[id] = "aeiou".contains(c) ? 0 : Character.isLetter(c.charAt(0)) ? 1 : 2;
    }
    return new MaskedText(corpus, classes, steps, tuning);
  }

  /** The held-out part of the task. */
  Classification heldOut() {
    Rng rng = new Rng(77);
    int[] starts = new int[HELD_OUT];
    Arrays.setAll(starts, i -> rng.nextInt(corpus.validation().length - WINDOW));
    return examples(corpus.validation(), starts);
  }

  private Classification examples(int[] text, int[] starts) {
    int[][] windows = windows(text, starts);
    int[] labels = labels(windows);
    return Classification.of(LanguageModeling.tensor(windows), labels);
  }

  private static int[][] windows(int[] text, int[] starts) {
    int[][] windows = new int[starts.length][];
    for (int i = 0; i < starts.length; i++) {
      windows[i] = Arrays.copyOfRange(text, starts[i], starts[i] + WINDOW + 1);
    }
    return windows;
  }

  /** The class of every window's last character, which is masked. */
  private int[] labels(int[][] windows) {
    int[] labels = new int[windows.length];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = classes[windows[i][WINDOW]];
      windows[i][WINDOW] = mask();
    }
    return labels;
  }

  /** Learns the task from a model's weights under masks; quality is the accuracy held out. */
  Downstream task(Classification heldOut, Tuning how, long seed) {
    return (pretrained, masks) -> {
      Model model = pretrained.copy();
      Linear head = new Linear(WIDTH, 3, true, 0.02 / how.headSpeed());
      head.initialise(new Rng(seed).fork(5));
      List<Tensor> parameters = new ArrayList<>(Trainer.parameters(model.layer()));
      parameters.addAll(Trainer.parameters(head));
      try (FixedMasks fixed = new FixedMasks(model, masks);
          AdamW adam = new AdamW(parameters, AdamW.Settings.adam())) {
        Task learning =
            (step, rng) -> {
              int[] starts = new int[how.batch()];
              Arrays.setAll(starts, i -> rng.nextInt(corpus.train().length - WINDOW));
              return examples(corpus.train(), starts)
                  .loss(x -> read(model, head, how.headSpeed(), x));
            };
        new Trainer(
                model.layer(),
                adam,
                learning,
                Trainer.Settings.of(tuning, Schedule.linear(how.rate(), tuning / 10, tuning), seed))
            .run(Progress.silent());
      }
      model.layer().requiresGrad(false);
      return new Downstream.Tuned(
          model, heldOut.accuracy(x -> read(model, head, how.headSpeed(), x)));
    };
  }

  private static Tensor read(Model model, Linear head, double speed, Tensor tokens) {
    Tensor last = model.decoder().stream(tokens).select(1, WINDOW);
    return head.forward(last.mul(speed));
  }
}
