package org.lapidary.interpret.obsprop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.nn.Activations;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

class ObservablePropagationTest {
  private static final int[] PROMPT = {3, 1, 4, 1, 5};

  private static DecoderConfig config(String norm, String mlp) {
    DecoderConfig c = DecoderConfig.gpt(9, 16, 2, 4, 8, "gelu");
    return new DecoderConfig(
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
        DecoderConfig.Biases.NONE,
        c.extras(),
        c.tied(),
        c.ends());
  }

  private static Model model(String norm, String mlp) {
    Model model = Model.random(config(norm, mlp), new Rng(3));
    model.layer().parameters().values().stream()
        .filter(p -> p.tensor().rank() == 2)
        .forEach(p -> p.set(p.value().mul(8)));
    return model;
  }

  private static double value(Model model, Observable n, Intervention... changed) {
    Tensor logits = model.with(changed).forward(LanguageModeling.tensor(new int[][] {PROMPT}));
    return n.of(logits.select(1, 4).squeeze(0).to(DType.FLOAT64).toDoubles());
  }

  @Test
  void alongALinearPathTheFeatureIsWhatTheModelAdds() {
    Model model = model("none", "none");
    Observable n = Observable.difference("a − b", 9, 7, 2);
    ObservablePropagation propagation = new ObservablePropagation(model);
    try (Scope scope = Scope.open()) {
      Activations acts =
          model.capture(
              LanguageModeling.tensor(new int[][] {PROMPT}),
              "{blocks.1.attn.hook_pattern,blocks.0.hook_resid_post}");
      for (int head = 0; head < 4; head++) {
        FeatureVector feature = propagation.throughHead(propagation.output(n), 1, head);
        assertThat(feature.site()).isEqualTo("blocks.0.hook_resid_post");
        double[] scores = feature.scores(acts.at("blocks.0.hook_resid_post").squeeze(0));
        for (int s = 0; s < PROMPT.length; s++) {
          double attended =
              acts.at("blocks.1.attn.hook_pattern")
                  .select(1, head)
                  .select(1, 4)
                  .select(1, s)
                  .item();
          // what is gone when the head attends to all but this token
          int source = s;
          int h = head;
          Intervention without =
              new Intervention(
                  "blocks.1.attn.hook_pattern",
                  (path, x) -> {
                    boolean[] at = new boolean[(int) x.elements()];
                    at[(h * PROMPT.length + 4) * PROMPT.length + source] = true;
                    return x.maskedFill(Tensor.of(at, x.shape().toArray()), 0);
                  });
          double added = value(model, n) - value(model, n, without);
          assertThat(attended * scores[s]).isCloseTo(added, within(1e-5 * (1 + Math.abs(added))));
        }
      }
    }
  }

  @Test
  void anMlpsFeatureIsItsDerivative() {
    Model model = model("layernorm", "mlp");
    ObservablePropagation propagation = new ObservablePropagation(model);
    FeatureVector y = propagation.output(Observable.difference("a − b", 9, 7, 2));
    Tensor x = new Rng(8).normal(1, 16);
    FeatureVector feature = propagation.throughMlp(y, 1, x);
    assertThat(feature.site()).isEqualTo("blocks.1.hook_resid_mid");
    Tensor step = new Rng(9).normal(1e-3, 16);
    double rise = mlp(model, y, x.add(step)) - mlp(model, y, x.sub(step));
    assertThat(2 * feature.scores(step.unsqueeze(0))[0])
        .isCloseTo(rise, within(2e-3 * Math.abs(rise)));
  }

  private static double mlp(Model model, FeatureVector y, Tensor x) {
    var block = model.decoder().blocks().get(1);
    Tensor out = block.mlp().forward(block.ln2().forward(x.unsqueeze(0)));
    return y.scores(out)[0];
  }

  @Test
  void exactNormsGiveTheGradientOfTheWholePath() {
    Model model = model("layernorm", "none");
    ObservablePropagation propagation = new ObservablePropagation(model);
    Observable n = Observable.difference("a − b", 9, 7, 2);
    Tensor stream = new Rng(8).normal(1, 16);
    FeatureVector exact = propagation.outputAt(n, stream);
    FeatureVector free = propagation.output(n);
    // no part along the stream is left by the exact one
    Tensor centred = stream.sub(stream.mean());
    assertThat(exact.scores(centred.unsqueeze(0))[0]).isCloseTo(0, within(1e-4 * exact.norm()));
    assertThat(Coupling.of(exact, free).cosine()).isGreaterThan(0.8);
    FeatureVector one = propagation.throughHeadAt(free, 0, 1, stream);
    FeatureVector two = propagation.throughHead(free, 0, 1);
    assertThat(Coupling.of(one, two).cosine()).isGreaterThan(0.7);
  }

  @Test
  void whatAHeadAttendsToIsItsScore() {
    Model model = model("none", "none");
    ObservablePropagation propagation = new ObservablePropagation(model);
    try (Scope scope = Scope.open()) {
      Activations acts =
          model.capture(
              LanguageModeling.tensor(new int[][] {PROMPT}),
              "{blocks.1.attn.hook_attn_scores,blocks.0.hook_resid_post}");
      Tensor streams = acts.at("blocks.0.hook_resid_post").squeeze(0);
      for (int head = 0; head < 4; head++) {
        double[] found = propagation.attended(1, head, streams.select(0, 4)).scores(streams);
        double[] scores =
            acts.at("blocks.1.attn.hook_attn_scores")
                .select(1, head)
                .select(1, 4)
                .squeeze(0)
                .to(DType.FLOAT64)
                .toDoubles();
        assertThat(found).containsExactly(scores, within(1e-3));
      }
    }
  }

  @Test
  void couplingIsTheSlopeAndItsBoundsAreTight() {
    FeatureVector y1 = new FeatureVector("1", Tensor.of(new double[] {3, 0}, 2), 0, false);
    FeatureVector y2 = new FeatureVector("2", Tensor.of(new double[] {1, 2}, 2), 0, false);
    Coupling coupling = Coupling.of(y1, y2);
    assertThat(coupling.coefficient()).isCloseTo(1.0 / 3, within(1e-12));
    assertThat(coupling.expected(6)).isCloseTo(2, within(1e-12));
    // x = (2, +-sqrt(5)) are the two points with x.y1 = 6 and length 3
    Coupling.Bounds bounds = coupling.bounds(6, 3);
    assertThat(bounds.least()).isCloseTo(2 - 2 * Math.sqrt(5), within(1e-9));
    assertThat(bounds.most()).isCloseTo(2 + 2 * Math.sqrt(5), within(1e-9));
    assertThatIllegalArgumentException().isThrownBy(() -> coupling.bounds(10, 3));
  }

  @Test
  void theBoundsOfTheAngleAreThePublishedOnes() {
    assertThat(NormAngle.bound(8)).isCloseTo(0.775, within(1e-3));
    assertThat(NormAngle.bound(256)).isCloseTo(0.125, within(1e-3));
    assertThat(NormAngle.mean(8, 20_000, new Rng(1))).isCloseTo(0.490, within(0.01));
  }

  @Test
  void badInputIsRefusedInWords() {
    Model model = model("layernorm", "mlp");
    ObservablePropagation propagation = new ObservablePropagation(model);
    FeatureVector y = propagation.output(Observable.difference("a − b", 9, 7, 2));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> propagation.throughHead(y, 2, 0))
        .withMessageContaining("blocks 0 to 1");
    FeatureVector early = propagation.throughHead(y, 0, 0);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> propagation.throughMlp(early, 0, Tensor.zeros(16)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Observable.difference(model, " he", " she"))
        .withMessageContaining("no tokenizer");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Observable("nothing", new double[9]))
        .withMessageContaining("not all 0");
    assertThat(
            propagation.heads(
                Observable.difference("a − b", 9, 7, 2), new int[][] {PROMPT, {1, 2, 3}}))
        .hasSize(8)
        .extracting(ObservablePropagation.Strength::deviation)
        .isSortedAccordingTo(java.util.Comparator.reverseOrder());
    assertThat(List.of(propagation.tokens(early).shape().toArray())).hasSize(1);
  }
}
