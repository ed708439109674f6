package org.lapidary.interpret.recall;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.interpret.circuit.Faithfulness.Unit;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.nn.Norm;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * What the last block adds to the right answers' logits, and a remedy where it takes from them.
 *
 * @param parts the block's heads, then its MLP
 */
public record Suppression(List<Part> parts) {

  /**
   * A head or the MLP.
   *
   * @param unit the token is the last
   * @param attribution mean of what it adds to the answer's logit, less what it adds to the mean
   *     logit, with the final norm's scale held
   */
  public record Part(Unit unit, double attribution) {}

  /** Attributes the answers' logits directly. */
  public static Suppression of(Model model, List<RecallPrompt> prompts) {
    int end = RecallPrompt.end(prompts);
    Decoder decoder = model.decoder();
    int last = decoder.blocks().size() - 1;
    String result = "blocks." + last + ".attn.hook_result";
    String mlp = "blocks." + last + ".hook_mlp_out";
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Activations acts =
          model.capture(
              LanguageModeling.tensor(RecallPrompt.clean(prompts)),
              "{%s,%s,ln_final.hook_scale}".formatted(result, mlp));
      Tensor reading = reading(decoder, acts, prompts);
      List<Part> parts = new ArrayList<>();
      for (int h = 0; h < decoder.config().heads(); h++) {
        Tensor written = acts.at(result).select(1, end).select(1, h);
        parts.add(
            new Part(new Unit("blocks." + last + ".attn.hook_z", h, end), along(written, reading)));
      }
      if (acts.sites().contains(mlp)) {
        parts.add(new Part(new Unit(mlp, -1, end), along(acts.at(mlp).select(1, end), reading)));
      }
      return new Suppression(parts);
    }
  }

  /** What a stream's product with gives the answer's logit less the mean logit, [prompt, d]. */
  private static Tensor reading(Decoder decoder, Activations acts, List<RecallPrompt> prompts) {
    long[] answers =
        java.util.Arrays.stream(RecallPrompt.answers(prompts)).asLongStream().toArray();
    Tensor u = decoder.unembedding();
    Tensor rows = u.indexSelect(0, Tensor.of(answers, answers.length)).sub(u.mean(true, 0));
    Norm norm = decoder.lnFinal();
    if (norm.kind().equals("none")) {
      return rows;
    }
    Tensor read = rows.mul(norm.gain()).div(acts.at("ln_final.hook_scale").select(1, -1));
    return norm.kind().equals("layernorm") ? read.sub(read.mean(true, 1)) : read;
  }

  private static double along(Tensor written, Tensor reading) {
    return written.mul(reading).sum(false, 1).mean().item();
  }

  /** Those that take from the answers' logits. */
  public List<Part> suppressing() {
    return parts.stream().filter(p -> p.attribution() < 0).toList();
  }

  /**
   * The model with what suppresses scaled, at every token: out - (1 - gamma) part.
   *
   * @param gamma 1 changes nothing, 0 takes the parts away
   * @throws IllegalArgumentException if gamma is not in 0 to 1
   */
  public Model.Intervened mitigate(Model model, double gamma) {
    if (!(gamma >= 0 && gamma <= 1)) {
      throw new IllegalArgumentException("gamma must be in 0 to 1, was " + gamma);
    }
    return model.with(
        suppressing().stream()
            .map(part -> scaled(model, part.unit(), gamma))
            .toArray(Intervention[]::new));
  }

  private static Intervention scaled(Model model, Unit unit, double gamma) {
    if (unit.index() < 0) {
      return new Intervention(unit.site(), (site, x) -> x.mul(gamma));
    }
    float[] factors = new float[model.decoder().config().heads()];
    java.util.Arrays.fill(factors, 1);
    factors[unit.index()] = (float) gamma;
    return new Intervention(
        unit.site(), (site, x) -> x.mul(Tensor.of(factors, 1, 1, factors.length, 1)));
  }

  /**
   * The gamma of some that gives the right answers the largest mean probability.
   *
   * @param development prompts on which none is judged later
   */
  public double bestGamma(Model model, List<RecallPrompt> development, double... gammas) {
    double best = 1;
    double most = Double.NEGATIVE_INFINITY;
    for (double gamma : gammas) {
      double p = probability(mitigate(model, gamma), development);
      if (p > most) {
        most = p;
        best = gamma;
      }
    }
    return best;
  }

  /** The mean probability of the right answers. */
  public static double probability(Model.Intervened model, List<RecallPrompt> prompts) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor p =
          model
              .forward(LanguageModeling.tensor(RecallPrompt.clean(prompts)))
              .select(1, -1)
              .softmax(-1);
      return RecallPrompt.pick(p, RecallPrompt.answers(prompts)).mean().item();
    }
  }
}
