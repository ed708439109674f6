package org.lapidary.interpret.lnremoval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.lnremoval.FakeNorms.Place;
import org.lapidary.interpret.lnremoval.FakeNorms.Reader;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/**
 * Removes all norms of a pre-norm decoder in a short finetuning that freezes their scales one after
 * the other: the MLPs' norms, then those of queries and keys, those of values, the final one; at
 * last the scales of the first position become those of the others.
 *
 * @param training how it is finetuned
 * @param staging when the scales freeze
 * @param auxiliary lambda of the loss lambda * mean (sigma - target)^2 at the final norm, whose
 *     target is the mean over all but the first position
 */
public record LayerNormRemoval(Training training, Staging staging, double auxiliary) {

  /**
   * How to finetune, with AdamW.
   *
   * @param steps of it
   * @param batch windows a step
   * @param length tokens that are read in each
   * @param rate the highest, which then falls as a cosine
   * @param warmup steps in which it rises
   */
  public record Training(int steps, int batch, int length, double rate, int warmup) {}

  /**
   * When scales freeze, in steps.
   *
   * @param start before the first
   * @param mlp between two MLPs' norms
   * @param queries between those of queries and keys
   * @param values between those of values
   * @param first from the final norm to the first position
   */
  public record Staging(int start, int mlp, int queries, int values, int first) {

    /** A scale and the step before which it freezes; null stands for the first position. */
    record Freeze(long step, @Nullable Place place) {}

    /** All of them in order. */
    List<Freeze> of(FakeNorms norms) {
      List<Freeze> all = new ArrayList<>();
      long step = start;
      for (Reader reader :
          List.of(Reader.MLP, Reader.QUERIES_AND_KEYS, Reader.VALUES, Reader.LOGITS)) {
        for (Place place : norms.places()) {
          if (place.reader() == reader) {
            all.add(new Freeze(step, place));
            step +=
                switch (reader) {
                  case MLP -> mlp;
                  case QUERIES_AND_KEYS -> queries;
                  case VALUES -> values;
                  case LOGITS -> first;
                };
          }
        }
      }
      all.add(new Freeze(step, null));
      return all;
    }
  }

  /** 300 steps of 16 windows of 96 tokens, for a model of a few layers. */
  public static LayerNormRemoval defaults() {
    return new LayerNormRemoval(
        new Training(300, 16, 96, 6e-4, 25), new Staging(20, 10, 10, 15, 10), 0.1);
  }

  /**
   * A model without norms.
   *
   * @param finetuned the model that still has them
   * @param norms its frozen scales
   * @param folded the same function without any
   * @param losses nats per token of each step, without the auxiliary loss
   */
  public record Removed(Model finetuned, FakeNorms norms, Model folded, double[] losses) {}

  /**
   * Finetunes a copy while its norms freeze.
   *
   * @param corpus token ids, of which windows are drawn
   * @throws IllegalArgumentException if the model's norms cannot be removed, or the finetuning is
   *     shorter than the staging
   */
  public Removed remove(Model model, int[] corpus, long seed, Progress progress) {
    Model copy = model.copy();
    FakeNorms norms = new FakeNorms(copy);
    List<Staging.Freeze> freezes = new ArrayList<>(staging.of(norms));
    if (freezes.getLast().step() >= training.steps) {
      throw new IllegalArgumentException(
          "the last scale freezes at step %d, but there are only %d; give more steps or shorter gaps"
              .formatted(freezes.getLast().step(), training.steps));
    }
    double[] losses =
        train(
            copy,
            corpus,
            seed,
            progress,
            (step, tokens) -> {
              while (!freezes.isEmpty() && freezes.getFirst().step() <= step) {
                Place place = freezes.removeFirst().place();
                if (place == null) {
                  norms.dropFirst();
                } else {
                  norms.freeze(place);
                }
              }
              return norms.forward(tokens);
            },
            norms);
    return new Removed(copy, norms, Folding.fold(copy, norms), losses);
  }

  /** The same with all scales frozen from the first step, at what some windows measure. */
  public Removed atOnce(Model model, int[] corpus, long seed, Progress progress) {
    Model copy = model.copy();
    FakeNorms norms = measured(copy, corpus, seed);
    double[] losses =
        train(copy, corpus, seed, progress, (step, tokens) -> norms.forward(tokens), norms);
    return new Removed(copy, norms, Folding.fold(copy, norms), losses);
  }

  /** The same without any finetuning. */
  public Removed untrained(Model model, int[] corpus, long seed) {
    Model copy = model.copy();
    FakeNorms norms = measured(copy, corpus, seed);
    return new Removed(copy, norms, Folding.fold(copy, norms), new double[0]);
  }

  /** As much finetuning on the same windows, with the norms left as they are. */
  public Kept withNorms(Model model, int[] corpus, long seed, Progress progress) {
    Model copy = model.copy();
    double[] losses =
        train(copy, corpus, seed, progress, (step, tokens) -> copy.forward(tokens), null);
    return new Kept(copy, losses);
  }

  /**
   * A finetuned model with its norms.
   *
   * @param losses nats per token of each step
   */
  public record Kept(Model model, double[] losses) {}

  private FakeNorms measured(Model model, int[] corpus, long seed) {
    FakeNorms norms = new FakeNorms(model);
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Rng rng = new Rng(seed).fork(-1);
      norms.forward(windows(corpus, rng).slice(1, 0, training.length));
    }
    norms.freezeAll();
    norms.dropFirst();
    return norms;
  }

  private interface Pass {
    Tensor logits(long step, Tensor tokens);
  }

  /** [batch, length + 1] */
  private Tensor windows(int[] corpus, Rng rng) {
    int length = training.length + 1;
    int[][] windows = new int[training.batch][];
    for (int b = 0; b < windows.length; b++) {
      int start = rng.nextInt(corpus.length - length + 1);
      windows[b] = Arrays.copyOfRange(corpus, start, start + length);
    }
    return LanguageModeling.tensor(windows);
  }

  private double[] train(
      Model model,
      int[] corpus,
      long seed,
      Progress progress,
      Pass pass,
      @Nullable FakeNorms norms) {
    if (corpus.length <= training.length) {
      throw new IllegalArgumentException(
          "a corpus of %d tokens has no window of %d"
              .formatted(corpus.length, training.length + 1));
    }
    double[] nats = new double[training.steps];
    try (AdamW adam = new AdamW(Trainer.parameters(model.layer()), AdamW.Settings.defaults())) {
      Schedule schedule = Schedule.cosine(training.rate, training.warmup, training.steps, 0);
      new Trainer(
              model.layer(),
              adam,
              (step, rng) -> {
                Tensor tokens = windows(corpus, rng);
                Tensor logits = pass.logits(step, tokens.slice(1, 0, training.length));
                Tensor target = tokens.slice(1, 1, training.length + 1).reshape(-1);
                Tensor loss = logits.reshape(target.elements(), -1).crossEntropy(target);
                nats[(int) step] = loss.item();
                return norms == null || auxiliary == 0
                    ? loss
                    : loss.add(uneven(norms.beforeLogits()).mul(auxiliary));
              },
              Trainer.Settings.of(training.steps, schedule, seed).withClip(1))
          .run(progress);
    }
    model.layer().requiresGrad(false);
    return nats;
  }

  /** mean (sigma - target)^2; sigma [batch, position, 1]. */
  private static Tensor uneven(Tensor sigma) {
    Tensor target = sigma.detach().slice(1, Math.min(1, sigma.size(1) - 1), sigma.size(1)).mean();
    return sigma.sub(target).square().mean();
  }
}
