package org.lapidary.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lapidary.nn.MetaFormerConfig.Image;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

class MetaFormerTest {
  private static final Image IMAGE = new Image(2, 8, 12);
  private static final MetaFormerConfig VIT = MetaFormerConfig.vit(IMAGE, 4, 8, 2, 2, 5);
  private static final MetaFormerConfig MIXER = MetaFormerConfig.mlpMixer(IMAGE, 4, 8, 2, 5);
  private static final MetaFormerConfig POOL =
      MetaFormerConfig.poolFormer(new Image(2, 16, 20), List.of(1, 2), List.of(8, 12), 5);
  private static final List<MetaFormerConfig> ALL =
      List.of(
          VIT,
          VIT.withPooling("mean"),
          VIT.withNorm("rmsnorm", "post"),
          VIT.withPooling("mean").withMixer("pool:3"),
          MIXER,
          POOL);

  private static Tensor images(MetaFormerConfig c) {
    return new Rng(3).normal(1, 2, c.image().channels(), c.image().height(), c.image().width());
  }

  @Test
  void imagesBecomeLogits() {
    for (MetaFormerConfig config : ALL) {
      Tensor logits = Model.random(config, new Rng(1)).forward(images(config));
      assertThat(logits.shape().toArray()).containsExactly(2, 5);
      assertThat(logits.isNan().any().item()).isZero();
    }
  }

  @Test
  void watchingEverySiteDoesNotChangeTheResult() {
    for (MetaFormerConfig config : ALL) {
      Model model = Model.random(config, new Rng(1));
      Activations acts = model.capture(images(config), "**");
      near(acts.output(), model.forward(images(config)), 1e-5);
    }
  }

  @Test
  void sitesHaveTheNamesOfAttentionModelsWhereTheyExist() {
    Activations vit = Model.random(VIT, new Rng(1)).capture(images(VIT), "**");
    assertThat(vit.sites())
        .contains(
            "hook_embed",
            "hook_pos_embed",
            "blocks.0.hook_resid_pre",
            "blocks.0.ln1.hook_normalized",
            "blocks.1.attn.hook_pattern",
            "blocks.1.attn.hook_z",
            "blocks.1.hook_attn_out",
            "blocks.1.mlp.hook_post",
            "blocks.1.hook_resid_post",
            "ln_final.hook_scale");
    assertThat(vit.at("blocks.1.attn.hook_pattern").shape().toArray()).containsExactly(2, 2, 7, 7);
    Activations pool = Model.random(POOL, new Rng(1)).capture(images(POOL), "**");
    assertThat(pool.sites()).contains("blocks.2.hook_mixer_out", "blocks.2.hook_resid_post");
  }

  @Test
  void aVisionTransformerSeesTheWholeImageFromItsFirstPatch() {
    Model model = Model.random(VIT, new Rng(1));
    Tensor pattern =
        model.capture(images(VIT), "blocks.0.attn.hook_pattern").at("blocks.0.attn.hook_pattern");
    assertThat(pattern.min().item()).isPositive();
    near(pattern.sum(false, -1), Tensor.ones(2, 2, 7), 1e-6);
  }

  @Test
  void aPoolIsTheMeanOfTheNeighboursThatExistMinusTheMiddle() {
    Tensor x = new Rng(2).normal(1, 1, 6, 1);
    float[] v = x.toFloats();
    float[] y = new PoolMixer(3).forward(x, Positions.grid(2, 3)).toFloats();
    for (int i = 0; i < 2; i++) {
      for (int j = 0; j < 3; j++) {
        double sum = 0;
        int n = 0;
        for (int a = Math.max(0, i - 1); a <= Math.min(1, i + 1); a++) {
          for (int b = Math.max(0, j - 1); b <= Math.min(2, j + 1); b++) {
            sum += v[a * 3 + b];
            n++;
          }
        }
        assertThat((double) y[i * 3 + j])
            .isCloseTo(sum / n - v[i * 3 + j], org.assertj.core.api.Assertions.within(1e-6));
      }
    }
  }

  @Test
  void attentionWithoutPositionsDoesNotKnowWhereAPatchLies() {
    MetaFormerConfig free =
        new MetaFormerConfig(
            "metaformer",
            new Image(1, 2, 4),
            List.of(MetaFormerConfig.Stage.tiled(8, 2, 16, 2)),
            2,
            "layernorm",
            1e-6,
            "pre",
            "bidirectional-attention",
            "gated",
            "silu",
            "none",
            "mean",
            0,
            DecoderConfig.Biases.ALL,
            3);
    Model model = Model.random(free, new Rng(1));
    Tensor left = new Rng(5).normal(1, 1, 1, 2, 2);
    Tensor right = new Rng(6).normal(1, 1, 1, 2, 2);
    Tensor a = model.forward(Tensor.concat(3, left, right));
    near(a, model.forward(Tensor.concat(3, right, left)), 1e-5);
    Tensor f = model.metaFormer().features(Tensor.concat(3, left, right));
    near(f.flip(1), model.metaFormer().features(Tensor.concat(3, right, left)), 1e-5);
  }

  @Test
  void copiesAreDeepAndAlike() {
    for (MetaFormerConfig config : ALL) {
      Model model = Model.random(config, new Rng(1));
      Model copy = model.copy();
      assertThat(copy.forward(images(config)).toFloats())
          .containsExactly(model.forward(images(config)).toFloats());
      assertThat(copy.layer().parameters().keySet()).isEqualTo(model.layer().parameters().keySet());
    }
  }

  @Test
  void theGraphReplaysTheForwardPass() {
    for (MetaFormerConfig config : ALL) {
      Model model = Model.random(config, new Rng(1));
      Graph graph = model.graph(images(config));
      near(graph.run(List.of(images(config))).getFirst(), model.forward(images(config)), 1e-6);
    }
  }

  @Test
  void layerScaleStartsWhereItSays() {
    Map<String, Parameter> p = POOL.build().parameters();
    assertThat(p.get("blocks.0.scale1").tensor().toFloats()).containsOnly(1e-5f);
    assertThat(p.get("blocks.0.scale2").tensor().toFloats()).containsOnly(1e-5f);
    assertThat(VIT.build().parameters()).doesNotContainKey("blocks.0.scale1");
  }

  @Test
  void imagesOfAnotherKindAreRefusedInWords() {
    Model vit = Model.random(VIT, new Rng(1));
    assertThatThrownBy(() -> vit.forward(Tensor.zeros(1, 3, 8, 12)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("vit takes images [batch, 2, 8, 12]");
    assertThatThrownBy(() -> vit.forward(Tensor.zeros(1, 2, 12, 12)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("learned positions");
    assertThatThrownBy(() -> Model.random(MIXER, new Rng(1)).forward(Tensor.zeros(1, 2, 12, 12)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("token MLPs");
    assertThat(Model.random(POOL, new Rng(1)).forward(Tensor.zeros(1, 2, 32, 32)).size(1))
        .isEqualTo(5);
  }

  @Test
  void settingsThatDoNotFitAreRefusedInWords() {
    assertThatThrownBy(() -> VIT.withMixer("poll:3"))
        .hasMessageContaining("token mixer 'poll:3'")
        .hasMessageContaining("token-mlp");
    assertThatThrownBy(() -> VIT.withMixer("pool:3")).hasMessageContaining("class token");
    assertThatThrownBy(() -> POOL.withMixer("pool:four").build()).hasMessageContaining("pool:3");
    assertThatThrownBy(() -> POOL.withMixer("pool:4").build()).hasMessageContaining("odd");
    assertThatThrownBy(() -> MetaFormerConfig.vit(IMAGE, 4, 9, 2, 2, 5))
        .hasMessageContaining("multiple of the 2 heads");
    assertThatThrownBy(() -> MetaFormerConfig.vit(IMAGE, 16, 8, 2, 2, 5))
        .hasMessageContaining("patches of 16");
    assertThatThrownBy(
            () -> Model.random(POOL, new Rng(1)).metaFormer().blocks().getFirst().attention())
        .hasMessageContaining("PoolMixer");
  }

  private static void near(Tensor a, Tensor b, double tolerance) {
    assertThat(a.sub(b).abs().max().item()).isLessThan(tolerance);
  }
}
