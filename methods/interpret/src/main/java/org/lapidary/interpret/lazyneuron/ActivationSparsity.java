package org.lapidary.interpret.lazyneuron;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Measures how few hidden units of each MLP fire.
 *
 * @param nearZero a unit counts as near zero where |h| is below this share of the layer's root mean
 *     square; for smooth activations, which are never exactly zero
 */
public record ActivationSparsity(double nearZero) {
  /** Sequences measured side by side; bounds the memory of a pass. */
  private static final int TOGETHER = 16;

  public static ActivationSparsity defaults() {
    return new ActivationSparsity(0.1);
  }

  /**
   * One MLP.
   *
   * @param site where it was measured, {@code blocks.L.mlp.hook_post}
   * @param width hidden units
   * @param nonzero mean share of units that are not zero
   * @param near mean share of units near zero
   * @param dead share of units that fired on no token: h &lt;= 0 for ReLU, near zero for others
   * @param rates share of tokens on which each unit fired, [width]
   */
  public record Layer(
      String site, int width, double nonzero, double near, double dead, double[] rates) {

    /**
     * Operations of the MLP per token when silent units are skipped, over those when they are not.
     */
    public double cost() {
      return (1 + nonzero) / 2;
    }
  }

  /**
   * Measures every MLP.
   *
   * @param sequences token ids of one length
   */
  public List<Layer> audit(Model model, int[][] sequences) {
    List<Tensor> batches = new ArrayList<>();
    try (Scope scope = Scope.open()) {
      for (int from = 0; from < sequences.length; from += TOGETHER) {
        int to = Math.min(sequences.length, from + TOGETHER);
        batches.add(LanguageModeling.tensor(Arrays.copyOfRange(sequences, from, to)));
      }
      return audit(model, batches, "blocks.*.mlp.hook_post");
    }
  }

  /**
   * Measures hidden units at any sites of any model.
   *
   * @param batches what the model takes, at least one
   * @param sites a glob of sites whose last dimension counts hidden units
   */
  public List<Layer> audit(Model model, List<Tensor> batches, String sites) {
    Map<String, Count> counts = new LinkedHashMap<>();
    for (Tensor batch : batches) {
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Activations acts = model.capture(batch, sites);
        for (String site : acts.sites()) {
          Tensor h = acts.at(site).reshape(-1, acts.at(site).size(-1));
          counts.computeIfAbsent(site, s -> new Count((int) h.size(1))).add(h, nearZero);
        }
      }
    }
    return counts.entrySet().stream().map(e -> e.getValue().layer(e.getKey())).toList();
  }

  /** What was seen of one MLP so far. */
  private static final class Count {
    private final double[] fired;
    private double nonzero;
    private double near;
    private long tokens;

    Count(int width) {
      fired = new double[width];
    }

    /** h [tokens, width]. */
    void add(Tensor h, double nearZero) {
      Tensor small = h.abs().lt(h.square().mean().sqrt().mul(nearZero));
      Tensor notZero = h.ne(0);
      nonzero += notZero.to(DType.FLOAT64).sum().item();
      near += small.to(DType.FLOAT64).sum().item();
      // A ReLU unit fires where it is not zero, a smooth one where it is not near zero.
      boolean relu = h.min().item() == 0;
      Tensor fires = relu ? notZero : small.not();
      double[] more = fires.to(DType.FLOAT64).sum(false, 0).toDoubles();
      for (int i = 0; i < fired.length; i++) {
        fired[i] += more[i];
      }
      tokens += h.size(0);
    }

    Layer layer(String site) {
      double[] rates = Arrays.stream(fired).map(f -> f / tokens).toArray();
      double cells = (double) tokens * fired.length;
      double dead = Arrays.stream(rates).filter(r -> r == 0).count() / (double) fired.length;
      return new Layer(site, fired.length, nonzero / cells, near / cells, dead, rates);
    }
  }

  /**
   * The loss when every token keeps only its k largest hidden units, by absolute value, in all
   * MLPs.
   *
   * @param share of the units kept, k = max(1, round(share * width))
   * @return nats per token
   */
  public static double lossWithTopK(Model model, int[][] sequences, double share) {
    Intervention keep =
        new Intervention(
            "blocks.*.mlp.hook_post",
            (path, h) -> topK(h, Math.max(1, Math.round(share * h.size(-1)))));
    Model.Intervened intervened = model.with(keep);
    double sum = 0;
    int count = 0;
    for (int from = 0; from < sequences.length; from += TOGETHER) {
      int[][] part =
          Arrays.copyOfRange(sequences, from, Math.min(sequences.length, from + TOGETHER));
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor tokens = LanguageModeling.tensor(part);
        sum +=
            LanguageModeling.nats(intervened.forward(tokens), tokens).mean().item() * part.length;
        count += part.length;
      }
    }
    return sum / count;
  }

  /** Keeps the k entries of largest absolute value along the last dimension, zeros the rest. */
  public static Tensor topK(Tensor h, long k) {
    return h.mul(new TopK(Math.toIntExact(k)).mask(h.detach().abs()));
  }
}
