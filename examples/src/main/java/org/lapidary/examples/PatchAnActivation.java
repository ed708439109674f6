package org.lapidary.examples;

import java.nio.file.Path;
import org.lapidary.io.model.Models;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** Opens a model, and moves an activation of one prompt into the run of another. */
public final class PatchAnActivation {
  private PatchAnActivation() {}

  /** Prints how the likeliest next token changes; the argument is a model. */
  public static void main(String[] args) {
    Model model = Models.load(Path.of(args[0]));
    int[] clean = {1, 5, 9, 7};
    int[] other = {1, 6, 9, 7};
    try (Scope scope = Scope.open()) {
      Tensor cleanTokens = Tensor.of(clean, 1, clean.length);
      Tensor otherTokens = Tensor.of(other, 1, other.length);
      String site = "blocks.0.hook_resid_post";
      Activations acts = model.capture(cleanTokens, site);
      Tensor patched = model.with(Intervention.patch(site, acts.at(site), 1)).forward(otherTokens);
      System.out.println("clean   " + next(model.forward(cleanTokens)));
      System.out.println("other   " + next(model.forward(otherTokens)));
      System.out.println("patched " + next(patched));
    }
  }

  /** The likeliest token after the last position; logits [batch, position, vocab]. */
  private static long next(Tensor logits) {
    return (long) logits.select(1, -1).argmax(-1).item();
  }
}
