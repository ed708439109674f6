package org.lapidary.interpret.lnremoval;

import org.lapidary.nn.Activations;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * What is special about the first token.
 *
 * @param norm of its last stream over the mean norm of the others'
 * @param sink the mean share of attention that it gets from queries of the second half
 */
record FirstPosition(double norm, double sink) {

  static FirstPosition of(Model model, int[][] windows) {
    int layers = model.decoder().blocks().size();
    String last = "blocks." + (layers - 1) + ".hook_resid_post";
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Activations acts =
          model.capture(
              LanguageModeling.tensor(windows), "{blocks.*.attn.hook_pattern," + last + "}");
      Tensor x = acts.at(last);
      Tensor norms = x.sub(x.mean(true, -1)).square().sum(false, -1).sqrt(); // [batch, position]
      long n = norms.size(1);
      double first = norms.select(1, 0).mean().item();
      double sink = 0;
      for (int l = 0; l < layers; l++) {
        Tensor pattern = acts.at("blocks." + l + ".attn.hook_pattern");
        sink += pattern.slice(2, n / 2, n).select(3, 0).mean().item() / layers;
      }
      return new FirstPosition(first / norms.slice(1, 1, n).mean().item(), sink);
    }
  }
}
