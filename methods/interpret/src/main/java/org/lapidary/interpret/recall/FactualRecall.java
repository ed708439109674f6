package org.lapidary.interpret.recall;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Takes the recall of facts apart: which heads bring the topic, what each MLP makes of what heads
 * say, where topic and answer stand in the stream, and what the last block suppresses.
 *
 * @param heads task heads at most
 * @param enough heads are added until they make this share of the metric's change
 * @param permutations of head outputs across prompts, for the R^2 that chance gives
 */
public record FactualRecall(int heads, double enough, int permutations) {

  /** At most 4 heads, 0.9 of the change, 5 permutations. */
  public static FactualRecall defaults() {
    return new FactualRecall(4, 0.9, 5);
  }

  public FactualRecall {
    if (heads < 1 || permutations < 1 || !(enough > 0 && enough <= 1)) {
      throw new IllegalArgumentException(
          "at least 1 head and 1 permutation and a share in 0 to 1 are needed, were %d, %d and %s"
              .formatted(heads, permutations, enough));
    }
  }

  /**
   * Reports.
   *
   * @param rng of the permutations
   */
  public RecallReport report(Model model, RecallTask task, Rng rng) {
    TaskHeads found = TaskHeads.of(model, task.fit(), heads, enough);
    return new RecallReport(
        task.name(),
        found,
        found.shareOn(model, task.held()),
        decompositions(model, task, rng),
        Ranks.of(model, task.held()),
        Suppression.of(model, task.fit()));
  }

  private List<RecallReport.Layer> decompositions(Model model, RecallTask task, Rng rng) {
    List<RecallReport.Layer> layers = new ArrayList<>();
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Activations fit = written(model, task.fit());
      Activations held = written(model, task.held());
      for (int l = 0; l < model.decoder().blocks().size(); l++) {
        try (Scope one = Scope.open()) {
          List<Tensor> heard = said(fit, l);
          Tensor mlp = mlp(fit, l);
          MlpDecomposition gains = MlpDecomposition.fit(heard, mlp);
          double permuted = 0;
          double chance = 0;
          for (int i = 0; i < permutations; i++) {
            List<Tensor> mixed = permute(said(held, l), rng);
            permuted += gains.r2(mixed, mlp(held, l)) / permutations;
            chance +=
                MlpDecomposition.fit(permute(heard, rng), mlp).r2(mixed, mlp(held, l))
                    / permutations;
          }
          layers.add(
              new RecallReport.Layer(
                  l,
                  gains,
                  gains.r2(said(held, l), mlp(held, l)),
                  permuted,
                  chance,
                  redirection(model, task.held(), gains)));
        }
      }
    }
    return layers;
  }

  private static Activations written(Model model, List<RecallPrompt> prompts) {
    return model.capture(
        LanguageModeling.tensor(RecallPrompt.clean(prompts)),
        "{blocks.*.attn.hook_result,blocks.*.hook_mlp_out}");
  }

  /** Each head's output at the last token, [prompt, d]. */
  private static List<Tensor> said(Activations acts, int layer) {
    Tensor all = acts.at("blocks." + layer + ".attn.hook_result").select(1, -1);
    List<Tensor> heads = new ArrayList<>();
    for (int h = 0; h < all.size(1); h++) {
      heads.add(all.select(1, h));
    }
    return heads;
  }

  private static Tensor mlp(Activations acts, int layer) {
    return acts.at("blocks." + layer + ".hook_mlp_out").select(1, -1);
  }

  /** The heads' outputs on other prompts, all heads' on the same. */
  private static List<Tensor> permute(List<Tensor> heads, Rng rng) {
    long[] order =
        Arrays.stream(rng.permutation((int) heads.getFirst().size(0))).asLongStream().toArray();
    Tensor index = Tensor.of(order, order.length);
    return heads.stream().map(a -> a.indexSelect(0, index)).toList();
  }

  /** The mean of (W_U[answer] - W_U[topic]) . b. */
  private static double redirection(
      Model model, List<RecallPrompt> prompts, MlpDecomposition gains) {
    Tensor along =
        model
            .decoder()
            .unembedding()
            .to(DType.FLOAT64)
            .matmul(Tensor.of(gains.intercept()).unsqueeze(1));
    double[] logits = along.toDoubles();
    return prompts.stream()
        .mapToDouble(p -> logits[p.answer()] - logits[p.topic()])
        .average()
        .orElseThrow();
  }
}
