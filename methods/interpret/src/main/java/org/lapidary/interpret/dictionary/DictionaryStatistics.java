package org.lapidary.interpret.dictionary;

import java.util.Arrays;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * How sparse and how faithful a dictionary is on some tokens.
 *
 * @param tokens how many were seen
 * @param l0 mean number of features above 0 per token
 * @param firingRates share of the tokens on which each feature is above 0
 * @param deadShare share of the features that never fired
 * @param meanSquaredError mean over tokens of ||y - y^||^2
 * @param varianceExplained 1 - sum ||y - y^||^2 / sum ||y - mean y||^2
 */
public record DictionaryStatistics(
    long tokens,
    double l0,
    double[] firingRates,
    double deadShare,
    double meanSquaredError,
    double varianceExplained) {

  /** Texts run side by side; bounds the memory of a pass. */
  private static final int TOGETHER = 16;

  /**
   * On texts that a model reads.
   *
   * @param sequences of one length, in tokens
   * @throws IllegalArgumentException if an activation is not finite
   */
  public static DictionaryStatistics of(Dictionary dictionary, Model model, int[][] sequences) {
    Sums sums = new Sums(dictionary);
    for (int from = 0; from < sequences.length; from += TOGETHER) {
      int to = Math.min(sequences.length, from + TOGETHER);
      try (Scope scope = Scope.open()) {
        int[][] part = Arrays.copyOfRange(sequences, from, to);
        sums.add(
            ActivationBuffer.harvest(model, dictionary.inputSite(), dictionary.outputSite(), part));
      }
    }
    return sums.finish();
  }

  /** On given pairs. */
  public static DictionaryStatistics of(Dictionary dictionary, Pairs pairs) {
    Sums sums = new Sums(dictionary);
    sums.add(pairs);
    return sums.finish();
  }

  private static final class Sums {
    private final Dictionary dictionary;
    private final double[] fired;
    private final double[] sum;
    private double squares;
    private double errors;
    private long tokens;

    Sums(Dictionary dictionary) {
      this.dictionary = dictionary;
      fired = new double[dictionary.features()];
      sum = new double[dictionary.dOut()];
    }

    void add(Pairs pairs) {
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor z = dictionary.encode(pairs.input());
        Tensor error = pairs.output().sub(dictionary.decode(z)).to(DType.FLOAT64);
        Tensor y = pairs.output().to(DType.FLOAT64);
        errors += error.square().sum().item();
        squares += y.square().sum().item();
        plus(sum, y.sum(false, 0));
        plus(fired, z.gt(0).to(DType.FLOAT64).sum(false, 0));
        tokens += pairs.tokens();
      }
    }

    private static void plus(double[] to, Tensor values) {
      double[] add = values.toDoubles();
      for (int i = 0; i < to.length; i++) {
        to[i] += add[i];
      }
    }

    DictionaryStatistics finish() {
      if (tokens == 0) {
        throw new IllegalArgumentException("statistics of a dictionary need at least one token");
      }
      if (!Double.isFinite(errors)) {
        throw new IllegalArgumentException(
            "the activations or the dictionary hold values that are not finite");
      }
      double variance = squares;
      for (double s : sum) {
        variance -= s * s / tokens;
      }
      double[] rates = Arrays.stream(fired).map(f -> f / tokens).toArray();
      double dead = Arrays.stream(fired).filter(f -> f == 0).count() / (double) fired.length;
      return new DictionaryStatistics(
          tokens, Arrays.stream(rates).sum(), rates, dead, errors / tokens, 1 - errors / variance);
    }
  }
}
