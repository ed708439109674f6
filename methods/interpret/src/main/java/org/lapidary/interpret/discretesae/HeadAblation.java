package org.lapidary.interpret.discretesae;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Runs of a model in which some heads write their mean instead of what they see, at the last token
 * of a prompt. Heads are numbered layer * heads + head.
 */
public final class HeadAblation {
  private final Model model;
  private final int heads;
  private final int[][] prompts;
  private final List<Tensor> means = new ArrayList<>();

  /**
   * Takes the means over some prompts.
   *
   * @param prompts of one length, on which the heads are ablated too
   * @param reference of the same length, over which the means are taken
   */
  public HeadAblation(Model model, int[][] prompts, int[][] reference) {
    this.model = model;
    this.prompts = prompts;
    heads = model.decoder().config().heads();
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Activations acts = model.capture(LanguageModeling.tensor(reference), "blocks.*.attn.hook_z");
      for (Tensor z : acts.map().values()) {
        Tensor last = z.slice(1, z.size(1) - 1, z.size(1));
        means.add(last.mean(true, 0).copy().unscoped());
      }
    }
  }

  /** How many heads the model has. */
  public int heads() {
    return heads * means.size();
  }

  /** All heads. */
  public List<Integer> all() {
    return IntStream.range(0, heads()).boxed().toList();
  }

  /** Logits at the last token with some heads ablated, [prompt, vocab]; the caller's scope. */
  public Tensor logits(Collection<Integer> ablated) {
    Set<Integer> gone = Set.copyOf(ablated);
    Intervention change =
        new Intervention(
            "blocks.*.attn.hook_z",
            (path, z) -> {
              int layer = Integer.parseInt(path.split("\\.")[1]);
              boolean[] mask = new boolean[heads];
              for (int h = 0; h < heads; h++) {
                mask[h] = gone.contains(layer * heads + h);
              }
              Tensor here = Tensor.of(mask, 1, 1, heads, 1);
              long n = z.size(1);
              Tensor last = z.slice(1, n - 1, n);
              long[] shape = last.shape().toArray();
              Tensor changed =
                  Tensor.where(here.expand(shape), means.get(layer).expand(shape), last);
              return n == 1 ? changed : Tensor.concat(1, z.slice(1, 0, n - 1), changed);
            });
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor logits = model.with(change).forward(LanguageModeling.tensor(prompts));
      return scope.keep(logits.select(1, logits.size(1) - 1).copy());
    }
  }

  /**
   * The mean over prompts of the target's logit minus the mean logit of the vocabulary, with some
   * heads ablated.
   */
  public double advantage(Collection<Integer> ablated, int[] targets) {
    try (Scope scope = Scope.open()) {
      Tensor logits = logits(ablated);
      long[] at = IntStream.of(targets).asLongStream().toArray();
      Tensor right = logits.gather(1, Tensor.of(at, at.length, 1)).squeeze(1);
      return right.sub(logits.mean(false, 1)).mean().item();
    }
  }

  /**
   * A greedy search (after Conmy et al., 2023, arXiv 2304.14997, with heads for edges): in each
   * round every head that is left is tried, and the one whose ablation moves the prediction least
   * from the whole model's goes, until none is left.
   *
   * @return for each head, the round in which it went: those that matter go late
   */
  public double[] greedy() {
    double[] scores = new double[heads()];
    try (Scope scope = Scope.open()) {
      Tensor whole = logits(List.of()).logSoftmax(-1);
      Tensor p = whole.exp();
      List<Integer> removed = new ArrayList<>();
      while (removed.size() < heads()) {
        int least = -1;
        double smallest = Double.POSITIVE_INFINITY;
        for (int h = 0; h < heads(); h++) {
          if (removed.contains(h)) {
            continue;
          }
          try (Scope inner = Scope.open()) {
            List<Integer> tried = new ArrayList<>(removed);
            tried.add(h);
            Tensor moved = whole.sub(logits(tried).logSoftmax(-1));
            double divergence = p.mul(moved).sum(false, 1).mean().item();
            if (divergence < smallest) {
              smallest = divergence;
              least = h;
            }
          }
        }
        removed.add(least);
        scores[least] = removed.size();
      }
    }
    return scores;
  }
}
