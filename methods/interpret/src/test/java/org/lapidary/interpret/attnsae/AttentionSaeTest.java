package org.lapidary.interpret.attnsae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.ActivationBuffer;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

class AttentionSaeTest {
  private static final int[] PROMPT = {3, 1, 4, 1, 5, 9, 2};

  /** Learned positions and biases; grouped heads, rotary positions and RMS norms. */
  private static Model[] models() {
    Model gpt = Model.random(DecoderConfig.gpt(11, 12, 3, 3, 12, "relu"), new Rng(1));
    Model llama = Model.random(DecoderConfig.llama(11, 12, 3, 6, 3, 16, 12, true), new Rng(2));
    for (Model m : new Model[] {gpt, llama}) {
      Rng rng = new Rng(3);
      for (Linear l : m.layer().all(Linear.class).values()) {
        l.weight().set(rng.normal(0.4, l.out(), l.in()));
        if (l.bias() != null) {
          l.bias().set(rng.normal(0.3, l.out()));
        }
      }
    }
    return new Model[] {gpt, llama};
  }

  private static Dictionary dictionary(int layer, long seed) {
    Rng rng = new Rng(seed);
    String site = AttentionSae.site(layer);
    return new Dictionary(
        rng.normal(1, 9, 12),
        rng.normal(0.3, 9),
        rng.normal(1, 9, 12),
        rng.normal(0.3, 12),
        new Activation.Relu(),
        site,
        site);
  }

  @Test
  void termsOverHeadsAndSourcesSumToThePreActivation() {
    for (Model model : models()) {
      Dictionary d = dictionary(2, 5);
      Attribution a = new Attribution(model, 2, d, PROMPT);
      Tensor z =
          ActivationBuffer.harvest(model, d.inputSite(), d.inputSite(), new int[][] {PROMPT})
              .input();
      double[] pre = d.preActivations(z).toDoubles();
      for (int t = 0; t < PROMPT.length; t++) {
        for (int i = 0; i < 9; i++) {
          double sum = a.constant(i);
          double[][] terms = a.terms(i, t);
          for (int h = 0; h < terms.length; h++) {
            for (int s = 0; s < PROMPT.length; s++) {
              sum += terms[h][s];
              assertThat(s <= t || terms[h][s] == 0).isTrue();
            }
          }
          assertThat(sum).isCloseTo(pre[t * 9 + i], within(1e-5));
          assertThat(a.preActivation(i, t)).isCloseTo(pre[t * 9 + i], within(1e-5));
        }
      }
    }
  }

  @Test
  void recursiveContributionsSumToThePreActivationWithAndWithoutEarlierDictionaries() {
    for (Model model : models()) {
      Attribution a = new Attribution(model, 2, dictionary(2, 5), PROMPT);
      for (Map<Integer, Dictionary> earlier :
          java.util.List.of(
              Map.<Integer, Dictionary>of(),
              Map.of(0, dictionary(0, 6)),
              Map.of(0, dictionary(0, 6), 1, dictionary(1, 7)))) {
        var parts = a.recursive(4, 6, earlier);
        double sum = parts.stream().mapToDouble(Attribution.Contribution::value).sum();
        assertThat(sum).isCloseTo(a.preActivation(4, 6), within(1e-5));
        long features = parts.stream().filter(p -> p.part() == Attribution.Part.FEATURE).count();
        assertThat(features > 0).isEqualTo(!earlier.isEmpty());
      }
    }
  }

  @Test
  void anEditThatChangesNothingLeavesTheOutputAndAblationTakesTheFeaturesDirectionAway() {
    for (Model model : models()) {
      Dictionary d = dictionary(1, 5);
      Tensor tokens = Tensor.of(PROMPT, 1, PROMPT.length);
      Tensor plain = model.forward(tokens);
      assertThat(
              model.with(FeatureEdit.of(d, f -> f)).forward(tokens).sub(plain).abs().max().item())
          .isLessThan(1e-5);
      Tensor z =
          ActivationBuffer.harvest(model, d.inputSite(), d.inputSite(), new int[][] {PROMPT})
              .input();
      Tensor f = d.encode(z).slice(1, 4, 5);
      Tensor expected = z.sub(f.mul(d.direction(4)));
      long heads = model.decoder().config().heads();
      Tensor by =
          model
              .with(
                  Intervention.replace(
                      d.inputSite(), expected.reshape(1, PROMPT.length, heads, 12 / heads)))
              .forward(tokens);
      assertThat(model.with(FeatureEdit.ablate(d, 4)).forward(tokens).sub(by).abs().max().item())
          .isLessThan(1e-5);
      assertThat(by.sub(plain).abs().max().item()).isGreaterThan(1e-3);
    }
  }

  @Test
  void headSharesAreNormsOfSlicesAndSumToOne() {
    Dictionary d = dictionary(0, 5);
    double[][] shares = AttentionSae.headShares(d, 3);
    float[] w = d.decoder().toFloats();
    for (int i = 0; i < 9; i++) {
      double[] norms = new double[3];
      for (int k = 0; k < 12; k++) {
        norms[k / 4] += w[i * 12 + k] * w[i * 12 + k];
      }
      double sum = Math.sqrt(norms[0]) + Math.sqrt(norms[1]) + Math.sqrt(norms[2]);
      for (int h = 0; h < 3; h++) {
        assertThat(shares[i][h]).isCloseTo(Math.sqrt(norms[h]) / sum, within(1e-6));
      }
    }
    assertThatThrownBy(() -> AttentionSae.headShares(d, 5)).hasMessageContaining("5 heads");
  }

  @Test
  void logitEffectsAreWhatAFeatureAddsBeforeAFinalNormWithoutScale() {
    Model model = models()[1];
    Dictionary d = dictionary(2, 5);
    Tensor out = AttentionSae.output(model, 2).weight().value();
    double[] gain = model.decoder().lnFinal().gain().toDoubles();
    double[] direction = out.matmul(d.direction(3).unsqueeze(1)).toDoubles();
    double[] unembedding = model.decoder().unembedding().toDoubles();
    double[] effects = AttentionSae.logitEffects(model, 2, d).select(0, 3).toDoubles();
    for (int v = 0; v < 11; v++) {
      double sum = 0;
      for (int k = 0; k < 12; k++) {
        sum += direction[k] * gain[k] * unembedding[v * 12 + k];
      }
      assertThat(effects[v]).isCloseTo(sum, within(1e-5));
    }
  }

  @Test
  void trainingKeepsTheDirectionsAtUnitNormAfterEveryStep() {
    Model model = models()[0];
    int[][] texts = {PROMPT, {1, 2, 3, 4, 5, 6, 7}, {7, 7, 1, 0, 2, 10, 3}};
    for (int steps = 1; steps < 5; steps++) {
      DictionaryTrainer.Settings settings =
          DictionaryTrainer.Settings.defaults(20).withSteps(steps).withBatch(16);
      Dictionary d =
          AttentionSae.defaults(20)
              .withTraining(settings)
              .train(model, 1, texts, Progress.silent())
              .dictionary();
      assertThat(d.inputSite()).isEqualTo("blocks.1.attn.hook_z");
      for (double norm : d.decoder().norm(false, 1).toDoubles()) {
        assertThat(norm).isCloseTo(1, within(1e-5));
      }
    }
  }

  @Test
  void matchingPursuitAndComponentsReconstructAllWithAllTheyHave() {
    Tensor x = new Rng(3).normal(1, 40, 6);
    assertThat(Sparse.Components.of(x).reconstruct(x, 6).sub(x).abs().max().item())
        .isLessThan(1e-4);
    Tensor mean = x.mean(true, 0);
    Tensor axes = Tensor.eye(DType.FLOAT32, 6);
    assertThat(Sparse.pursuit(x, mean, axes, 6).sub(x).abs().max().item()).isLessThan(1e-5);
    double one = Sparse.pursuit(x, mean, axes, 1).sub(x).square().sum().item();
    double largest =
        x.sub(mean).square().sum().item() - x.sub(mean).square().max(false, 1).sum().item();
    assertThat(one).isCloseTo(largest, within(1e-3));
  }

  @Test
  void badInputIsRefusedInWords() {
    Model model = models()[0];
    assertThatThrownBy(() -> new Attribution(model, 3, dictionary(2, 5), PROMPT))
        .hasMessageContaining("layers 0 to 2");
    assertThatThrownBy(() -> new Attribution(model, 2, dictionary(2, 5), new int[0]))
        .hasMessageContaining("at least one token");
    Model wide = Model.random(DecoderConfig.gpt(11, 16, 1, 2, 12, "relu"), new Rng(1));
    assertThatThrownBy(() -> new Attribution(wide, 0, dictionary(0, 5), PROMPT))
        .hasMessageContaining("width 12")
        .hasMessageContaining("give 16");
    assertThatThrownBy(() -> FeatureEdit.of(dictionary(0, 5).at("a", "b"), f -> f))
        .hasMessageContaining("'a' to 'b'");
    assertThatThrownBy(() -> FeatureEdit.ablate(dictionary(0, 5), 9))
        .hasMessageContaining("0 to 8");
  }
}
