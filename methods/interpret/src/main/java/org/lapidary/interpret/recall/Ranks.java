package org.lapidary.interpret.recall;

import java.util.List;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Where topic and answer stand among all tokens when the stream at the last token is read after
 * every sublayer through the final norm and the unembedding (the logit lens of nostalgebraist,
 * 2020).
 *
 * @param sites the streams, in the order of the model
 * @param topic the mean rank of the topic there, 0 for the most probable
 * @param answer that of the right answer
 */
public record Ranks(List<String> sites, double[] topic, double[] answer) {

  /** Reads all streams after attention and after MLPs. */
  public static Ranks of(Model model, List<RecallPrompt> prompts) {
    RecallPrompt.end(prompts);
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Activations acts =
          model.capture(
              LanguageModeling.tensor(RecallPrompt.clean(prompts)),
              "blocks.*.{hook_resid_pre,hook_resid_mid,hook_resid_post}");
      List<String> sites =
          acts.sites().stream()
              .filter(s -> !s.endsWith("hook_resid_pre") || s.startsWith("blocks.0."))
              .toList();
      double[] topic = new double[sites.size()];
      double[] answer = new double[sites.size()];
      for (int s = 0; s < topic.length; s++) {
        try (Scope one = Scope.open()) {
          Tensor logits = model.decoder().unembed(acts.at(sites.get(s)).select(1, -1));
          topic[s] = mean(logits, RecallPrompt.topics(prompts));
          answer[s] = mean(logits, RecallPrompt.answers(prompts));
        }
      }
      return new Ranks(sites, topic, answer);
    }
  }

  /** The mean rank of a token of each row: how many have a larger logit. Logits [n, vocab]. */
  static double mean(Tensor logits, int[] ids) {
    try (Scope scope = Scope.open()) {
      Tensor own = RecallPrompt.pick(logits, ids).unsqueeze(1);
      return logits.gt(own).to(DType.FLOAT64).sum(false, 1).mean().item();
    }
  }
}
