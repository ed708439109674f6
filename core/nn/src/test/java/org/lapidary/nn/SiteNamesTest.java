package org.lapidary.nn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Op;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/** The names under which interpretability tools know activations (TransformerLens). */
class SiteNamesTest {
  private static final Tensor TOKENS = Tensor.of(new int[] {1, 5, 3, 7}, 1, 4);

  private static final List<String> NORM = List.of("hook_scale", "hook_normalized");

  private static Model model(DecoderConfig config) {
    return Model.random(config, new Rng(1));
  }

  private static DecoderConfig gpt() {
    return DecoderConfig.gpt(11, 16, 2, 4, 12, "gelu_tanh");
  }

  private static DecoderConfig llama() {
    return DecoderConfig.llama(11, 16, 2, 4, 2, 24, 12, true);
  }

  /** The field's names alone: what goes into single matrices has a name in this house only. */
  private static List<String> names(Model model) {
    return model.capture(TOKENS, "**").sites().stream()
        .filter(s -> !s.endsWith(".hook_in"))
        .toList();
  }

  private static List<String> expected(
      List<String> start, List<String> attention, List<String> mlp) {
    List<String> all = new ArrayList<>(start);
    for (int i = 0; i < 2; i++) {
      String b = "blocks." + i + ".";
      List.of("hook_resid_pre", "hook_attn_in").forEach(n -> all.add(b + n));
      NORM.forEach(n -> all.add(b + "ln1." + n));
      attention.forEach(n -> all.add(b + "attn." + n));
      List.of("hook_attn_out", "hook_resid_mid", "hook_mlp_in").forEach(n -> all.add(b + n));
      NORM.forEach(n -> all.add(b + "ln2." + n));
      mlp.forEach(n -> all.add(b + "mlp." + n));
      List.of("hook_mlp_out", "hook_resid_post").forEach(n -> all.add(b + n));
    }
    NORM.forEach(n -> all.add("ln_final." + n));
    return all;
  }

  @Test
  void aGpt2LikeModelNamesItsActivationsAsTheFieldDoes() {
    assertThat(names(model(gpt())))
        .containsExactlyInAnyOrderElementsOf(
            expected(
                List.of("hook_embed", "hook_pos_embed"),
                List.of(
                    "hook_q",
                    "hook_k",
                    "hook_v",
                    "hook_attn_scores",
                    "hook_pattern",
                    "hook_z",
                    "hook_result"),
                List.of("hook_pre", "hook_post")));
  }

  @Test
  void aLlamaLikeModelNamesItsActivationsAsTheFieldDoes() {
    assertThat(names(model(llama())))
        .containsExactlyInAnyOrderElementsOf(
            expected(
                List.of("hook_embed"),
                List.of(
                    "hook_q",
                    "hook_k",
                    "hook_v",
                    "hook_rot_q",
                    "hook_rot_k",
                    "hook_attn_scores",
                    "hook_pattern",
                    "hook_z",
                    "hook_result"),
                List.of("hook_pre", "hook_pre_linear", "hook_post")));
  }

  @Test
  void activationsHaveTheShapesTheNamesPromise() {
    Activations acts = model(llama()).capture(TOKENS, "blocks.1.**");
    assertThat(acts.at("blocks.1.attn.hook_q").shape().toArray()).containsExactly(1, 4, 4, 4);
    assertThat(acts.at("blocks.1.attn.hook_k").shape().toArray()).containsExactly(1, 4, 2, 4);
    assertThat(acts.at("blocks.1.attn.hook_attn_scores").shape().toArray())
        .containsExactly(1, 4, 4, 4);
    assertThat(acts.at("blocks.1.attn.hook_z").shape().toArray()).containsExactly(1, 4, 4, 4);
    assertThat(acts.at("blocks.1.attn.hook_result").shape().toArray()).containsExactly(1, 4, 4, 16);
    assertThat(acts.at("blocks.1.mlp.hook_pre_linear").shape().toArray()).containsExactly(1, 4, 24);
    assertThat(acts.at("blocks.1.ln1.hook_scale").shape().toArray()).containsExactly(1, 4, 1);
  }

  @Test
  void whatEveryHeadWritesSumsToWhatAttentionWrites() {
    Model model = model(llama());
    Activations acts = model.capture(TOKENS, "blocks.0.{attn.hook_result,hook_attn_out}");
    Tensor sum = acts.at("blocks.0.attn.hook_result").sum(false, 2);
    assertThat(sum.sub(acts.at("blocks.0.hook_attn_out")).abs().max().item()).isLessThan(1e-6);
  }

  @Test
  void nothingIsComputedForNamesNobodyAsksFor() {
    for (DecoderConfig config : List.of(gpt(), llama())) {
      Graph graph = model(config).graph(TOKENS);
      long fused = graph.nodes().stream().filter(n -> n.op() instanceof Op.Attention).count();
      assertThat(fused).isEqualTo(2);
      assertThat(graph.nodes()).noneMatch(n -> n.op() instanceof Op.Softmax);
    }
  }
}
