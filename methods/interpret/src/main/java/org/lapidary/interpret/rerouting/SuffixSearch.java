package org.lapidary.interpret.rerouting;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Search for tokens in the free positions of a prompt that lower a loss. A step takes the gradient
 * of the loss by one-hot tokens at the best suffix, proposes copies of it in which some positions
 * are drawn anew from the tokens with the most negative gradient there, and keeps the best in a
 * buffer. Many positions change while the loss is high, few when it is low.
 *
 * @param candidates suffixes a step
 * @param top tokens of each position among which it draws
 * @param buffer how many of the best are kept
 * @param patience steps without a jump after which the search goes on from another of them
 * @param steps at most
 * @param exponent a: slots * (loss / first loss)^(1 / a) positions change
 */
public record SuffixSearch(
    int candidates, int top, int buffer, int patience, int steps, double exponent) {

  /** The settings of the paper's code. */
  public static SuffixSearch defaults() {
    return new SuffixSearch(256, 64, 10, 10, 60, 1.8);
  }

  public SuffixSearch {
    if (candidates < 1 || top < 1 || buffer < 1 || patience < 1 || steps < 1 || !(exponent > 0)) {
      throw new IllegalArgumentException("all settings of a search are positive");
    }
  }

  /**
   * What a search may write.
   *
   * @param allowed by token id
   * @param stable whether a suffix stays the same when it is decoded and encoded again
   */
  public record Tokens(boolean[] allowed, Predicate<int[]> stable) {
    /** All but some ids, of a vocabulary in which every sequence is stable. */
    public static Tokens without(int vocab, int... ids) {
      boolean[] allowed = new boolean[vocab];
      java.util.Arrays.fill(allowed, true);
      for (int id : ids) {
        allowed[id] = false;
      }
      return new Tokens(allowed, suffix -> true);
    }

    private int[] ids() {
      int[] ids =
          java.util.stream.IntStream.range(0, allowed.length).filter(i -> allowed[i]).toArray();
      if (ids.length == 0) {
        throw new IllegalArgumentException("a search needs at least one allowed token");
      }
      return ids;
    }
  }

  /**
   * The best suffix so far.
   *
   * @param passes forward passes of one prompt until here
   * @param layers blocks that ran in them, passes times depth
   */
  public record Step(int[] suffix, double loss, long passes, long layers) {}

  /**
   * What a search found.
   *
   * @param trail the best suffix after each step, the start first
   * @param jumps the steps, from 0, after which it went on from another suffix than the best
   */
  public record Found(List<Step> trail, List<Integer> jumps) {
    public Step last() {
      return trail.getLast();
    }
  }

  /** How many of k positions change. */
  int replacements(int k, double loss, double first) {
    double ratio = first > 0 ? Math.clamp(loss / first, 0, 1) : 1;
    return Math.max(1, (int) Math.floor(k * Math.pow(ratio, 1 / exponent)));
  }

  /** Searches from random suffixes. */
  public Found search(Model model, Template template, Surrogate surrogate, Tokens tokens, Rng rng) {
    Buffer best = new Buffer(buffer);
    int[] ids = tokens.ids();
    List<int[]> start = random(buffer, template.slots(), ids, tokens, rng);
    best.add(start, losses(model, template, start, surrogate));
    double first = best.first().loss();
    long passes = start.size();
    List<Step> trail = new ArrayList<>();
    trail.add(step(best, passes, surrogate));
    List<Integer> jumps = new ArrayList<>();
    int last = 0;
    for (int i = 0; i < steps && best.best().loss() >= surrogate.goal(); i++) {
      int[] from = best.first().suffix();
      int changes = replacements(template.slots(), best.first().loss(), first);
      int[][] likely = likely(model, template, from, surrogate, tokens.allowed);
      List<int[]> proposed = new ArrayList<>();
      for (int c = 0; c < candidates; c++) {
        int[] next = from.clone();
        int[] order = rng.permutation(next.length);
        for (int r = 0; r < changes; r++) {
          int[] among = likely[order[r]];
          next[order[r]] = among[rng.nextInt(among.length)];
        }
        if (tokens.stable.test(next)) {
          proposed.add(next);
        }
      }
      passes += 1 + proposed.size();
      if (!proposed.isEmpty()) {
        best.add(proposed, losses(model, template, proposed, surrogate));
      }
      if (i - last > patience) {
        best.jump(rng);
        jumps.add(i);
        last = i;
      }
      trail.add(step(best, passes, surrogate));
    }
    return new Found(trail, jumps);
  }

  /** The best of as many suffixes as a search proposes, all drawn evenly. */
  public Found random(Model model, Template template, Surrogate surrogate, Tokens tokens, Rng rng) {
    Buffer best = new Buffer(buffer);
    int[] ids = tokens.ids();
    List<Step> trail = new ArrayList<>();
    long passes = 0;
    for (int i = 0; i < steps; i++) {
      List<int[]> drawn = random(candidates, template.slots(), ids, tokens, rng);
      best.add(drawn, losses(model, template, drawn, surrogate));
      passes += drawn.size();
      trail.add(step(best, passes, surrogate));
    }
    return new Found(trail, List.of());
  }

  private static Step step(Buffer buffer, long passes, Surrogate surrogate) {
    Buffer.Entry best = buffer.best();
    return new Step(best.suffix(), best.loss(), passes, passes * surrogate.depth());
  }

  private static List<int[]> random(int count, int slots, int[] ids, Tokens tokens, Rng rng) {
    List<int[]> suffixes = new ArrayList<>();
    for (int tried = 0; suffixes.size() < count; tried++) {
      if (tried > 100 * count) {
        throw new IllegalArgumentException(
            "of %d random suffixes only %d stay the same when decoded and encoded again; allow other tokens"
                .formatted(tried, suffixes.size()));
      }
      int[] suffix = new int[slots];
      java.util.Arrays.setAll(suffix, i -> ids[rng.nextInt(ids.length)]);
      if (tokens.stable.test(suffix)) {
        suffixes.add(suffix);
      }
    }
    return suffixes;
  }

  private static double[] losses(
      Model model, Template template, List<int[]> suffixes, Surrogate surrogate) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor tokens = template.with(suffixes);
      return surrogate
          .losses(model, LastToken.streams(model, tokens, surrogate.depth()))
          .toDoubles();
    }
  }

  /** The allowed tokens with the most negative gradients, [slot][at most top]. */
  private int[][] likely(
      Model model, Template template, int[] from, Surrogate surrogate, boolean[] allowed) {
    try (Scope scope = Scope.open()) {
      Tensor gradient = LastToken.oneHotGradient(model, template, from, surrogate);
      int vocab = (int) gradient.size(1);
      if (allowed.length != vocab) {
        throw new IllegalArgumentException(
            "the model has %d tokens, but of %d it was said whether they are allowed"
                .formatted(vocab, allowed.length));
      }
      boolean[] not = new boolean[vocab];
      int count = 0;
      for (int t = 0; t < vocab; t++) {
        not[t] = !allowed[t];
        count += allowed[t] ? 1 : 0;
      }
      Tensor mask = Tensor.of(not, 1, vocab).expand(gradient.shape().toArray());
      int k = Math.min(top, count);
      long[] flat =
          gradient.neg().maskedFill(mask, Double.NEGATIVE_INFINITY).topk(k, 1).indices().toLongs();
      int[][] likely = new int[template.slots()][k];
      for (int s = 0; s < likely.length; s++) {
        for (int j = 0; j < k; j++) {
          likely[s][j] = (int) flat[s * k + j];
        }
      }
      return likely;
    }
  }
}
