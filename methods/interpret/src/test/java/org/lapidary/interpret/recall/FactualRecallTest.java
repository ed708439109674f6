package org.lapidary.interpret.recall;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Figure;
import org.lapidary.interpret.circuit.Faithfulness.Unit;
import org.lapidary.interpret.compiled.Compiled;
import org.lapidary.interpret.compiled.Programs;
import org.lapidary.interpret.tasks.FactsLanguage;
import org.lapidary.interpret.tasks.PromptPair;
import org.lapidary.nn.Activations;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

class FactualRecallTest {
  private static final List<String> ABCDE = List.of("a", "b", "c", "d", "e");
  private static final int END = 3;

  /** A compiled model whose head L0H0 brings the token before the last, the topic. */
  private static final Compiled SUM =
      Compiled.of(
          Programs.pairSum(ABCDE, 3)
              .with(Programs.fraction("c", ABCDE, 3), Programs.induction(ABCDE, 3).output()));

  private static List<RecallPrompt> sums() {
    List<RecallPrompt> prompts = new ArrayList<>();
    for (int first = 0; first < 5; first++) {
      for (int topic = 0; topic < 5; topic++) {
        int other = (topic + 1 + first % 4) % 5;
        int last = (2 * first + topic) % 5;
        prompts.add(
            new RecallPrompt(
                new PromptPair(
                    SUM.prompt(first, topic, last),
                    SUM.prompt(first, other, last),
                    new int[] {(topic + last) % 5},
                    new int[] {(other + last) % 5}),
                2));
      }
    }
    return prompts;
  }

  private static List<RecallPrompt> facts(FactsLanguage language) {
    Rng rng = new Rng(4);
    return language.all(0).stream()
        .map(f ->
            new RecallPrompt(
                language.pair(f, language.counterfactual(f, rng)), FactsLanguage.TOPIC_AT))
        .toList();
  }

  @Test
  void theHeadThatBringsTheTopicIsFoundAlone() {
    TaskHeads found = TaskHeads.of(SUM.model(), sums(), 4, 0.9);
    assertThat(found.heads()).hasSize(1);
    TaskHeads.Head head = found.heads().getFirst();
    assertThat(head.unit(END)).isEqualTo(new Unit("blocks.0.attn.hook_z", 0, END));
    assertThat(head.attention()).isCloseTo(1, within(1e-4));
    assertThat(found.share()).isCloseTo(1, within(1e-4));
    assertThat(found.shareOn(SUM.model(), sums())).isCloseTo(1, within(1e-4));
    assertThat(TaskHeads.swapped(SUM.model(), sums(), found.units(END))).isEqualTo(1);
    assertThat(
            TaskHeads.swapped(
                SUM.model(), sums(), Set.of(new Unit("blocks.1.attn.hook_z", 0, END))))
        .isZero();
  }

  @Test
  void theReportHoldsEveryLayerAndItsFigures() {
    RecallTask task = RecallTask.split("sums", sums(), new Rng(1));
    RecallReport report = FactualRecall.defaults().report(SUM.model(), task, new Rng(2));
    assertThat(report.layers()).hasSize(SUM.model().decoder().blocks().size());
    assertThat(report.afterHeads().layer()).isZero();
    assertThat(report.figures()).hasSize(4).first().isInstanceOf(Figure.Table.class);
    // in a compiled model the answer has rank 0 once the first MLP has written it
    int after = report.ranks().sites().indexOf("blocks.0.hook_resid_post");
    assertThat(report.ranks().answer()[after]).isZero();
    assertThat(report.ranks().answer()[0]).isNotNegative();
  }

  @Test
  void partsAndTheStreamBeforeThemAddUpToTheCentredLogit() {
    FactsLanguage language = FactsLanguage.draw(2, 6, 3, 2, new Rng(3));
    Model model =
        Model.random(DecoderConfig.gpt(language.vocab(), 16, 2, 4, 6, "gelu"), new Rng(5));
    model.layer().requiresGrad(false);
    List<RecallPrompt> prompts = facts(language);
    double parts =
        Suppression.of(model, prompts).parts().stream()
            .mapToDouble(Suppression.Part::attribution)
            .sum();
    Activations acts =
        model.capture(
            LanguageModeling.tensor(RecallPrompt.clean(prompts)),
            "{blocks.1.hook_resid_pre,ln_final.hook_scale}");
    Tensor u = model.decoder().unembedding();
    Tensor before = acts.at("blocks.1.hook_resid_pre").select(1, -1);
    Tensor normed =
        before
            .sub(before.mean(true, 1))
            .div(acts.at("ln_final.hook_scale").select(1, -1))
            .mul(model.decoder().lnFinal().gain());
    int[] answers = RecallPrompt.answers(prompts);
    double rest =
        RecallPrompt.pick(normed.matmul(u.sub(u.mean(true, 0)).t()), answers).mean().item();
    Tensor logits = acts.output().select(1, -1);
    double whole = RecallPrompt.pick(logits.sub(logits.mean(true, 1)), answers).mean().item();
    assertThat(parts + rest).isCloseTo(whole, within(1e-5));
  }

  @Test
  void gammaOneChangesNothingAndZeroTakesTheSuppressingPartsAway() {
    FactsLanguage language = FactsLanguage.draw(2, 6, 3, 2, new Rng(3));
    Model model =
        Model.random(DecoderConfig.gpt(language.vocab(), 16, 2, 4, 6, "gelu"), new Rng(6));
    model.layer().requiresGrad(false);
    List<RecallPrompt> prompts = facts(language);
    Tensor tokens = LanguageModeling.tensor(RecallPrompt.clean(prompts));
    Suppression suppression = Suppression.of(model, prompts);
    assertThat(suppression.suppressing()).isNotEmpty().hasSizeLessThan(5);
    try (var ignored = Autograd.noGrad()) {
      assertThat(suppression.mitigate(model, 1).forward(tokens).toFloats())
          .isEqualTo(model.forward(tokens).toFloats());
      Suppression all =
          new Suppression(
              suppression.parts().stream().map(p -> new Suppression.Part(p.unit(), -1)).toList());
      // without its last block, but for the biases of the attention's output, which are 0 here
      assertThat(all.mitigate(model, 0).forward(tokens).select(1, -1).toFloats())
          .containsExactly(
              model
                  .decoder()
                  .unembed(
                      model
                          .capture(tokens, "blocks.1.hook_resid_pre")
                          .at("blocks.1.hook_resid_pre"))
                  .select(1, -1)
                  .toFloats(),
              within(1e-5f));
    }
    double best = suppression.bestGamma(model, prompts, 0, 0.5, 1);
    double reached = Suppression.probability(suppression.mitigate(model, best), prompts);
    assertThat(reached).isGreaterThanOrEqualTo(Suppression.probability(model.with(), prompts));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> suppression.mitigate(model, 1.5))
        .withMessageContaining("gamma must be in 0 to 1, was 1.5");
  }

  @Test
  void promptsThatDoNotFitAreRefusedInWords() {
    PromptPair pair =
        new PromptPair(new int[] {1, 2}, new int[] {1, 3}, new int[] {0}, new int[] {4});
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RecallPrompt(pair, 2))
        .withMessageContaining("0 to 1, was 2");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RecallPrompt(pair, 0))
        .withMessageContaining("both prompts have the topic 1 at 0");
    RecallPrompt two = new RecallPrompt(pair, 1);
    RecallPrompt three =
        new RecallPrompt(
            new PromptPair(new int[] {1, 2, 5}, new int[] {1, 3, 5}, new int[] {0}, new int[] {4}),
            1);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RecallTask("mixed", List.of(two, three), List.of(two, two)))
        .withMessageContaining("2 and 3 tokens");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RecallTask("few", List.of(two), List.of(two)))
        .withMessageContaining("has 1 and 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new FactualRecall(0, 0.9, 5))
        .withMessageContaining("at least 1 head");
  }
}
