package org.lapidary.interpret.depth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/** Residual nets whose depth is known by construction. */
class DepthTest {
  private static final int LAYERS = 12;
  private static final int POSITIONS = 16;

  /**
   * Streams of one value a layer, then one-hot positions: layer l reads value {@code from} and
   * writes value l + 1, at the same token (MLP) or from the token before (attention).
   */
  private static Model net(boolean chain, boolean previousToken, int hops) {
    int d = LAYERS + 1 + POSITIONS;
    DecoderConfig config =
        new DecoderConfig(
            "constructed",
            3,
            d,
            LAYERS,
            1,
            1,
            POSITIONS + 1,
            1,
            POSITIONS,
            "none",
            1e-5,
            "pre",
            "attention",
            "mlp",
            "identity",
            "learned",
            null,
            DecoderConfig.Biases.NONE,
            DecoderConfig.Extras.NONE,
            false);
    Layer layer = config.build();
    float[] embed = new float[3 * d];
    for (int t = 0; t < 3; t++) {
      embed[t * d] = t + 1;
    }
    set(layer, "embed", embed, 3, d);
    float[] positions = new float[POSITIONS * d];
    for (int p = 0; p < POSITIONS; p++) {
      positions[p * d + LAYERS + 1 + p] = 1;
    }
    set(layer, "pos_embed", positions, POSITIONS, d);
    float[] unembed = new float[3 * d];
    unembed[hops] = 1;
    set(layer, "unembed.weight", unembed, 3, d);
    for (int l = 0; l < hops; l++) {
      int from = chain ? l : 0;
      String block = "blocks." + l + ".";
      if (previousToken) {
        previousTokenHead(layer, block, from, l + 1, d);
      } else {
        float[] in = new float[d];
        in[from] = 1;
        set(layer, block + "mlp.in.weight", in, 1, d);
        float[] out = new float[d];
        out[l + 1] = 1;
        set(layer, block + "mlp.out.weight", out, d, 1);
      }
    }
    return new Model(config, layer, null);
  }

  private static void previousTokenHead(Layer layer, String block, int from, int to, int d) {
    int dHead = POSITIONS + 1;
    float[] q = new float[dHead * d];
    float[] k = new float[dHead * d];
    for (int p = 0; p < POSITIONS; p++) {
      q[Math.max(0, p - 1) * d + LAYERS + 1 + p] = 400;
      k[p * d + LAYERS + 1 + p] = 1;
    }
    float[] v = new float[dHead * d];
    v[POSITIONS * d + from] = 1;
    float[] o = new float[d * dHead];
    o[to * dHead + POSITIONS] = 1;
    set(layer, block + "attn.q.weight", q, dHead, d);
    set(layer, block + "attn.k.weight", k, dHead, d);
    set(layer, block + "attn.v.weight", v, dHead, d);
    set(layer, block + "attn.o.weight", o, d, dHead);
  }

  private static void set(Layer layer, String path, float[] values, long... shape) {
    layer.parameterAt(path).set(Tensor.of(values, shape));
  }

  private static int[][] prompts() {
    int[][] prompts = new int[2][POSITIONS];
    for (int p = 0; p < POSITIONS; p++) {
      prompts[0][p] = p % 3;
      prompts[1][p] = (p * 2 + 1) % 3;
    }
    return prompts;
  }

  @Test
  void inAChainEveryLaterLayerNeedsEveryEarlierOne() {
    DepthReport report = DepthReport.of(net(true, false, LAYERS), prompts(), new Rng(0));
    for (int s = 0; s < LAYERS; s++) {
      for (int l = s + 1; l < LAYERS; l++) {
        assertThat(report.skip()[s][l]).as(s + " on " + l).isGreaterThanOrEqualTo(0.99);
        // Each token works for itself: nothing of it reaches later ones.
        assertThat(report.future()[s][l]).isLessThanOrEqualTo(1e-6);
      }
    }
  }

  @Test
  void throughPreviousTokenHeadsTheChainReachesLaterTokens() {
    DepthReport report = DepthReport.of(net(true, true, LAYERS), prompts(), new Rng(0));
    for (int s = 0; s < LAYERS; s++) {
      for (int l = s + 1; l < LAYERS; l++) {
        assertThat(report.future()[s][l]).as(s + " on " + l).isGreaterThanOrEqualTo(0.99);
      }
    }
  }

  @Test
  void layersThatReadOnlyTheEmbeddingDoNotNeedOneAnother() {
    DepthReport report = DepthReport.of(net(false, false, LAYERS), prompts(), new Rng(0));
    for (int s = 0; s < LAYERS; s++) {
      for (int l = s + 1; l < LAYERS; l++) {
        assertThat(report.skip()[s][l]).isLessThanOrEqualTo(1e-6);
      }
    }
  }

  @Test
  void theErasureDepthOfAChainIsItsNumberOfHops() {
    for (int hops : new int[] {1, 3, 7, 12}) {
      Model model = net(true, true, hops);
      ErasureDepth erased = ErasureDepth.of(model, Tensor.of(prompts()[0], 1, POSITIONS));
      assertThat(erased.depth(0.01)).isEqualTo(hops);
    }
  }

  @Test
  void integratedGradientsOfAProductOfGatesAreEqual() {
    // f(g) = g_1 g_2 g_3 of five gates: w_l = integral of alpha^2 = 1/3 for each of the three.
    DepthScore score =
        DepthScore.of(
            5, g -> g.slice(0, 0, 1).mul(g.slice(0, 1, 2)).mul(g.slice(0, 2, 3)).sum(), 200);
    assertThat(score.weights()[0]).isCloseTo(1 / 3.0, within(1e-4));
    assertThat(score.weights()[4]).isEqualTo(0);
    assertThat(score.score()).isCloseTo(2, within(1e-6));
  }

  @Test
  void aNetMapsOntoItselfInHalfStepsAtEqualRelativeDepth() {
    List<Tensor> whole = new ArrayList<>();
    List<Tensor> halves = new ArrayList<>();
    Rng rng = new Rng(4);
    Tensor h = rng.normal(1, 600, 16);
    whole.add(h);
    halves.add(h);
    for (int l = 0; l < 6; l++) {
      Tensor update = h.matmul(rng.normal(0.5, 16, 16)).tanh();
      halves.add(h.add(update.div(2)));
      h = h.add(update);
      whole.add(h);
      halves.add(h);
    }
    StitchMap map = StitchMap.fit(whole, halves, 1e-6);
    int[] best = map.best();
    for (int i = 0; i <= 6; i++) {
      assertThat(best[2 * i]).isEqualTo(i);
      assertThat(map.error()[i][2 * i]).isLessThan(1e-6);
    }
  }

  @Test
  void theKneeIsWhereEffectsStayLow() {
    assertThat(DepthReport.knee(new double[] {4, 4, 4, 4, 1, 1, 1, 1})).isEqualTo(4);
    assertThat(DepthReport.knee(new double[] {4, 4, 4, 4, 3, 3, 3, 3})).isEqualTo(8);
  }

  @Test
  void theSmokeReproductionHolds() {
    Reproduction.Outcome outcome =
        new DepthEfficiencyReproduction()
            .run(new Reproduction.Setting(Reproduction.Size.SMOKE, List.of(0L), Progress.silent()));
    assertThat(outcome.holds()).as(outcome.checks().toString()).isTrue();
  }
}
