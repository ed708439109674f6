package org.lapidary.interpret.circuit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.circuit.Faithfulness.Unit;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

class PathPatchingTest {
  private static final int[][] CLEAN = {{1, 4, 2, 7, 3}, {2, 2, 9, 0, 3}};
  private static final int[][] OTHER = {{1, 4, 5, 7, 3}, {2, 8, 9, 0, 3}};
  private static final int END = 4;
  private static final ToDoubleFunction<Tensor> METRIC =
      logits ->
          logits.select(1, -1).select(1, 6).sub(logits.select(1, -1).select(1, 2)).mean().item();

  private static Model model(String norm, String mlp) {
    return model(norm, mlp, 8);
  }

  private static Model model(String norm, String mlp, double scale) {
    DecoderConfig config =
        DecoderConfig.gpt(11, 16, 2, 4, 8, "gelu").withSlots(norm, "pre", "attention", mlp);
    Model model = Model.random(config, new Rng(5));
    model.layer().parameters().values().stream()
        .filter(p -> p.tensor().rank() == 2)
        .forEach(p -> p.set(p.value().mul(scale)));
    return model;
  }

  private static Unit head(int layer, int head) {
    return new Unit("blocks." + layer + ".attn.hook_z", head, END);
  }

  /** The head's other value put in, and everything behind it computed anew. */
  private static Tensor patched(Model model, Unit unit) {
    Tensor other = model.capture(LanguageModeling.tensor(OTHER), unit.site()).at(unit.site());
    Intervention swap =
        new Intervention(
            unit.site(),
            (site, x) -> Tensor.where(Faithfulness.mask(x.shape(), site, Set.of(unit)), other, x));
    return model.with(swap).forward(LanguageModeling.tensor(CLEAN));
  }

  @Test
  void behindTheLastHeadsThereIsOnlyTheDirectPath() {
    Model model = model("layernorm", "mlp");
    PathPatching patching = PathPatching.of(model, CLEAN, OTHER, false);
    for (int h = 0; h < 4; h++) {
      Unit last = head(1, h);
      assertThat(patching.toLogits(Set.of(last)).toFloats())
          .containsExactly(patched(model, last).toFloats(), within(1e-5f));
      assertThat(METRIC.applyAsDouble(patched(model, last)))
          .isNotCloseTo(METRIC.applyAsDouble(patching.clean()), within(1e-4));
    }
  }

  @Test
  void theDirectPathAndThoseThroughHeadsAddUpWhereTheStreamIsASum() {
    Model model = model("none", "none", 20);
    PathPatching patching = PathPatching.of(model, CLEAN, OTHER, false);
    Unit sender = head(0, 2);
    Set<Unit> readers = new HashSet<>();
    for (String part : List.of("q", "k", "v")) {
      for (int token = 0; token <= END; token++) {
        readers.add(new Unit("blocks.1.attn.hook_" + part, -1, token));
      }
    }
    Tensor clean = patching.clean();
    Tensor direct = patching.toLogits(Set.of(sender)).sub(clean);
    Tensor through = patching.through(Set.of(sender), readers).sub(clean);
    Tensor whole = patched(model, sender).sub(clean);
    assertThat(direct.add(through).toFloats()).containsExactly(whole.toFloats(), within(1e-3f));
    assertThat(through.abs().max().item()).isGreaterThan(0.01);
  }

  @Test
  void withoutNormsTheDirectPathIsTheHeadsOutputThroughTheUnembedding() {
    Model model = model("none", "mlp");
    PathPatching held = PathPatching.of(model, CLEAN, OTHER, true);
    String site = "blocks.0.attn.hook_result";
    Tensor change =
        model
            .capture(LanguageModeling.tensor(OTHER), site)
            .at(site)
            .sub(model.capture(LanguageModeling.tensor(CLEAN), site).at(site))
            .select(1, END)
            .select(1, 3);
    Tensor expected = change.matmul(model.decoder().unembedding().t());
    Tensor found = held.toLogits(Set.of(head(0, 3))).sub(held.clean()).select(1, END);
    assertThat(found.toFloats()).containsExactly(expected.toFloats(), within(1e-4f));
  }

  @Test
  void anMlpIsTheOnlyListener() {
    Model model = model("layernorm", "mlp");
    PathPatching patching = PathPatching.of(model, CLEAN, OTHER, true);
    Unit sender = head(0, 1);
    Tensor logits =
        patching.through(Set.of(sender), Set.of(new Unit("blocks.1.hook_mlp_in", -1, END)));
    assertThat(logits.sub(patching.clean()).abs().select(1, END).max().item()).isGreaterThan(1e-3);
    assertThat(logits.sub(patching.clean()).abs().slice(1, 0, END).max().item()).isZero();
    // what stands before the sender cannot hear it
    Tensor deaf =
        patching.through(Set.of(head(1, 1)), Set.of(new Unit("blocks.0.hook_mlp_in", -1, END)));
    assertThat(deaf.sub(patching.clean()).abs().max().item()).isLessThan(1e-5);
  }

  @Test
  void nothingChangesWhenBothPromptsAreOne() {
    PathPatching patching = PathPatching.of(model("layernorm", "mlp"), CLEAN, CLEAN, false);
    Set<Unit> all = Set.copyOf(PathPatching.heads(model("layernorm", "mlp"), END));
    assertThat(patching.toLogits(all).sub(patching.clean()).abs().max().item()).isLessThan(1e-5);
  }

  @Test
  void theCircuitHoldsTheStrongestSenders() {
    Model model = model("layernorm", "mlp");
    PathPatching patching = PathPatching.of(model, CLEAN, OTHER, false);
    List<Unit> senders = PathPatching.heads(model, END);
    List<PathPatching.Effect> effects = patching.effects(senders, Set.of(), METRIC);
    assertThat(effects).hasSize(8);
    Circuit circuit = patching.circuit(senders, METRIC, 3, END);
    assertThat(circuit.units())
        .containsExactlyInAnyOrderElementsOf(
            effects.subList(0, 3).stream().map(PathPatching.Effect::sender).toList());
    assertThat(circuit.total())
        .isCloseTo(
            METRIC.applyAsDouble(patching.other()) - METRIC.applyAsDouble(patching.clean()),
            within(1e-6));
  }

  @Test
  void badRequestsAreRefusedInWords() {
    Model model = model("layernorm", "mlp");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PathPatching.of(model, CLEAN, new int[][] {{1, 2}, {3, 4}}, false))
        .withMessageContaining("number 0 has 5 tokens, its other 2");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PathPatching.of(model, CLEAN, new int[][] {{1}}, false))
        .withMessageContaining("2 clean and 1 others");
    PathPatching patching = PathPatching.of(model, CLEAN, OTHER, false);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> patching.toLogits(Set.of(new Unit("blocks.7.attn.hook_z", 0, 0))))
        .withMessageContaining("blocks.7.attn.hook_z");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> patching.through(Set.of(head(0, 0)), Set.of()))
        .withMessageContaining("needs a receiver");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> patching.toLogits(Set.of(head(0, 9))))
        .withMessageContaining("outside the activation");
  }
}
