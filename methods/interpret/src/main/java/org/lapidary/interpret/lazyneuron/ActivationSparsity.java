package org.lapidary.interpret.lazyneuron;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
      String site, int width, double nonzero, double near, double dead, double[] rates) {}

  /**
   * Measures every MLP.
   *
   * @param sequences token ids of one length
   */
  public List<Layer> audit(Model model, int[][] sequences) {
    List<String> sites = new ArrayList<>();
    List<Tensor> fired = new ArrayList<>();
    List<double[]> sums = new ArrayList<>();
    long tokens = 0;
    boolean first = true;
    try (Scope outer = Scope.open()) {
      for (int from = 0; from < sequences.length; from += 16) {
        int[][] part = Arrays.copyOfRange(sequences, from, Math.min(sequences.length, from + 16));
        try (Scope scope = Scope.open()) {
          Activations acts = model.capture(LanguageModeling.tensor(part), "blocks.*.mlp.hook_post");
          int i = 0;
          for (String site : acts.sites()) {
            Tensor h = acts.at(site).reshape(-1, acts.at(site).size(-1));
            Tensor rms = h.square().mean().sqrt();
            Tensor near = h.abs().lt(rms.mul(nearZero));
            Tensor nonzero = h.ne(0);
            // With ReLU the two agree; a smooth unit fires where it is not near zero.
            Tensor fires = near.not().and(nonzero).to(DType.FLOAT64);
            if (first) {
              sites.add(site);
              fired.add(
                  outer.keep(scope.keep(Tensor.zeros(DType.FLOAT64, fires.sum(false, 0).shape()))));
              sums.add(new double[2]);
            }
            fired.set(i, scope.keep(fired.get(i).add(fires.sum(false, 0))));
            sums.get(i)[0] += nonzero.to(DType.FLOAT64).sum().item();
            sums.get(i)[1] += near.to(DType.FLOAT64).sum().item();
            if (i == 0) {
              tokens += h.size(0);
            }
            i++;
          }
          first = false;
        }
      }
      List<Layer> layers = new ArrayList<>();
      for (int i = 0; i < sites.size(); i++) {
        double[] rates = fired.get(i).div(tokens).toDoubles();
        int width = rates.length;
        double cells = (double) tokens * width;
        layers.add(
            new Layer(
                sites.get(i),
                width,
                sums.get(i)[0] / cells,
                sums.get(i)[1] / cells,
                Arrays.stream(rates).filter(r -> r == 0).count() / (double) width,
                rates));
      }
      return layers;
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
    for (int from = 0; from < sequences.length; from += 16) {
      int[][] part = Arrays.copyOfRange(sequences, from, Math.min(sequences.length, from + 16));
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
    Tensor indices = h.detach().abs().topk(k, -1).indices();
    Tensor mask =
        Tensor.zeros(h.dtype(), h.shape())
            .scatter(-1, indices, Tensor.ones(h.dtype(), indices.shape()));
    return h.mul(mask);
  }
}
