package org.lapidary.interpret.moex;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Task;

/** Trains a language model with mixtures of experts so that every expert gets its share. */
public final class ExpertTraining {
  private ExpertTraining() {}

  /**
   * Next-token prediction on sequences drawn from a set, and {@code coefficient} times the mean of
   * {@link #balance} over the mixtures.
   *
   * @param sequences of one length
   * @param batch sequences a step
   * @param coefficient Switch Transformers' alpha, 0.01 there
   */
  public static Task task(Model model, int[][] sequences, int batch, double coefficient) {
    return (step, rng) -> {
      int[][] drawn = new int[batch][];
      for (int b = 0; b < batch; b++) {
        drawn[b] = sequences[rng.nextInt(sequences.length)];
      }
      return loss(model, LanguageModeling.tensor(drawn), coefficient);
    };
  }

  private static Tensor loss(Model model, Tensor tokens, double coefficient) {
    long length = tokens.size(1);
    List<Tensor> scores = new ArrayList<>();
    List<Tensor> gates = new ArrayList<>();
    Tensor logits =
        model
            .with(seeing("hook_scores", scores), seeing("hook_gates", gates))
            .forward(tokens.slice(1, 0, length - 1));
    Tensor target = tokens.slice(1, 1, length).reshape(-1);
    Tensor loss = logits.reshape(target.elements(), logits.size(-1)).crossEntropy(target);
    for (int i = 0; i < scores.size(); i++) {
      loss = loss.add(balance(scores.get(i), gates.get(i)).mul(coefficient / scores.size()));
    }
    return loss;
  }

  private static Intervention seeing(String site, List<Tensor> into) {
    return new Intervention(
        "**." + site,
        (path, x) -> {
          into.add(x);
          return x;
        });
  }

  /**
   * M sum_j f_j p_j, where f_j is expert j's share of all sendings and p_j the mean over tokens of
   * a softmax over all scores (Fedus et al., 2022, arXiv 2101.03961, equation 4): 1 where all
   * experts get equally much, M where one gets all. Its gradient flows through p alone.
   *
   * @param scores [..., experts]
   * @param gates [..., experts], above 0 where a token is sent
   */
  public static Tensor balance(Tensor scores, Tensor gates) {
    long experts = scores.size(-1);
    Tensor sent = gates.reshape(-1, experts).gt(0).to(DType.FLOAT32).mean(false, 0);
    Tensor share = sent.div(sent.sum());
    Tensor probability = scores.reshape(-1, experts).softmax(-1).mean(false, 0);
    return share.mul(probability).sum().mul(experts);
  }
}
