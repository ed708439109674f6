package org.lapidary.interpret.attribution;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Attribution patching (Nanda, 2023; Syed et al., 2023, arXiv 2310.10348): what putting an
 * activation of a clean prompt into the run of a corrupted one would change, to first order: (clean
 * - corrupted) . gradient of the metric in the corrupted run. Two forward passes and one backward
 * give it for every site, where patching takes a pass for each. First order is exact where the rest
 * of the network is linear, and errs most for large differences, such as of whole streams.
 *
 * @param sites a glob, see {@link org.lapidary.nn.Sites#glob}
 */
public record AttributionPatching(String sites) {

  /** What heads and MLPs write, and the stream before each block. */
  public static final String WRITTEN =
      "{hook_embed,blocks.*.hook_resid_pre,blocks.*.attn.hook_z,blocks.*.hook_mlp_out}";

  public static AttributionPatching defaults() {
    return new AttributionPatching(WRITTEN);
  }

  /**
   * Attributes.
   *
   * @param clean the prompt whose activations would be put in
   * @param corrupted as long
   * @param metric of the logits [1, position, vocab], a scalar
   * @throws IllegalArgumentException if the prompts are of unequal length, no site matches, or an
   *     activation is not finite
   */
  public Attributions of(Model model, int[] clean, int[] corrupted, UnaryOperator<Tensor> metric) {
    if (clean.length != corrupted.length || clean.length == 0) {
      throw new IllegalArgumentException(
          "patching needs two prompts of equal length; the clean one has %d tokens, the corrupted one %d"
              .formatted(clean.length, corrupted.length));
    }
    try (Scope scope = Scope.open()) {
      Activations good = model.capture(LanguageModeling.tensor(new int[][] {clean}), sites);
      double whole = Autograd.noGrad(() -> metric.apply(good.output()).item());
      Map<String, Tensor> seen = new LinkedHashMap<>();
      double broken;
      List<Tensor> gradients;
      try (var ignored = Autograd.enableGrad()) {
        Tensor value = metric.apply(traced(model, corrupted, seen));
        broken = value.item();
        gradients = Autograd.grad(value, new ArrayList<>(seen.values()));
      }
      Map<String, double[][]> bySite = new LinkedHashMap<>();
      int i = 0;
      for (Map.Entry<String, Tensor> at : seen.entrySet()) {
        Tensor x = at.getValue().detach();
        // what a causal mask hides is minus infinity in both
        Tensor unseen = x.eq(Double.NEGATIVE_INFINITY);
        Tensor difference = good.at(at.getKey()).sub(x).maskedFill(unseen, 0);
        Tensor product = difference.mul(gradients.get(i++));
        bySite.put(at.getKey(), finite(at.getKey(), rows(at.getKey(), product)));
      }
      return new Attributions(whole, broken, bySite);
    }
  }

  /** The logits of a run whose activations at the sites can be differentiated by. */
  private Tensor traced(Model model, int[] tokens, Map<String, Tensor> seen) {
    Intervention roots =
        new Intervention("hook_embed", (site, x) -> x.detach().copy().requiresGrad(true));
    Intervention trace =
        new Intervention(
            sites,
            (site, x) -> {
              Tensor traced = x.requiresGrad() ? x : x.detach().requiresGrad(true);
              seen.put(site, traced);
              return traced;
            });
    return model.with(roots, trace).forward(LanguageModeling.tensor(new int[][] {tokens}));
  }

  /** Sums over all but the position and, where there are heads, the head: [position][head]. */
  private static double[][] rows(String site, Tensor product) {
    Tensor x = product.to(DType.FLOAT64);
    boolean scores = site.endsWith("hook_pattern") || site.endsWith("hook_attn_scores");
    Tensor flat =
        scores
            ? x.sum(false, 3).transpose(1, 2) // [b, head, query, key]
            : x.rank() == 4 ? x.sum(false, 3) : x.sum(true, x.rank() - 1);
    long positions = flat.size(1);
    long heads = flat.size(2);
    double[] values = flat.sum(false, 0).toDoubles();
    double[][] rows = new double[(int) positions][(int) heads];
    for (int p = 0; p < positions; p++) {
      System.arraycopy(values, (int) (p * heads), rows[p], 0, (int) heads);
    }
    return rows;
  }

  private static double[][] finite(String site, double[][] rows) {
    for (double[] row : rows) {
      for (double value : row) {
        if (!Double.isFinite(value)) {
          throw new IllegalArgumentException(
              "the activations or gradients at '%s' are not finite; look for NaN in the model's weights"
                  .formatted(site));
        }
      }
    }
    return rows;
  }

  /**
   * What patching does in fact: the metric of the corrupted run with a clean activation put in at
   * each position, less that without.
   *
   * @param site of an activation [1, position, ...]
   * @return by position
   */
  public static double[] exact(
      Model model, int[] clean, int[] corrupted, UnaryOperator<Tensor> metric, String site) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor input = LanguageModeling.tensor(new int[][] {corrupted});
      Tensor good = model.capture(LanguageModeling.tensor(new int[][] {clean}), site).at(site);
      if (good.size(1) != corrupted.length) {
        throw new IllegalArgumentException(
            "the activation at '%s' has the shape %s; one that goes by the %d positions can be patched"
                .formatted(site, good.shape(), corrupted.length));
      }
      Activations run = model.capture(input, site);
      double before = metric.apply(run.output()).item();
      long positions = good.size(1);
      double[] moved =
          good.sub(run.at(site)).abs().reshape(positions, -1).sum(false, 1).toDoubles();
      double[] effects = new double[clean.length];
      for (int p = 0; p < effects.length; p++) {
        if (moved[p] == 0) {
          continue; // before the first token that differs both runs are the same
        }
        try (Scope one = Scope.open()) {
          Intervention patch = Intervention.patch(site, good, p);
          effects[p] = metric.apply(model.with(patch).forward(input)).item() - before;
        }
      }
      return effects;
    }
  }
}
