package org.lapidary.compress.essential;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.compress.Masks;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Iterative magnitude pruning with rewinding to the pre-trained weights (Chen et al., 2020, arXiv
 * 2007.12223), the expensive way to masks: learn the task, drop the smallest share of the weights
 * still there, begin again from the pre-trained ones.
 *
 * @param share dropped of what is left, each round
 * @param rounds how often
 */
public record LotteryTickets(double share, int rounds) {

  public LotteryTickets {
    if (!(share > 0 && share < 1) || rounds < 0) {
      throw new IllegalArgumentException(
          "a share between 0 and 1 is dropped each round, was %s in %d rounds"
              .formatted(share, rounds));
    }
  }

  /** 10% of the rest each round, as published. */
  public static LotteryTickets defaults() {
    return new LotteryTickets(0.1, 7);
  }

  /**
   * A mask and what the task reached under it.
   *
   * @param sparsity one of {@link #levels}
   */
  public record Ticket(double sparsity, Map<String, Tensor> masks, double quality) {}

  /**
   * The sparsities of the tickets among n weights, as levels for one-shot pruning that drops as
   * many weights.
   */
  public double[] levels(long n) {
    double[] levels = new double[rounds + 1];
    long dropped = 0;
    for (int round = 1; round <= rounds; round++) {
      dropped += (long) Math.floor(share * (n - dropped));
      // half a weight more, so that rounding of the product with n cannot lose one
      levels[round] = (dropped + 0.5) / n;
    }
    return levels;
  }

  /** Tickets of rising sparsity; the first drops nothing. */
  public List<Ticket> find(Model pretrained, Downstream task) {
    List<Ticket> tickets = new ArrayList<>();
    Map<String, Tensor> masks = Selection.GLOBAL.masks(pretrained, 0, 0);
    long n = masks.values().stream().mapToLong(Tensor::elements).sum();
    double[] levels = levels(n);
    for (int round = 0; round <= rounds; round++) {
      Downstream.Tuned tuned = task.learn(pretrained, masks);
      tickets.add(new Ticket(levels[round], masks, tuned.quality()));
      if (round < rounds) {
        masks = smallest(tuned.model(), masks, levels[round + 1]);
      }
    }
    return tickets;
  }

  /** Drops the smallest weights of a model; those that are dropped already stay so. */
  private static Map<String, Tensor> smallest(
      Model model, Map<String, Tensor> before, double sparsity) {
    try (Scope scope = Scope.open()) {
      Map<String, Tensor> scores = new LinkedHashMap<>();
      Selection.magnitudes(model)
          .forEach((path, score) ->
              scores.put(
                  path,
                  score.maskedFill(java.util.Objects.requireNonNull(before.get(path)).not(), -1)));
      Map<String, Tensor> masks = Masks.global(scores, sparsity);
      masks.values().forEach(scope::keep);
      return masks;
    }
  }
}
