package org.lapidary.interpret.lnremoval;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Mlp;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Neurons of the last MLP that write much into the stream, but little that the unembedding reads
 * (Stolfo et al., 2024, arXiv 2406.16254): what they do, they do by the scale of the final norm.
 *
 * @param indices of the neurons
 */
public record ConfidenceNeurons(List<Integer> indices) {
  private static final String FINAL_SCALE = "ln_final.hook_scale";

  /**
   * Of the quarter with the largest output norms, those with the least variance of the cosines
   * between their output and the unembedding's rows.
   *
   * @throws IllegalArgumentException if the last block has no plain MLP, or too few neurons
   */
  public static ConfidenceNeurons of(Model model, int count) {
    int last = model.decoder().blocks().size() - 1;
    if (last < 0
        || !(model.decoder().blocks().get(last).mlp() instanceof Mlp mlp)
        || !(mlp.layer("out") instanceof Linear out)) {
      throw new IllegalArgumentException(
          "neurons are looked for in the plain MLP of the last block; this model has none");
    }
    if (count < 1 || count > out.in() / 4) {
      throw new IllegalArgumentException(
          "asked for %d of %d neurons; 1 to a quarter of them".formatted(count, out.in()));
    }
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor w = out.weight().value().to(DType.FLOAT64); // [dModel, dMlp]
      Tensor u = model.decoder().unembedding().to(DType.FLOAT64); // [vocab, dModel]
      double[] norms = w.square().sum(false, 0).sqrt().toDoubles();
      Tensor units = w.div(w.square().sum(true, 0).sqrt());
      Tensor cosines = u.div(u.square().sum(true, 1).sqrt()).matmul(units);
      double[] variance = cosines.sub(cosines.mean(true, 0)).square().mean(false, 0).toDoubles();
      return new ConfidenceNeurons(
          IntStream.range(0, norms.length)
              .boxed()
              .sorted(Comparator.comparingDouble(i -> -norms[i]))
              .limit(norms.length / 4)
              .sorted(Comparator.comparingDouble(i -> variance[i]))
              .limit(count)
              .toList());
    }
  }

  /**
   * What putting a neuron at its mean does to the entropy of the next token, in nats, means of
   * absolute values over tokens.
   *
   * @param total as the model runs
   * @param direct with the final norm's scale held
   * @param mediated the difference of the two: what goes by the scale
   */
  public record Effect(int neuron, double total, double direct, double mediated) {}

  /** The effects of all of them on some windows. */
  public List<Effect> effects(Model model, int[][] windows) {
    String site = "blocks." + (model.decoder().blocks().size() - 1) + ".mlp.hook_post";
    boolean norm = !model.decoder().config().norm().equals("none");
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor tokens = LanguageModeling.tensor(windows);
      var acts = model.capture(tokens, norm ? "{" + site + "," + FINAL_SCALE + "}" : site);
      double[] before = entropies(acts.output());
      Tensor means = acts.at(site).mean(true, 0, 1);
      long width = means.size(2);
      Intervention held =
          norm
              ? Intervention.replace(FINAL_SCALE, acts.at(FINAL_SCALE))
              : Intervention.add(site, Tensor.scalar(0)); // no scale to hold
      return indices.stream()
          .map(i -> {
            try (Scope one = Scope.open()) {
              Tensor here = Tensor.of(new long[] {i}, 1).oneHot(width).reshape(1, 1, width);
              Tensor mask = here.gt(0.5);
              Intervention ablation =
                  new Intervention(
                      site,
                      (path, x) ->
                          Tensor.where(
                              mask.expand(x.shape().toArray()),
                              means.expand(x.shape().toArray()),
                              x));
              double[] total = entropies(model.with(ablation).forward(tokens));
              double[] direct = entropies(model.with(ablation, held).forward(tokens));
              return new Effect(
                  i,
                  difference(total, before),
                  difference(direct, before),
                  difference(total, direct));
            }
          })
          .toList();
    }
  }

  private static double[] entropies(Tensor logits) {
    Tensor log = logits.to(DType.FLOAT64).logSoftmax(-1);
    return log.exp().mul(log).sum(false, -1).neg().flatten(0, -1).toDoubles();
  }

  private static double difference(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> Math.abs(a[i] - b[i])).average().orElse(0);
  }

  /** The mean of what goes by the scale, over neurons. */
  public static double mediated(List<Effect> effects) {
    return Arrays.stream(effects.stream().mapToDouble(Effect::mediated).toArray())
        .average()
        .orElse(Double.NaN);
  }
}
