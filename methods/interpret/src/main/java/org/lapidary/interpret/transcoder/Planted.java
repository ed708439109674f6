package org.lapidary.interpret.transcoder;

import org.lapidary.evidence.Progress;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.interpret.dictionary.PairSource;
import org.lapidary.interpret.dictionary.Pairs;
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
      Tensor active = rng.bernoulli(0.02, tokens, FEATURES);
      Tensor strengths = rng.uniform(0.5, 1.5, tokens, FEATURES).mul(active);
      Tensor x = strengths.matmul(readers);
      Tensor y = x.linear(readers, null).sub(0.4).relu().matmul(directions);
      return new Pairs(scope.keep(x), scope.keep(y));
    }
  }

  /**
   * A dictionary of twice as many features, trained at the rate 1e-3. At five times that rate the
   * error alone would find the features too, since y is itself a layer of ReLU features of x; the
   * penalty makes the difference where training is short.
   */
  Dictionary train(long steps, double lambda, long seed) {
    DictionaryTrainer.Settings settings =
        DictionaryTrainer.Settings.defaults(2 * FEATURES)
            .withSteps(steps)
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
