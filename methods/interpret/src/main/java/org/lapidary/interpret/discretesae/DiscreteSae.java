package org.lapidary.interpret.discretesae;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.interpret.dictionary.PairSource;
import org.lapidary.interpret.dictionary.Pairs;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Finds the heads that implement a behaviour from prompts that need it and prompts that do not,
 * without ablating anything.
 *
 * @param features F of the dictionary
 * @param lambda weight of the L1 penalty beside the mean squared error over coordinates
 * @param epochs of the whole batch
 * @param rate of Adam
 * @param seed of the dictionary
 */
public record DiscreteSae(int features, double lambda, long epochs, double rate, long seed) {

  /** 200 features, lambda 0.01, 300 epochs at 5e-3. */
  public static DiscreteSae defaults() {
    return new DiscreteSae(200, 0.01, 300, 5e-3, 0);
  }

  public DiscreteSae withSeed(long other) {
    return new DiscreteSae(features, lambda, epochs, rate, other);
  }

  public DiscreteSae withSize(int otherFeatures, double otherLambda) {
    return new DiscreteSae(otherFeatures, otherLambda, epochs, rate, seed);
  }

  /**
   * Heads in order of their scores.
   *
   * @param dictionary whose codes were compared
   * @param scores share of the positive prompts whose code a head never has on negative ones, by
   *     layer * heads + head
   * @param byCodes the same as a share of codes
   * @param pairs for heads of different layers, the share of prompts with a pair of codes of their
   *     own, [earlier][later]
   * @param seconds that it took
   */
  public record Found(
      Dictionary dictionary, double[] scores, double[] byCodes, double[][] pairs, double seconds) {

    /** All heads, the highest score first. */
    public List<Integer> ranked() {
      return IntStream.range(0, scores.length)
          .boxed()
          .sorted(Comparator.comparingDouble(h -> -scores[h]))
          .toList();
    }

    /** exp(score) over its sum over heads. */
    public double[] softmax() {
      double[] e = Arrays.stream(scores).map(Math::exp).toArray();
      double sum = Arrays.stream(e).sum();
      return Arrays.stream(e).map(v -> v / sum).toArray();
    }

    /** The heads whose softmax is above theta. */
    public List<Integer> circuit(double theta) {
      double[] p = softmax();
      return ranked().stream().filter(h -> p[h] > theta).toList();
    }
  }

  /**
   * Learns a dictionary on some prompts and scores heads by others.
   *
   * @param learn prompts of both kinds that the dictionary learns from
   * @param positive prompts that need the behaviour at their last token
   * @param negative prompts that do not
   * @throws IllegalArgumentException if a set is empty or its prompts differ in length
   */
  public Found identify(Model model, int[][] learn, int[][] positive, int[][] negative) {
    if (learn.length == 0 || positive.length == 0 || negative.length == 0) {
      throw new IllegalArgumentException(
          "prompts to learn from, positive and negative ones are needed; were %d, %d and %d"
              .formatted(learn.length, positive.length, negative.length));
    }
    long start = System.nanoTime();
    try (Scope scope = Scope.open()) {
      Tensor outputs = outputs(model, learn);
      Dictionary dictionary = train(outputs);
      HeadCodes yes = HeadCodes.of(dictionary, outputs(model, positive));
      HeadCodes no = HeadCodes.of(dictionary, outputs(model, negative));
      double[] scores = yes.shareOfPrompts(no);
      double[] byCodes = yes.shareOfCodes(no);
      double[][] pairs = yes.pairs(no, model.decoder().config().heads());
      return new Found(dictionary, scores, byCodes, pairs, (System.nanoTime() - start) / 1e9);
    }
  }

  private Dictionary train(Tensor outputs) {
    Tensor rows = outputs.reshape(-1, outputs.size(-1));
    PairSource all = (tokens, rng) -> new Pairs(rows, rows);
    DictionaryTrainer.Settings settings =
        DictionaryTrainer.Settings.defaults(features)
            .withActivation(new Activation.Relu())
            .withLambda(lambda * rows.size(1)) // the trainer sums over coordinates
            .withSteps(epochs)
            .withBatch((int) rows.size(0))
            .withLearningRate(rate)
            .withResampleEvery(0)
            .withSeed(seed);
    return new DictionaryTrainer(settings).train(all, Progress.silent()).dictionary();
  }

  /**
   * What every head adds to the stream at the last token, z_h W_O^h: [prompt, layer * heads + head,
   * dModel].
   */
  public static Tensor outputs(Model model, int[][] prompts) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Activations acts =
          model.capture(LanguageModeling.tensor(prompts), "blocks.*.attn.hook_result");
      List<Tensor> layers =
          acts.map().values().stream().map(r -> r.select(1, r.size(1) - 1)).toList();
      return scope.keep(Tensor.concat(1, layers).copy());
    }
  }
}
