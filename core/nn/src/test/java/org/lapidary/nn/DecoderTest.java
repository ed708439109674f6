package org.lapidary.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class DecoderTest {
  private static final List<DecoderConfig> CONFIGS =
      List.of(
          DecoderConfig.gpt(11, 16, 2, 4, 12, "gelu_tanh"),
          DecoderConfig.llama(11, 16, 2, 4, 2, 24, 12, true));

  private static Model model(DecoderConfig config) {
    return Model.random(config, new Rng(1));
  }

  private static Tensor tokens() {
    return Tensor.of(new int[] {1, 5, 3, 7, 2, 10, 0, 4}, 1, 8);
  }

  @Test
  void cachedDecodingGivesTheLogitsOfOnePass() {
    for (DecoderConfig config : CONFIGS) {
      Model model = model(config);
      Tensor whole = model.forward(tokens());
      try (KvCache cache = new KvCache(config.layers());
          Scope scope = Scope.open()) {
        for (int p = 0; p < 8; p++) {
          Tensor step = model.decoder().forward(tokens().slice(1, p, p + 1), cache);
          near(step, whole.slice(1, p, p + 1), 1e-5);
        }
        assertThat(cache.length()).isEqualTo(8);
      }
    }
  }

  @Test
  void laterTokensDoNotChangeEarlierLogits() {
    for (DecoderConfig config : CONFIGS) {
      Model model = model(config);
      Tensor other = Tensor.of(new int[] {1, 5, 3, 7, 9, 9, 9, 9}, 1, 8);
      near(model.forward(tokens()).slice(1, 0, 4), model.forward(other).slice(1, 0, 4), 1e-6);
    }
  }

  @Test
  void watchingASiteDoesNotChangeTheResult() {
    for (DecoderConfig config : CONFIGS) {
      Model model = model(config);
      Activations acts = model.capture(tokens(), "**");
      near(acts.output(), model.forward(tokens()), 1e-5);
      assertThat(acts.sites())
          .contains(
              "hook_embed",
              "blocks.0.hook_resid_pre",
              "blocks.0.ln1.hook_scale",
              "blocks.0.attn.hook_q",
              "blocks.0.attn.hook_pattern",
              "blocks.0.attn.hook_z",
              "blocks.0.attn.hook_result",
              "blocks.0.hook_attn_out",
              "blocks.0.hook_resid_mid",
              "blocks.0.mlp.hook_pre",
              "blocks.0.mlp.hook_post",
              "blocks.0.hook_mlp_out",
              "blocks.1.hook_resid_post",
              "ln_final.hook_normalized");
      Tensor pattern = acts.at("blocks.1.attn.hook_pattern");
      near(pattern.sum(false, -1), Tensor.ones(1, 4, 8), 1e-6);
    }
  }

  @Test
  void theResidualStreamIsTheSumOfWhatIsWritten() {
    Model model = model(CONFIGS.getFirst());
    Activations acts = model.capture(tokens(), "**");
    Tensor sum = acts.at("hook_embed").add(acts.at("hook_pos_embed"));
    for (int l = 0; l < 2; l++) {
      sum =
          sum.add(acts.at("blocks." + l + ".hook_attn_out"))
              .add(acts.at("blocks." + l + ".hook_mlp_out"));
    }
    near(sum, acts.at("blocks.1.hook_resid_post"), 1e-5);
  }

  @Test
  void replacingAStreamByAnotherRunsGivesThatRunsLogits() {
    Model model = model(CONFIGS.getFirst());
    Tensor other = Tensor.of(new int[] {9, 9, 9, 7, 2, 10, 0, 4}, 1, 8);
    Activations clean = model.capture(tokens(), "blocks.1.hook_resid_post");
    Tensor patched =
        model
            .with(
                Intervention.replace(
                    "blocks.1.hook_resid_post", clean.at("blocks.1.hook_resid_post")))
            .forward(other);
    near(patched, model.forward(tokens()), 1e-6);
    Tensor atOne =
        model
            .with(
                Intervention.patch(
                    "blocks.1.hook_resid_post", clean.at("blocks.1.hook_resid_post"), 3))
            .forward(other);
    near(atOne.slice(1, 3, 4), model.forward(tokens()).slice(1, 3, 4), 1e-6);
    near(atOne.slice(1, 0, 3), model.forward(other).slice(1, 0, 3), 1e-6);
  }

  @Test
  void ablatingEverySublayerLeavesTheEmbedding() {
    Model model = model(CONFIGS.get(1));
    Activations acts =
        model
            .with(Intervention.ablate("blocks.*.hook_{attn,mlp}_out"))
            .capture(tokens(), "{hook_embed,blocks.1.hook_resid_post}");
    near(acts.at("blocks.1.hook_resid_post"), acts.at("hook_embed"), 0);
  }

  @Test
  void aCopyHasItsOwnParameters() {
    Model model = model(CONFIGS.get(1));
    Model copy = model.copy();
    near(copy.forward(tokens()), model.forward(tokens()), 0);
    Parameter w = copy.layer().parameterAt("blocks.0.attn.q.weight");
    w.set(w.tensor().mul(2));
    assertThat(copy.forward(tokens()).sub(model.forward(tokens())).abs().max().item())
        .isGreaterThan(0);
    assertThat(copy.layer().parameters().keySet()).isEqualTo(model.layer().parameters().keySet());
  }

  @Test
  void aGraphReplaysTheModelAndNamesItsParametersAndSites() {
    Model model = model(CONFIGS.get(1));
    Graph graph = model.graph(tokens());
    near(graph.run(List.of(tokens())).getFirst(), model.forward(tokens()), 1e-6);
    assertThat(graph.sites()).containsKey("blocks.1.hook_resid_post");
    assertThat(graph.constants().keySet().stream().map(graph::name))
        .contains("blocks.0.mlp.gate.weight", "embed");
  }

  @Test
  void errorsNameWhatThereIs() {
    Model model = model(CONFIGS.getFirst());
    assertThatThrownBy(() -> model.capture(tokens(), "blocks.0.hook_resid_pots"))
        .hasMessageContaining("blocks.0.hook_resid_post");
    assertThatThrownBy(() -> model.layer().parameterAt("nothing")).hasMessageContaining("embed");
    assertThatThrownBy(() ->
            model.forward(
                Tensor.zeros(org.lapidary.tensor.DType.INT64, org.lapidary.tensor.Shape.of(1, 13))))
        .hasMessageContaining("context of 12");
    assertThatThrownBy(() -> model.capture(tokens(), "a{b")).hasMessageContaining("braces");
    assertThatThrownBy(() -> DecoderConfig.gpt(3, 4, 1, 2, 4, "gelu2"))
        .hasMessageContaining("gelu2");
  }

  private static void near(Tensor actual, Tensor expected, double tolerance) {
    assertThat(actual.shape()).isEqualTo(expected.shape());
    assertThat(actual.sub(expected).abs().max().item()).isLessThanOrEqualTo(tolerance);
  }
}
