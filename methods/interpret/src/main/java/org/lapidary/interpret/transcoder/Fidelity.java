package org.lapidary.interpret.transcoder;

import java.util.Arrays;
import org.lapidary.evidence.Estimate;
import org.lapidary.interpret.dictionary.ActivationBuffer;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * What a dictionary in the place of an activation costs the language model, in nats per token.
 *
 * @param original loss of the model itself
 * @param ablated with the activation at the dictionary's output site replaced by its mean
 * @param replaced with the dictionary's output in its place
 */
public record Fidelity(double original, double ablated, double replaced) {
  private static final int TOGETHER = 16;

  /** (ablated - replaced) / (ablated - original): 1 for a dictionary that costs nothing. */
  public double recovered() {
    return (ablated - replaced) / (ablated - original);
  }

  /** Nats lost to the dictionary. */
  public double increase() {
    return replaced - original;
  }

  /** Nats lost to mean ablation. */
  public double ablationIncrease() {
    return ablated - original;
  }

  /**
   * Measures on texts.
   *
   * @param sequences of one length, in tokens
   */
  public static Fidelity of(Model model, Dictionary dictionary, int[][] sequences) {
    try (Scope scope = Scope.open()) {
      Tensor mean = mean(model, dictionary.outputSite(), sequences);
      Intervention ablation =
          new Intervention(dictionary.outputSite(), (path, x) -> mean.expand(x.shape().toArray()));
      return new Fidelity(
          LanguageModeling.evaluate(model, sequences).mean(),
          loss(model.with(ablation), sequences),
          loss(model.with(dictionary.splice()), sequences));
    }
  }

  /** The mean activation at a site over all tokens, [dModel]. */
  static Tensor mean(Model model, String site, int[][] sequences) {
    double[] sum = new double[0];
    long count = 0;
    for (int from = 0; from < sequences.length; from += TOGETHER) {
      int to = Math.min(sequences.length, from + TOGETHER);
      try (Scope scope = Scope.open()) {
        int[][] part = Arrays.copyOfRange(sequences, from, to);
        Tensor x = ActivationBuffer.harvest(model, site, site, part).input();
        double[] add = x.to(DType.FLOAT64).sum(false, 0).toDoubles();
        sum = from == 0 ? new double[add.length] : sum;
        for (int i = 0; i < add.length; i++) {
          sum[i] += add[i];
        }
        count += x.size(0);
      }
    }
    float[] mean = new float[sum.length];
    for (int i = 0; i < mean.length; i++) {
      mean[i] = (float) (sum[i] / count);
    }
    return Tensor.of(mean, mean.length);
  }

  /** Nats a token of every text with the dictionary's output in the place of the activation. */
  public static double[] losses(Model model, Dictionary dictionary, int[][] sequences) {
    return losses(model.with(dictionary.splice()), sequences);
  }

  private static double loss(Model.Intervened model, int[][] sequences) {
    return Estimate.of(losses(model, sequences)).mean();
  }

  private static double[] losses(Model.Intervened model, int[][] sequences) {
    double[] means = new double[sequences.length];
    for (int from = 0; from < sequences.length; from += TOGETHER) {
      int to = Math.min(sequences.length, from + TOGETHER);
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor tokens = LanguageModeling.tensor(Arrays.copyOfRange(sequences, from, to));
        float[] each =
            LanguageModeling.nats(model.forward(tokens), tokens).mean(false, 1).toFloats();
        for (int i = from; i < to; i++) {
          means[i] = each[i - from];
        }
      }
    }
    return means;
  }
}
