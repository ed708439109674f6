package org.lapidary.interpret.lnremoval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.lnremoval.FakeNorms.Place;
import org.lapidary.interpret.lnremoval.FakeNorms.Reader;
import org.lapidary.interpret.lnremoval.LayerNormRemoval.Staging;
import org.lapidary.interpret.lnremoval.LayerNormRemoval.Training;
import org.lapidary.nn.Activations;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.nn.Norm;
import org.lapidary.tensor.Op;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

class LayerNormRemovalTest {
  private static final int[][] PROMPTS = {{3, 1, 4, 1, 5}, {2, 7, 1, 8, 2}, {0, 0, 6, 3, 4}};

  private static Model model(String norm, String mlp, boolean tied) {
    DecoderConfig c = DecoderConfig.gpt(9, 16, 2, 4, 8, "gelu");
    DecoderConfig config =
        new DecoderConfig(
            c.family(),
            c.vocab(),
            c.dModel(),
            c.layers(),
            c.heads(),
            2,
            c.dHead(),
            c.dMlp(),
            c.context(),
            norm,
            c.epsilon(),
            c.placement(),
            c.mixer(),
            mlp,
            c.activation(),
            c.positions(),
            null,
            norm.equals("layernorm") ? DecoderConfig.Biases.ALL : DecoderConfig.Biases.NONE,
            c.extras(),
            tied,
            c.ends());
    Model model = Model.random(config, new Rng(3));
    model.layer().parameters().values().stream()
        .filter(p -> p.tensor().rank() == 2)
        .forEach(p -> p.set(p.value().mul(8)));
    Rng rng = new Rng(4);
    for (Norm one : model.layer().all(Norm.class).values()) {
      one.parameters().values().forEach(p -> p.set(p.value().add(rng.normal(0.3, 16))));
    }
    return model;
  }

  private static Tensor tokens() {
    return LanguageModeling.tensor(PROMPTS);
  }

  private static double apart(Tensor a, Tensor b) {
    return a.sub(b).abs().max().item();
  }

  @ParameterizedTest
  @CsvSource({
    "layernorm,mlp,false",
    "layernorm,mlp,true",
    "layernorm,none,false",
    "rmsnorm,gated,false",
    "rmsnorm1p,gated,true"
  })
  void aFoldedModelHasNoNormAndComputesWhatFrozenScalesDo(String norm, String mlp, boolean tied) {
    Model model = model(norm, mlp, tied);
    FakeNorms norms = new FakeNorms(model);
    try (Scope scope = Scope.open()) {
      assertThat(apart(norms.forward(tokens()), model.forward(tokens()))).isLessThan(1e-5);
      norms.freezeAll();
      norms.dropFirst();
      Tensor fake = norms.forward(tokens());
      assertThat(apart(fake, model.forward(tokens()))).isGreaterThan(1e-2);
      Model folded = Folding.fold(model, norms);
      assertThat(apart(folded.forward(tokens()), fake)).isLessThan(1e-4);
      assertThat(ops(folded)).noneMatch(LayerNormRemovalTest::normalises);
      assertThat(ops(model)).anyMatch(LayerNormRemovalTest::normalises);
    }
  }

  private static List<Op> ops(Model model) {
    return model.graph(tokens()).nodes().stream().map(n -> n.op()).toList();
  }

  private static boolean normalises(Op op) {
    return op instanceof Op.LayerNorm || op instanceof Op.RmsNorm || op instanceof Op.Reduce;
  }

  @Test
  void aFrozenScaleIsTheMeanOverAllButTheFirstPosition() {
    Model model = model("layernorm", "mlp", false);
    FakeNorms norms = new FakeNorms(model);
    try (Scope scope = Scope.open()) {
      norms.forward(tokens());
      norms.freezeAll();
      Activations acts = model.capture(tokens(), "{**.hook_scale,ln_final.hook_scale}");
      assertThatIllegalStateException()
          .isThrownBy(() -> norms.scale(new Place(Reader.MLP, 1)))
          .withMessageContaining("drop it first");
      norms.dropFirst();
      assertThat(norms.scale(new Place(Reader.MLP, 1)))
          .isCloseTo(acts.at("blocks.1.ln2.hook_scale").slice(1, 1, 5).mean().item(), within(1e-6));
      assertThat(norms.scale(new Place(Reader.LOGITS, 2)))
          .isCloseTo(acts.at("ln_final.hook_scale").slice(1, 1, 5).mean().item(), within(1e-6));
    }
  }

  @Test
  void valuesKeepTheirTrueNormWhileQueriesAndKeysAreFrozen() {
    Model model = model("layernorm", "mlp", false);
    FakeNorms norms = new FakeNorms(model);
    try (Scope scope = Scope.open()) {
      norms.forward(tokens());
      norms.freeze(new Place(Reader.QUERIES_AND_KEYS, 0));
      Tensor[] seen = new Tensor[2];
      model
          .with(
              new org.lapidary.nn.Intervention(
                  "blocks.0.attn.{q,v}.hook_in",
                  (path, x) -> {
                    seen[path.contains(".q.") ? 0 : 1] = x;
                    return x;
                  }))
          .forward(tokens());
      Tensor trueInput = seen[1];
      org.lapidary.nn.Sites.visiting(
          norms,
          () ->
              model
                  .with(
                      new org.lapidary.nn.Intervention(
                          "blocks.0.attn.{q,v}.hook_in",
                          (path, x) -> {
                            seen[path.contains(".q.") ? 0 : 1] = x;
                            return x;
                          }))
                  .forward(tokens()));
      assertThat(apart(seen[1], trueInput)).isLessThan(1e-5);
      assertThat(apart(seen[0], trueInput)).isGreaterThan(1e-2);
    }
  }

  @Test
  void scalesFreezeInThePublishedOrder() {
    FakeNorms norms = new FakeNorms(model("layernorm", "mlp", false));
    List<Staging.Freeze> freezes = new Staging(20, 10, 10, 15, 10).of(norms);
    assertThat(freezes.stream().map(Staging.Freeze::step))
        .containsExactly(20L, 30L, 40L, 50L, 60L, 75L, 90L, 100L);
    assertThat(freezes.stream().map(Staging.Freeze::place))
        .containsExactly(
            new Place(Reader.MLP, 0),
            new Place(Reader.MLP, 1),
            new Place(Reader.QUERIES_AND_KEYS, 0),
            new Place(Reader.QUERIES_AND_KEYS, 1),
            new Place(Reader.VALUES, 0),
            new Place(Reader.VALUES, 1),
            new Place(Reader.LOGITS, 2),
            null);
  }

  @Test
  void removingLeavesTheModelAsItWasAndEndsWithoutNorms() {
    Model model = model("layernorm", "mlp", false);
    int[] corpus = IntStream.range(0, 400).map(i -> (i * i + i / 7) % 9).toArray();
    LayerNormRemoval removal =
        new LayerNormRemoval(new Training(30, 8, 8, 3e-3, 3), new Staging(4, 1, 1, 1, 1), 0.1);
    try (Scope scope = Scope.open()) {
      Tensor before = model.forward(tokens());
      LayerNormRemoval.Removed removed = removal.remove(model, corpus, 1, Progress.silent());
      assertThat(apart(model.forward(tokens()), before)).isZero();
      assertThat(apart(removed.folded().forward(tokens()), removed.norms().forward(tokens())))
          .isLessThan(1e-4);
      assertThat(removed.losses()).hasSize(30);
      assertThat(removed.losses()[29]).isLessThan(removed.losses()[0]);
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            new LayerNormRemoval(removal.training(), new Staging(4, 9, 9, 9, 9), 0)
                .remove(model, corpus, 1, Progress.silent()))
        .withMessageContaining("give more steps");
  }

  @Test
  void directEffectsAreWhatTheModelDoesWithoutAComponent() {
    Model model = model("layernorm", "mlp", false);
    int[][] one = {PROMPTS[0]};
    DirectLogits direct = DirectLogits.of(model, one);
    assertThat(direct.unexplained()).isLessThan(1e-4);
    assertThat(direct.components())
        .containsExactly(
            "hook_embed",
            "hook_pos_embed",
            "L0H0",
            "L0H1",
            "L0H2",
            "L0H3",
            "L0 attention bias",
            "L0 MLP",
            "L1H0",
            "L1H1",
            "L1H2",
            "L1H3",
            "L1 attention bias",
            "L1 MLP");
    try (Scope scope = Scope.open()) {
      Tensor tokens = LanguageModeling.tensor(one);
      Activations acts = model.capture(tokens, "{blocks.1.hook_resid_post,blocks.0.hook_mlp_out}");
      Tensor stream = acts.at("blocks.1.hook_resid_post");
      Tensor without = stream.sub(acts.at("blocks.0.hook_mlp_out"));
      for (int p = 0; p < 4; p++) {
        int next = one[0][p + 1];
        double fell =
            model
                .decoder()
                .unembed(stream)
                .sub(model.decoder().unembed(without))
                .select(2, next)
                .select(1, p)
                .item();
        assertThat(direct.effects()[p][7]).isCloseTo(fell, within(1e-4));
      }
    }
  }

  @Test
  void withoutNormsAttributionsAreTheEffectsAndNeuronsDoNothingByTheScale() {
    Model model = model("layernorm", "mlp", false);
    FakeNorms norms = new FakeNorms(model);
    Model folded;
    try (Scope scope = Scope.open()) {
      norms.forward(tokens());
      norms.freezeAll();
      norms.dropFirst();
      folded = Folding.fold(model, norms);
    }
    DirectLogits direct = DirectLogits.of(folded, PROMPTS);
    assertThat(direct.unexplained()).isLessThan(1e-4);
    assertThat(direct.largestError()).isLessThan(1e-9);
    assertThat(DirectLogits.of(model, PROMPTS).error()).isGreaterThan(0.05);
    for (Model one : List.of(model, folded)) {
      ConfidenceNeurons neurons = ConfidenceNeurons.of(one, 3);
      for (ConfidenceNeurons.Effect effect : neurons.effects(one, PROMPTS)) {
        assertThat(effect.total()).isPositive();
        if (one == folded) {
          assertThat(effect.mediated()).isZero();
        } else {
          assertThat(effect.mediated()).isPositive();
        }
      }
    }
  }

  @Test
  void whatCannotBeRemovedIsNamed() {
    Model none = model("none", "mlp", false);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new FakeNorms(none))
        .withMessageContaining("the norm 'none'");
    FakeNorms norms = new FakeNorms(model("layernorm", "mlp", false));
    assertThatIllegalStateException()
        .isThrownBy(() -> norms.freeze(new Place(Reader.MLP, 0)))
        .withMessageContaining("never measured");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> norms.freeze(new Place(Reader.MLP, 7)))
        .withMessageContaining("none of");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ConfidenceNeurons.of(none, 40))
        .withMessageContaining("a quarter");
  }
}
