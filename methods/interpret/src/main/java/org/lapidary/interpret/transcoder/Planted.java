package org.lapidary.interpret.transcoder;

import org.lapidary.evidence.Progress;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.interpret.dictionary.PairSource;
import org.lapidary.interpret.dictionary.Pairs;
import org.lapidary.kernels.SparseActivations;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Pairs whose features are known: x = sum of s_j g_j over the active j, each active with the
 * probability 0.02 and s uniform in [0.5, 1.5]; y = sum_j relu(g_j . x - 0.4) u_j.
 *
 * @param readers g [features, width], unit rows
 * @param directions u [features, width], unit rows
 */
record Planted(Tensor readers, Tensor directions) implements PairSource {
  private static final int FEATURES = 128;
  private static final int WIDTH = 64;
  private static final double ACTIVE = 0.02;

  static Planted of(long seed) {
    Rng rng = new Rng(seed).fork(0x91A27ED);
    return new Planted(unit(rng), unit(rng));
  }

  private static Tensor unit(Rng rng) {
    Tensor rows = rng.normal(1, FEATURES, WIDTH);
    return rows.div(rows.norm(true, 1)).unscoped();
  }

  @Override
  public Pairs next(int tokens, Rng rng) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor x = times(strengths(tokens, rng), readers);
      Tensor y = times(x.linear(readers, null).sub(0.4), directions);
      return new Pairs(scope.keep(x), scope.keep(y));
    }
  }

  /** s [tokens, features]: the gaps between the active ones have a geometric distribution. */
  static Tensor strengths(int tokens, Rng rng) {
    float[] s = new float[tokens * FEATURES];
    double perGap = 1 / Math.log1p(-ACTIVE);
    for (double at = gap(rng, perGap); at < s.length; at += 1 + gap(rng, perGap)) {
      s[(int) at] = (float) (0.5 + rng.nextDouble());
    }
    return Tensor.of(s, tokens, FEATURES);
  }

  private static double gap(Rng rng, double perGap) {
    return Math.floor(Math.log1p(-rng.nextDouble()) * perGap);
  }

  /** relu(z) rows, [tokens, width]. */
  private static Tensor times(Tensor z, Tensor rows) {
    int tokens = (int) z.size(0);
    Tensor sum = Tensor.zeros(tokens, WIDTH);
    SparseActivations.of(z.segment(), tokens, FEATURES)
        .decode(rows.segment(), WIDTH, sum.segment());
    return sum;
  }

  /**
   * A dictionary of twice as many features, trained at the rate 1e-3. At five times that rate the
   * error alone would find the features too, since y is itself a layer of ReLU features of x; the
   * penalty makes the difference where training is short.
   */
  Dictionary train(long steps, int batch, double lambda, long seed) {
    DictionaryTrainer.Settings settings =
        DictionaryTrainer.Settings.defaults(2 * FEATURES)
            .withSteps(steps)
            .withBatch(batch)
            .withLambda(lambda)
            .withLearningRate(1e-3)
            .withSeed(seed);
    return new DictionaryTrainer(settings).train(this, Progress.silent()).dictionary();
  }

  /**
   * How well the planted features were found: the mean over j of the largest min(cos(f_enc_i, g_j),
   * cos(f_dec_i, u_j)) over i.
   */
  double found(Dictionary dictionary) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor enc = cosines(dictionary.encoder(), readers);
      Tensor dec = cosines(dictionary.decoder(), directions);
      return enc.minimum(dec).max(false, 0).mean().item();
    }
  }

  /** [rows of a, rows of b], where the rows of b have unit norm. */
  private static Tensor cosines(Tensor a, Tensor b) {
    return a.div(a.norm(true, 1).maximum(1e-12)).linear(b, null);
  }
}
