package org.lapidary.interpret.attnsae;

import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.lapidary.evidence.Estimate;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * What a reconstruction in the place of an activation costs, in nats per token.
 *
 * @param original loss of the model
 * @param zeroed with zeros at the site
 * @param replaced with the reconstruction
 */
public record Recovered(double original, double zeroed, double replaced) {
  private static final int TOGETHER = 32;

  /** (zeroed - replaced) / (zeroed - original): 1 for a reconstruction that costs nothing. */
  public double share() {
    return (zeroed - replaced) / (zeroed - original);
  }

  /**
   * Measures.
   *
   * @param reconstruct from rows [tokens, width] of the site to the same; heads stand side by side
   * @param texts of one length, in tokens
   */
  public static Recovered of(
      Model model, String site, UnaryOperator<Tensor> reconstruct, int[][] texts) {
    Intervention replaced =
        new Intervention(
            site,
            (path, x) -> {
              long rows = x.size(0) * x.size(1);
              return reconstruct.apply(x.reshape(rows, x.elements() / rows)).reshape(x.shape());
            });
    return new Recovered(
        LanguageModeling.evaluate(model, texts).mean(),
        loss(model, Intervention.ablate(site), texts),
        loss(model, replaced, texts));
  }

  private static double loss(Model model, Intervention change, int[][] texts) {
    double[] means = new double[texts.length];
    for (int from = 0; from < texts.length; from += TOGETHER) {
      int to = Math.min(texts.length, from + TOGETHER);
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor tokens = LanguageModeling.tensor(Arrays.copyOfRange(texts, from, to));
        Tensor nats = LanguageModeling.nats(model.with(change).forward(tokens), tokens);
        double[] each = nats.mean(false, 1).toDoubles();
        System.arraycopy(each, 0, means, from, each.length);
      }
    }
    return Estimate.of(means).mean();
  }
}
