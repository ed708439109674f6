package org.lapidary.interpret.lnremoval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.lapidary.evidence.Correlation;
import org.lapidary.interpret.attribution.AttributionPatching;
import org.lapidary.interpret.attribution.Attributions;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * How attribution patching goes with patching: the attention and the MLP of every block at every
 * token from a changed one on, in prompts of which one token was changed. The metric is the logit
 * of the token that the clean prompt makes likeliest less the mean of all.
 *
 * @param attributed first-order estimates
 * @param patched what patching does
 */
record PatchingAgreement(double[] attributed, double[] patched) {
  private static final String SITES = "{blocks.*.attn.hook_z,blocks.*.hook_mlp_out}";

  /**
   * Of some prompts, each with one token changed to another at random.
   *
   * @param reach the changed token is at most so far from the end
   */
  static PatchingAgreement of(Model model, int[][] prompts, int reach, Rng rng) {
    List<Double> estimates = new ArrayList<>();
    List<Double> truths = new ArrayList<>();
    int vocab = model.decoder().config().vocab();
    for (int[] clean : prompts) {
      int at = clean.length - 1 - rng.nextInt(reach);
      int[] corrupted = clean.clone();
      corrupted[at] = (clean[at] + 1 + rng.nextInt(vocab - 1)) % vocab;
      int answer = likeliest(model, clean);
      UnaryOperator<Tensor> metric =
          logits -> {
            Tensor last = logits.select(1, clean.length - 1).select(0, 0);
            return last.select(0, answer).sub(last.mean());
          };
      Attributions found = new AttributionPatching(SITES).of(model, clean, corrupted, metric);
      found
          .bySite()
          .forEach((site, rows) -> {
            double[] truth = AttributionPatching.exact(model, clean, corrupted, metric, site);
            for (int p = at; p < clean.length; p++) {
              estimates.add(Arrays.stream(rows[p]).sum());
              truths.add(truth[p]);
            }
          });
    }
    return new PatchingAgreement(
        estimates.stream().mapToDouble(v -> v).toArray(),
        truths.stream().mapToDouble(v -> v).toArray());
  }

  private static int likeliest(Model model, int[] prompt) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor logits = model.forward(LanguageModeling.tensor(new int[][] {prompt}));
      return (int) logits.select(1, prompt.length - 1).argmax(-1).toLongs()[0];
    }
  }

  double correlation() {
    return Correlation.pearson(attributed, patched);
  }
}
