package org.lapidary.interpret.saeeval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Activations at some sites and the last token, side by side as rows [prompt, width]; so do heads.
 *
 * @param sites where, in the order in which a pass meets them; the stream before a layer together
 *     with all of that layer's heads is a cut through which everything passes
 */
public record CrossSection(Model model, List<String> sites) {
  public CrossSection {
    sites = List.copyOf(sites);
    if (sites.isEmpty()) {
      throw new IllegalArgumentException("a cross-section needs at least one site");
    }
  }

  /** The activations of prompts of one length. */
  public Tensor activations(int[][] prompts) {
    try (Scope scope = Scope.open()) {
      Activations acts =
          model.capture(LanguageModeling.tensor(prompts), "{" + String.join(",", sites) + "}");
      List<Tensor> rows = new ArrayList<>();
      for (String site : sites) {
        Tensor x = acts.at(site);
        Tensor last = x.select(1, x.size(1) - 1);
        rows.add(last.reshape(prompts.length, last.elements() / prompts.length));
      }
      return scope.keep(Tensor.concat(1, rows).copy());
    }
  }

  /** Logits at the last token with other rows in the place of the activations, [prompt, vocab]. */
  public Tensor logits(int[][] prompts, Tensor rows) {
    long[] next = new long[1]; // sites are visited in the order of the pass, which is theirs
    Intervention change =
        new Intervention(
            "{" + String.join(",", sites) + "}",
            (path, x) -> {
              long n = x.size(1);
              Tensor old = x.slice(1, n - 1, n);
              long width = old.elements() / prompts.length;
              Tensor here = rows.slice(1, next[0], next[0] + width).reshape(old.shape());
              next[0] += width;
              return n == 1 ? here : Tensor.concat(1, x.slice(1, 0, n - 1), here);
            });
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor logits = model.with(change).forward(LanguageModeling.tensor(prompts));
      return scope.keep(logits.select(1, logits.size(1) - 1).copy());
    }
  }

  /** The predictions under such rows. */
  public long[] predictions(int[][] prompts, Tensor rows) {
    try (Scope scope = Scope.open()) {
      return logits(prompts, rows).argmax(-1).toLongs();
    }
  }

  /**
   * The mean over prompts of one token's logit minus another's under such rows.
   *
   * @param right the token that should win, by prompt
   * @param wrong the token that should not
   */
  public double difference(int[][] prompts, Tensor rows, int[] right, int[] wrong) {
    try (Scope scope = Scope.open()) {
      Tensor logits = logits(prompts, rows);
      return pick(logits, right).sub(pick(logits, wrong)).mean().item();
    }
  }

  private static Tensor pick(Tensor logits, int[] tokens) {
    long[] at = Arrays.stream(tokens).asLongStream().toArray();
    return logits.gather(1, Tensor.of(at, at.length, 1));
  }

  /** The share of equal entries. */
  public static double agreement(long[] a, long[] b) {
    int same = 0;
    for (int i = 0; i < a.length; i++) {
      same += a[i] == b[i] ? 1 : 0;
    }
    return (double) same / a.length;
  }
}
