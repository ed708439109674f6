package org.lapidary.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lapidary.nn.MetaFormerConfig.Image;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

class SlotsTest {

  /** Fillings of another module, found through META-INF/services. */
  public static final class Offered implements Fillings {
    @Override
    public Map<String, Maker> tokenMixers() {
      return Map.of("shift", (config, index, size) -> new Shift(size));
    }
  }

  /** Every position takes over the activations of the one before. */
  private static final class Shift extends Layer implements TokenMixer {
    private final int by;

    Shift(int by) {
      this.by = by;
    }

    @Override
    public Tensor forward(Tensor x, Positions positions) {
      return x.pad(1, by, 0, 0).slice(1, 0, x.size(1));
    }

    @Override
    public boolean causal() {
      return true;
    }

    @Override
    protected Layer blank() {
      return new Shift(by);
    }
  }

  private static DecoderConfig gpt(String mixer) {
    return new DecoderConfig(
        "decoder",
        11,
        16,
        2,
        4,
        4,
        4,
        24,
        12,
        "layernorm",
        1e-5,
        "pre",
        mixer,
        "mlp",
        "gelu",
        "learned",
        null,
        DecoderConfig.Biases.ALL,
        DecoderConfig.Extras.NONE,
        false);
  }

  @Test
  void aMixerOfAnotherModuleFitsBothBackbones() {
    assertThat(Slots.tokenMixers())
        .contains("attention", "bidirectional-attention", "token-mlp", "pool", "shift");
    Model decoder = Model.random(gpt("shift:1"), new Rng(1));
    Tensor tokens = Tensor.of(new int[] {1, 5, 3, 7}, 1, 4);
    assertThat(decoder.forward(tokens).shape().toArray()).containsExactly(1, 4, 11);
    assertThat(decoder.capture(tokens, "**").sites()).contains("blocks.1.hook_mixer_out");
    MetaFormerConfig image =
        MetaFormerConfig.vit(new Image(1, 8, 8), 4, 8, 2, 2, 3)
            .withPooling("mean")
            .withMixer("shift:2");
    assertThat(Model.random(image, new Rng(1)).forward(Tensor.zeros(2, 1, 8, 8)).size(1))
        .isEqualTo(3);
  }

  @Test
  void namesThatNoSlotKnowsAreRefusedWithThoseItKnows() {
    assertThatThrownBy(() -> gpt("atention"))
        .hasMessageContaining("'atention'")
        .hasMessageContaining("bidirectional-attention");
    assertThatThrownBy(() -> Slots.size("pool:x")).hasMessageContaining("whole number");
    assertThat(Slots.size("pool:5")).isEqualTo(5);
    assertThat(Slots.size("attention")).isZero();
  }

  @Test
  void onlyCausalMixersTakeACache() {
    Tensor tokens = Tensor.of(new int[] {1, 5, 3}, 1, 3);
    Model both = Model.random(gpt("bidirectional-attention"), new Rng(1));
    try (KvCache cache = new KvCache(2)) {
      assertThatThrownBy(() -> both.decoder().forward(tokens, cache))
          .hasMessageContaining("causal")
          .hasMessageContaining("bidirectional-attention");
    }
  }

  @Test
  void anEncoderSeesLaterTokensButNoPadding() {
    Decoder bert = Model.random(DecoderConfig.bert(11, 16, 2, 4, 8), new Rng(1)).decoder();
    Tensor tokens = Tensor.of(new int[] {1, 5, 3, 7}, 1, 4);
    Tensor other = Tensor.of(new int[] {1, 5, 3, 9}, 1, 4);
    assertThat(first(bert.forward(tokens)).sub(first(bert.forward(other))).abs().max().item())
        .isGreaterThan(1e-4);
    Tensor padding = Tensor.of(new boolean[] {false, false, false, true}, 1, 4);
    Tensor a = bert.encode(tokens, null, padding);
    Tensor b = bert.encode(other, null, padding);
    assertThat(first(a).sub(first(b)).abs().max().item()).isZero();
    Tensor shorter = bert.forward(Tensor.of(new int[] {1, 5, 3}, 1, 3));
    assertThat(a.slice(1, 0, 3).sub(shorter).abs().max().item()).isLessThan(1e-5);
  }

  private static Tensor first(Tensor logits) {
    return logits.select(1, 0);
  }

  @Test
  void tokenTypesAndPaddingOfAnotherShapeAreRefused() {
    Decoder bert = Model.random(DecoderConfig.bert(11, 16, 2, 4, 8), new Rng(1)).decoder();
    Tensor tokens = Tensor.of(new int[] {1, 5, 3, 7}, 1, 4);
    assertThatThrownBy(() -> bert.encode(tokens, Tensor.of(new int[] {0, 1}, 1, 2), null))
        .hasMessageContaining("token types");
    assertThatThrownBy(() -> bert.encode(tokens, null, Tensor.zeros(1, 4)))
        .hasMessageContaining("padding is bool");
    Decoder gpt = Model.random(gpt("attention"), new Rng(1)).decoder();
    assertThatThrownBy(() -> gpt.encode(tokens, tokens, null))
        .hasMessageContaining("no token types");
    assertThatThrownBy(() -> gpt.pooled(Tensor.zeros(1, 4, 16))).hasMessageContaining("pooler");
  }
}
