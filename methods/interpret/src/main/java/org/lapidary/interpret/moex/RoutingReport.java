package org.lapidary.interpret.moex;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lapidary.evidence.Correlation;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Where the tokens of some texts go in one mixture of experts.
 *
 * @param layer its path
 * @param sparsityFound rank correlation over experts of the score and the number of units that
 *     would fire, averaged over tokens; -1: the router finds the sparsest ones
 * @param load for each expert the share of tokens that it gets; the sum is the number kept
 * @param active units above 0 in the experts a token goes to, averaged over tokens
 */
public record RoutingReport(String layer, double sparsityFound, double[] load, double active) {

  /**
   * Looks at every mixture of a model.
   *
   * @param texts of one length
   * @return in the order of the layers; none if the model has no mixture
   */
  public static List<RoutingReport> of(Model model, int[][] texts) {
    List<RoutingReport> reports = new ArrayList<>();
    for (Map.Entry<String, ExpertMlp> mixture : model.layer().all(ExpertMlp.class).entrySet()) {
      String path = mixture.getKey();
      try (Scope scope = Scope.open()) {
        Activations seen =
            model.capture(
                LanguageModeling.tensor(texts), path + ".{hook_scores,hook_gates,hook_pre}");
        reports.add(
            of(
                path,
                seen.at(path + ".hook_scores"),
                seen.at(path + ".hook_gates"),
                seen.at(path + ".hook_pre")));
      }
    }
    return reports;
  }

  private static RoutingReport of(String path, Tensor scores, Tensor gates, Tensor pre) {
    int experts = (int) scores.size(-1);
    Tensor units = pre.reshape(-1, experts, pre.size(-1) / experts);
    Tensor firing = units.gt(0).to(DType.FLOAT32).sum(false, 2);
    Tensor chosen = gates.reshape(-1, experts).gt(0).to(DType.FLOAT32);
    float[] score = scores.toFloats();
    float[] fires = firing.toFloats();
    int tokens = (int) firing.size(0);
    double correlation = 0;
    for (int t = 0; t < tokens; t++) {
      double[] x = new double[experts];
      double[] y = new double[experts];
      for (int j = 0; j < experts; j++) {
        x[j] = score[t * experts + j];
        y[j] = fires[t * experts + j];
      }
      correlation += Correlation.spearman(x, y);
    }
    return new RoutingReport(
        path,
        correlation / tokens,
        chosen.mean(false, 0).toDoubles(),
        chosen.mul(firing).sum(false, 1).mean().item());
  }
}
