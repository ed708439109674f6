package org.lapidary.interpret.moex;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.ExpertRouting;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Mlp;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class ExpertMlpTest {
  private static final ExpertRouting FOUR = new ExpertRouting(4, 2);

  private static ExpertMlp drawn(ExpertMlp.Router router, String activation) {
    ExpertMlp layer = new ExpertMlp(new ExpertMlp.Config(6, 5, FOUR, activation, router, 0.02));
    layer.initialise(new Rng(3));
    layer.parameters().values().forEach(p -> p.set(p.tensor().mul(30).copy()));
    return layer;
  }

  /** Expert by expert and token by token, on the host. */
  private static double[] byHand(ExpertMlp layer, Tensor x) {
    float[] encoder = layer.encoder().toFloats();
    float[] decoder = layer.decoder().toFloats();
    float[] scores = layer.scores(x).toFloats();
    float[] in = x.toFloats();
    int tokens = in.length / 6;
    double[] out = new double[in.length];
    for (int t = 0; t < tokens; t++) {
      int first = -1;
      int second = -1;
      for (int j = 0; j < 4; j++) {
        double s = scores[4 * t + j];
        if (first < 0 || s > scores[4 * t + first]) {
          second = first;
          first = j;
        } else if (second < 0 || s > scores[4 * t + second]) {
          second = j;
        }
      }
      double a = Math.exp(scores[4 * t + first]);
      double b = Math.exp(scores[4 * t + second]);
      for (int j : new int[] {first, second}) {
        double gate = (j == first ? a : b) / (a + b);
        for (int u = 5 * j; u < 5 * j + 5; u++) {
          double pre = 0;
          for (int i = 0; i < 6; i++) {
            pre += encoder[6 * u + i] * (double) in[6 * t + i];
          }
          for (int i = 0; i < 6; i++) {
            out[6 * t + i] += gate * Math.max(0, pre) * decoder[6 * u + i];
          }
        }
      }
    }
    return out;
  }

  @ParameterizedTest
  @EnumSource(ExpertMlp.Router.class)
  void the_mixture_is_the_wide_mlp_with_what_was_not_chosen_put_to_zero(ExpertMlp.Router router) {
    try (Scope scope = Scope.open()) {
      ExpertMlp layer = drawn(router, "relu");
      Tensor x = new Rng(4).normal(1, 2, 7, 6);
      double[] expected = byHand(layer, x);
      assertThat(layer.forward(x).toDoubles()).containsExactly(expected, within(1e-4));
    }
  }

  @Test
  void looking_at_the_units_changes_nothing() {
    try (Scope scope = Scope.open()) {
      Model model = model("moe-x:4");
      Tensor tokens = Tensor.of(new long[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 4);
      Tensor plain = model.forward(tokens);
      Tensor seen = model.capture(tokens, "**.hook_post").output();
      assertThat(seen.toDoubles()).containsExactly(plain.toDoubles(), within(1e-5));
    }
  }

  @Test
  void gates_that_are_changed_are_used() {
    try (Scope scope = Scope.open()) {
      Model model = model("moe-x:4");
      Tensor tokens = Tensor.of(new long[] {1, 2, 3, 4}, 1, 4);
      Tensor none = model.with(Intervention.ablate("blocks.*.mlp.hook_gates")).forward(tokens);
      Tensor out = model.with(Intervention.ablate("blocks.*.hook_mlp_out")).forward(tokens);
      assertThat(none.toDoubles()).containsExactly(out.toDoubles(), within(1e-5));
    }
  }

  @Test
  void both_ways_of_computing_have_the_same_gradients() {
    try (Scope scope = Scope.open()) {
      ExpertMlp layer = drawn(ExpertMlp.Router.SPARSITY, "gelu");
      layer.requiresGrad(true);
      Tensor x = new Rng(9).normal(1, 12, 6);
      List<Tensor> parameters = new ArrayList<>();
      layer.parameters().values().forEach(p -> parameters.add(p.tensor()));
      List<Tensor> sent = Autograd.grad(layer.forward(x).square().sum(), parameters);
      Tensor hidden = x.linear(layer.encoder(), null).gelu();
      Tensor gates = FOUR.gates(layer.scores(x));
      Tensor wide = hidden.mul(FOUR.perUnit(gates, 5)).matmul(layer.decoder());
      List<Tensor> dense = Autograd.grad(wide.square().sum(), parameters);
      for (int i = 0; i < sent.size(); i++) {
        assertThat(sent.get(i).toDoubles()).containsExactly(dense.get(i).toDoubles(), within(2e-3));
      }
    }
  }

  @Test
  void a_graph_of_the_model_routes_other_tokens_by_what_they_are() {
    try (Scope scope = Scope.open()) {
      Model model = model("moe-x:4");
      Tensor one = Tensor.of(new long[] {1, 2, 3, 4}, 1, 4);
      Tensor other = Tensor.of(new long[] {8, 6, 0, 5}, 1, 4);
      var graph = model.graph(one);
      assertThat(graph.run(List.of(other)).getFirst().toDoubles())
          .containsExactly(model.forward(other).toDoubles(), within(1e-5));
    }
  }

  @Test
  void units_are_the_features_of_a_dictionary_that_computes_the_same() {
    try (Scope scope = Scope.open()) {
      ExpertMlp layer = drawn(ExpertMlp.Router.SPARSITY, "relu");
      Tensor x = new Rng(5).normal(1, 3, 6);
      Dictionary dictionary = layer.dictionary("in", "out");
      assertThat(dictionary.forward(x).toDoubles())
          .containsExactly(layer.forward(x).toDoubles(), within(1e-4));
      assertThat(dictionary.encode(x).gt(0).to(org.lapidary.tensor.DType.FLOAT32).sum().item())
          .isBetween(1.0, 30.0);
    }
  }

  @Test
  void upcycled_experts_without_noise_compute_what_the_mlp_did() {
    try (Scope scope = Scope.open()) {
      Mlp mlp = new Mlp(6, 5, "relu", false, 0.02);
      mlp.initialise(new Rng(8));
      mlp.parameters().values().forEach(p -> p.set(p.tensor().mul(30).copy()));
      ExpertMlp experts = ExpertMlp.upcycled(mlp, FOUR, ExpertMlp.Router.SPARSITY, 0, new Rng(1));
      Tensor x = new Rng(2).normal(1, 3, 6);
      assertThat(experts.forward(x).toDoubles())
          .containsExactly(mlp.forward(x).toDoubles(), within(1e-4));
    }
  }

  @Test
  void a_width_that_the_experts_cannot_share_is_refused() {
    assertThatThrownBy(() ->
            Model.random(
                DecoderConfig.gpt(9, 8, 1, 2, 4, "relu")
                    .withMlp(7)
                    .withSlots("layernorm", "pre", "attention", "moe-x:4"),
                new Rng(0)))
        .hasMessageContaining("7 hidden units cannot be shared by the 2 experts");
  }

  @Test
  void more_experts_than_there_are_cannot_be_kept() {
    assertThatThrownBy(() -> new ExpertRouting(2, 3)).hasMessageContaining("1 to 2 experts");
  }

  private static Model model(String mixer) {
    Model model =
        Model.random(
            DecoderConfig.gpt(9, 8, 2, 2, 4, "relu")
                .withSlots("layernorm", "pre", "attention", mixer),
            new Rng(6));
    model.layer().parameters().values().forEach(p -> p.set(p.tensor().mul(4).copy()));
    return model;
  }
}
