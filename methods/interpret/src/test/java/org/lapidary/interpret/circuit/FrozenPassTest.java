package org.lapidary.interpret.circuit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.circuit.Circuit.Kind;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.transcoder.Transcoder;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

class FrozenPassTest {
  private static final int[] PROMPT = {1, 5, 3, 7, 2, 10};
  private static final int N = 24;

  private static final List<DecoderConfig> CONFIGS =
      List.of(
          DecoderConfig.gpt(11, 16, 3, 4, 12, "gelu_tanh"),
          DecoderConfig.llama(11, 16, 3, 4, 2, 24, 12, true));

  /** Parameters of a size at which every part matters, as float64. */
  private static Model model(DecoderConfig config) {
    Model model = Model.random(config, new Rng(1));
    Rng rng = new Rng(2);
    model
        .layer()
        .parameters()
        .values()
        .forEach(p -> {
          Tensor noise = rng.normal(0.3, p.tensor().shape().toArray());
          p.set(p.tensor().add(noise).to(DType.FLOAT64));
        });
    return model;
  }

  private static Map<Integer, Dictionary> dictionaries(Model model) {
    Rng rng = new Rng(3);
    int d = model.decoder().config().dModel();
    Map<Integer, Dictionary> all = new LinkedHashMap<>();
    for (int l = 0; l < 3; l++) {
      Activation activation = l == 1 ? new Activation.TopK(5) : new Activation.Relu();
      all.put(
          l,
          new Dictionary(
                  rng.normal(0.3, N, d),
                  rng.normal(0.3, N),
                  rng.normal(0.3, N, d),
                  rng.normal(0.3, d),
                  activation,
                  MlpSites.input(model, l),
                  MlpSites.output(model, l))
              .to(DType.FLOAT64));
    }
    return all;
  }

  @Test
  void attributionsSumToEveryPreActivationAndLogit() {
    for (DecoderConfig config : CONFIGS) {
      Model model = model(config);
      FrozenPass pass = FrozenPass.of(Transcoder.swap(model, dictionaries(model)), PROMPT);
      for (int t : new int[] {0, 3, 5}) {
        for (int l = 0; l < 3; l++) {
          for (int f = 0; f < N; f++) {
            sumsUp(pass, pass.feature(l, f, t), 1e-9);
          }
        }
        for (int id = 0; id < 11; id++) {
          sumsUp(pass, pass.logit(id, t), 1e-9);
        }
      }
    }
  }

  private static void sumsUp(FrozenPass pass, Reading reading, double relative) {
    double expected = pass.recorded(reading);
    assertThat(Contribution.sum(pass.contributions(reading)))
        .as(reading.target().toString())
        .isCloseTo(expected, within(relative * Math.max(1, Math.abs(expected))));
  }

  @Test
  void preActivationsAndLogitsAreThoseOfTheSwappedModel() {
    Model model = model(CONFIGS.getFirst());
    Model swapped = Transcoder.swap(model, dictionaries(model));
    FrozenPass pass = FrozenPass.of(swapped, PROMPT);
    Tensor tokens = Tensor.of(PROMPT, 1, PROMPT.length);
    double[] pre =
        swapped.capture(tokens, "blocks.2.mlp.hook_pre").at("blocks.2.mlp.hook_pre").toDoubles();
    double[] logits = swapped.forward(tokens).toDoubles();
    assertThat(pass.recorded(pass.feature(2, 7, 4))).isCloseTo(pre[4 * N + 7], within(1e-9));
    assertThat(pass.recorded(pass.logit(3, 5))).isCloseTo(logits[5 * 11 + 3], within(1e-9));
  }

  @Test
  void theUnchangedModelIsExplainedTooWithWhatIsMissingAsASource() {
    for (DecoderConfig config : CONFIGS) {
      Model model = model(config);
      Map<Integer, Dictionary> some = dictionaries(model);
      some.remove(0);
      FrozenPass pass = FrozenPass.of(model, some, PROMPT);
      Reading reading = pass.feature(2, 4, 5);
      sumsUp(pass, reading, 1e-9);
      List<Kind> kinds = pass.contributions(reading).stream().map(c -> c.source().kind()).toList();
      assertThat(kinds).contains(Kind.MLP, Kind.ERROR, Kind.HEAD, Kind.EMBEDDING, Kind.FEATURE);
      assertThatThrownBy(() -> pass.feature(0, 0, 0)).hasMessageContaining("no transcoder");
    }
  }

  @Test
  void whatAHeadBringsIsTheSumOfWhatItReads() {
    for (DecoderConfig config : CONFIGS) {
      Model model = model(config);
      FrozenPass pass = FrozenPass.of(Transcoder.swap(model, dictionaries(model)), PROMPT);
      Reading reading = pass.feature(2, 9, 5);
      int heads = 0;
      for (Contribution c : pass.contributions(reading)) {
        if (c.source().kind() == Kind.HEAD) {
          Reading through = pass.through(reading, c.source());
          assertThat(Contribution.sum(pass.contributions(through)))
              .isCloseTo(c.attribution(), within(1e-9));
          assertThat(through.token()).isEqualTo(c.source().token());
          heads++;
        }
      }
      assertThat(heads).isEqualTo(3 * 4 * 6);
    }
  }

  @Test
  void anEdgeThroughAHeadIsPatternTimesActivationTimesTheProductWithWov() {
    Model model = model(CONFIGS.getLast());
    Map<Integer, Dictionary> dictionaries = dictionaries(model);
    Model swapped = Transcoder.swap(model, dictionaries);
    FrozenPass pass = FrozenPass.of(swapped, PROMPT);
    int head = 3;
    int t = 5;
    int s = 2;
    Reading reading = pass.feature(2, 9, t);
    Circuit.Node source =
        pass.contributions(reading).stream()
            .map(Contribution::source)
            .filter(n -> n.kind() == Kind.HEAD)
            .filter(n -> n.layer() == 1 && n.index() == head && n.token() == s)
            .findFirst()
            .orElseThrow();
    Reading through = pass.through(reading, source);
    Contribution feature =
        pass.contributions(through).stream()
            .filter(c -> c.source().kind() == Kind.FEATURE && c.source().layer() == 0)
            .findFirst()
            .orElseThrow();
    int i = feature.source().index();

    var acts =
        swapped.capture(
            Tensor.of(PROMPT, 1, 6),
            "blocks.{1.attn.hook_pattern,1.ln1.hook_scale,2.ln2.hook_scale}");
    double a = acts.at("blocks.1.attn.hook_pattern").toDoubles()[(head * 6 + t) * 6 + s];
    double scaleS = acts.at("blocks.1.ln1.hook_scale").toDoubles()[s];
    double scaleT = acts.at("blocks.2.ln2.hook_scale").toDoubles()[t];
    double z = pass.features(0).toDoubles()[s * N + i];
    double[] dec = dictionary(dictionaries, 0).decoder().toDoubles();
    double[] enc = dictionary(dictionaries, 2).encoder().toDoubles();
    double[] gain1 = model.layer().parameterAt("blocks.1.ln1.weight").tensor().toDoubles();
    double[] gain2 = model.layer().parameterAt("blocks.2.ln2.weight").tensor().toDoubles();
    double[] wv = ((Linear) model.layer().layer("blocks.1.attn.v")).weight().tensor().toDoubles();
    double[] wo = ((Linear) model.layer().layer("blocks.1.attn.o")).weight().tensor().toDoubles();
    double weight = 0;
    for (int out = 0; out < 16; out++) {
      for (int k = 0; k < 4; k++) {
        for (int in = 0; in < 16; in++) {
          // Heads 2 and 3 read the second pair of keys and values.
          weight +=
              enc[9 * 16 + out]
                  * gain2[out]
                  * wo[out * 16 + head * 4 + k]
                  * wv[(4 + k) * 16 + in]
                  * gain1[in]
                  * dec[i * 16 + in];
        }
      }
    }
    assertThat(feature.weight()).isCloseTo(weight, within(1e-9));
    assertThat(feature.activation()).isCloseTo(a * z / scaleS / scaleT, within(1e-9));
    assertThat(through.fromSource()).hasToString("[L1H3 2>5]");
  }

  private static Dictionary dictionary(Map<Integer, Dictionary> all, int layer) {
    return java.util.Objects.requireNonNull(all.get(layer));
  }

  @Test
  void theInputInvariantFactorDoesNotDependOnThePrompt() {
    Model model = model(CONFIGS.getFirst());
    Model swapped = Transcoder.swap(model, dictionaries(model));
    double[] first = weights(FrozenPass.of(swapped, PROMPT));
    double[] second = weights(FrozenPass.of(swapped, new int[] {4, 4, 9, 0, 6, 1}));
    int both = 0;
    for (int i = 0; i < N; i++) {
      if (!Double.isNaN(first[i]) && !Double.isNaN(second[i])) {
        assertThat(first[i]).isCloseTo(second[i], within(1e-12));
        both++;
      }
    }
    assertThat(both).isPositive();
  }

  private static double[] weights(FrozenPass pass) {
    double[] weights = new double[N];
    java.util.Arrays.fill(weights, Double.NaN);
    for (Contribution c : pass.contributions(pass.feature(2, 3, 4))) {
      if (c.source().kind() == Kind.FEATURE && c.source().layer() == 0) {
        weights[c.source().index()] = c.weight();
      }
    }
    return weights;
  }

  @Test
  void aCircuitThatKeepsEverythingIsComplete() {
    for (DecoderConfig config : CONFIGS) {
      Model model = model(config);
      FrozenPass pass =
          FrozenPass.of(Transcoder.swap(model, dictionaries(model)), new int[] {1, 5});
      CircuitSearch all = new CircuitSearch(100_000, 100_000, 3);
      Circuit circuit = all.search(pass, pass.logit(4, 1));
      assertThat(circuit.completeness()).isCloseTo(1, within(1e-9));
      assertThat(circuit.total()).isCloseTo(pass.recorded(pass.logit(4, 1)), within(1e-12));
    }
  }

  @Test
  void aPrunedCircuitIsSmallHangsTogetherAndEndsInItsRoot() {
    Model model = model(CONFIGS.getFirst());
    FrozenPass pass = FrozenPass.of(Transcoder.swap(model, dictionaries(model)), PROMPT);
    Circuit circuit = new CircuitSearch(4, 6, 4).search(pass, pass.feature(2, 3, 5));
    assertThat(circuit.edges()).hasSizeLessThanOrEqualTo(4 * 6);
    assertThat(circuit.nodes()).contains(circuit.root());
    for (Circuit.Edge edge : circuit.edges()) {
      assertThat(circuit.nodes()).contains(edge.from(), edge.to());
      assertThat(edge.to().kind()).isEqualTo(Kind.FEATURE);
    }
    assertThat(circuit.into(circuit.root())).isNotEmpty();
    assertThat(circuit.diagram("a feature", List.of("a", "b", "c", "d", "e", "f")).nodes())
        .hasSameSizeAs(circuit.nodes());
  }

  @Test
  void badRequestsAreRefusedInWords() {
    Model model = model(CONFIGS.getFirst());
    FrozenPass pass = FrozenPass.of(Transcoder.swap(model, dictionaries(model)), PROMPT);
    assertThatThrownBy(() -> pass.feature(1, 99, 0)).hasMessageContaining("0 to 23");
    assertThatThrownBy(() -> pass.feature(1, 0, 6)).hasMessageContaining("the prompt has 6");
    assertThatThrownBy(() -> pass.feature(7, 0, 0)).isInstanceOf(RuntimeException.class);
    assertThatThrownBy(() -> pass.logits(new double[3], 0)).hasMessageContaining("11 weights");
    Circuit.Node feature = pass.feature(1, 0, 0).target();
    assertThatThrownBy(() -> pass.through(pass.feature(2, 0, 0), feature))
        .hasMessageContaining("not a head");
    assertThatThrownBy(() -> FrozenPass.of(model, new int[0])).hasMessageContaining("one token");
    assertThatThrownBy(() -> new CircuitSearch(0, 1, 1)).hasMessageContaining("at least 1");
  }
}
