package org.lapidary.interpret.rerouting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.rerouting.Rerouting.Attempt;
import org.lapidary.interpret.rerouting.Rerouting.Case;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

class ReroutingTest {
  private static final int VOCAB = 11;

  private static Model model() {
    Model model = Model.random(DecoderConfig.gpt(VOCAB, 16, 2, 4, 8, "gelu"), new Rng(3));
    model.layer().parameters().values().stream()
        .filter(p -> p.tensor().rank() == 2)
        .forEach(p -> p.set(p.value().mul(10)));
    return model;
  }

  private static Attempt attempt(boolean success, long layers) {
    Template template = new Template(new int[] {1}, 1, new int[] {2});
    SuffixSearch.Step step = new SuffixSearch.Step(new int[] {3}, 0, 1, 1);
    return new Attempt(
        new Case(template, 4), new SuffixSearch.Found(List.of(step), List.of()), success, layers);
  }

  @Test
  void halfOfThePromptsHaveGivenWayAtTheMedianOfThoseThatDo() {
    List<Attempt> attempts =
        List.of(attempt(true, 70), attempt(false, -1), attempt(true, 20), attempt(false, 40));
    assertThat(Rerouting.success(attempts)).isEqualTo(0.5);
    assertThat(Rerouting.layersToHalf(attempts)).isEqualTo(40);
    assertThat(Rerouting.layersToHalf(List.of(attempt(true, 5), attempt(false, -1)))).isEqualTo(5);
    assertThat(Rerouting.layersToHalf(List.of(attempt(false, -1)))).isInfinite();
    assertThat(attempts.getFirst().rerouted()).containsExactly(1, 3, 2);
  }

  @Test
  void successIsWhatTheModelSaysNotWhatTheSearchLowered() {
    Model model = model();
    Template template = new Template(new int[] {3, 1}, 2, new int[] {9});
    Rerouting audit = new Rerouting(new SuffixSearch(8, 4, 3, 5, 6, 1.8));
    SuffixSearch.Tokens tokens = SuffixSearch.Tokens.without(VOCAB, 10);
    for (int answer = 0; answer < VOCAB; answer++) {
      Case one = new Case(template, answer);
      for (Attempt a :
          audit.audit(
              model, List.of(one), c -> new Surrogate.Output(2, c.answer()), tokens, new Rng(1))) {
        assertThat(a.success()).isEqualTo(LastToken.next(model, a.rerouted()) == answer);
        if (a.success()) {
          assertThat(a.layers()).isBetween(1L, a.found().last().layers());
        }
      }
    }
  }

  @Test
  void hardeningTeachesACopyToKeepTheGateClosed() {
    Model model = model();
    List<int[]> rerouted = List.of(new int[] {1, 2, 9}, new int[] {4, 5, 6, 9});
    try (Scope scope = Scope.open()) {
      Tensor tokens = LanguageModeling.tensor(new int[][] {{1, 2, 9}});
      Tensor before = model.forward(tokens);
      Model hardened =
          Rerouting.harden(
              model,
              rerouted,
              7,
              copy -> (step, rng) -> LanguageModeling.loss(copy, tokens).mul(0),
              new Rerouting.Hardening(60, 4, 1e-2),
              1);
      rerouted.forEach(p -> assertThat(LastToken.next(hardened, p)).isEqualTo(7));
      assertThat(model.forward(tokens).sub(before).abs().max().item()).isZero();
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            Rerouting.harden(
                model,
                List.of(),
                7,
                copy -> (step, rng) -> Tensor.scalar(0),
                Rerouting.Hardening.defaults(),
                1))
        .withMessageContaining("nothing to harden");
  }
}
