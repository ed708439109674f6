package org.lapidary.interpret.utilityduality;

import java.util.List;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Linear;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Fixtures;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/** A small decoder that continues the inputs of a {@link CopyTask}. */
record SequenceModel(Decoder decoder) {

  /** How it is trained. */
  sealed interface Objective {
    /** Maximum likelihood with smoothed targets. */
    record Likelihood(double smoothing) implements Objective {}

    /** Utility learning with so many competitors. */
    record Utility(int competitors) implements Objective {}
  }

  static SequenceModel trained(Objective objective, long steps, long seed) {
    Decoder decoder =
        new Decoder(
            DecoderConfig.gpt(CopyTask.VOCAB, 32, 2, 4, CopyTask.IN + CopyTask.OUT, "relu"));
    Rng rng = new Rng(seed).fork(80);
    decoder.initialise(rng);
    for (Linear linear : decoder.all(Linear.class).values()) {
      linear.weight().set(rng.normal(1 / Math.sqrt(linear.in()), linear.out(), linear.in()));
    }
    decoder.embedding().set(rng.normal(0.3, CopyTask.VOCAB, 32));
    SequenceModel model = new SequenceModel(decoder);
    Fixtures.train(
        decoder,
        "utility-probability-duality: copy task, %s, %d steps, seed %d"
            .formatted(objective, steps, seed),
        layer -> model.train(objective, steps, seed));
    decoder.requiresGrad(false);
    return model;
  }

  private void train(Objective objective, long steps, long seed) {
    try (AdamW adam = new AdamW(Trainer.parameters(decoder), AdamW.Settings.adam())) {
      new Trainer(
              decoder,
              adam,
              (step, rng) -> {
                int[][] batch = CopyTask.draw(64, rng);
                Tensor u = utilities(batch);
                Tensor shown = shown(batch);
                return switch (objective) {
                  case Objective.Likelihood l -> u.crossEntropy(shown, -100, l.smoothing());
                  case Objective.Utility o ->
                      new UtilityLearning(o.competitors()).loss(u, shown, rng.fork(3));
                };
              },
              Trainer.Settings.of(steps, Schedule.cosine(5e-3, steps / 20, steps, 0), seed)
                  .withClip(1))
          .run(Progress.silent());
    }
  }

  /** Utilities of every output token given all before it, [n OUT, V]. */
  Tensor utilities(int[][] sequences) {
    int length = CopyTask.IN + CopyTask.OUT - 1;
    Tensor logits = decoder.forward(CopyTask.ids(sequences, length));
    return logits
        .slice(1, CopyTask.IN - 1, length)
        .reshape((long) sequences.length * CopyTask.OUT, CopyTask.VOCAB);
  }

  /** The output tokens, [n OUT]. */
  static Tensor shown(int[][] sequences) {
    long[] flat = new long[sequences.length * CopyTask.OUT];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = sequences[i / CopyTask.OUT][CopyTask.IN + i % CopyTask.OUT];
    }
    return Tensor.of(flat, flat.length);
  }

  /** How the next token is chosen from its probabilities [n, V]; INT64 [n]. */
  @FunctionalInterface
  interface Rule {
    Tensor choose(Tensor p, Rng rng);

    static Rule greedy() {
      return (p, rng) -> p.argmax(1);
    }

    static Rule ancestral() {
      return (p, rng) -> UtilityLearning.draw(p, 1, rng).squeeze(1);
    }

    /** From the likeliest tokens that hold this share of the probability. */
    static Rule nucleus(double share) {
      return (p, rng) -> {
        Tensor.Indexed sorted = p.sort(1, true);
        Tensor before = sorted.values().cumsum(1).sub(sorted.values());
        Tensor kept = sorted.values().mul(before.lt(share).to(p.dtype()));
        Tensor at = UtilityLearning.draw(kept.div(kept.sum(true, 1)), 1, rng);
        return sorted.indices().gather(1, at).squeeze(1);
      };
    }
  }

  /** The inputs of the sequences with new outputs. */
  int[][] continued(int[][] sequences, Transform transform, Rule rule, Rng rng) {
    int[][] all = new int[sequences.length][];
    for (int i = 0; i < all.length; i++) {
      all[i] = java.util.Arrays.copyOf(sequences[i], CopyTask.IN + CopyTask.OUT);
    }
    try (var ignored = Autograd.noGrad()) {
      for (int t = 0; t < CopyTask.OUT; t++) {
        try (Scope scope = Scope.open()) {
          int seen = CopyTask.IN + t;
          Tensor u = decoder.forward(CopyTask.ids(all, seen)).select(1, seen - 1);
          int[] next = rule.choose(transform.probabilities(u), rng).toInts();
          for (int i = 0; i < all.length; i++) {
            all[i][seen] = next[i];
          }
        }
      }
    }
    return all;
  }

  /**
   * Minimum-risk decoding: of some samples the one that overlaps most with all, in tokens at the
   * same place.
   */
  int[][] minimumRisk(int[][] sequences, Transform transform, int samples, Rng rng) {
    List<int[][]> drawn =
        java.util.stream.IntStream.range(0, samples)
            .mapToObj(s -> continued(sequences, transform, Rule.ancestral(), rng.fork(s)))
            .toList();
    int[][] best = new int[sequences.length][];
    for (int i = 0; i < best.length; i++) {
      int most = -1;
      for (int[][] candidate : drawn) {
        int overlap = 0;
        for (int[][] other : drawn) {
          for (int t = CopyTask.IN; t < CopyTask.IN + CopyTask.OUT; t++) {
            overlap += candidate[i][t] == other[i][t] ? 1 : 0;
          }
        }
        if (overlap > most) {
          most = overlap;
          best[i] = candidate[i];
        }
      }
    }
    return best;
  }
}
