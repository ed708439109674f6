package org.lapidary.interpret.discretesae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

class HeadCodesTest {
  /** Three heads: one a layer. */
  private static final HeadCodes POSITIVE =
      new HeadCodes(new int[][] {{1, 5, 2}, {1, 6, 2}, {2, 7, 3}, {2, 5, -1}});

  private static final HeadCodes NEGATIVE =
      new HeadCodes(new int[][] {{1, 8, 2}, {3, 8, 3}, {1, 5, -1}});

  @Test
  void scoresAreThoseCountedByHand() {
    // head 0: {1, 2} and {1, 3}; head 1: {5, 6, 7} and {8, 5}; head 2: {2, 3, -1} twice
    assertThat(POSITIVE.shareOfCodes(NEGATIVE))
        .containsExactly(new double[] {1.0 / 3, 2.0 / 4, 0}, within(1e-12));
    // head 0: the two prompts with 2; head 1: those with 6 and 7
    assertThat(POSITIVE.shareOfPrompts(NEGATIVE))
        .containsExactly(new double[] {0.5, 0.5, 0}, within(1e-12));
  }

  @Test
  void pairsOfCodesAreCountedBetweenLayersOnly() {
    double[][] pairs = POSITIVE.pairs(NEGATIVE, 1);
    // negative pairs of heads 0 and 2: (1,2), (3,3), (1,-1); positive: (1,2) twice, (2,3), (2,-1)
    assertThat(pairs[0][2]).isCloseTo(0.5, within(1e-12));
    // heads 0 and 1: (1,8), (3,8), (1,5) against (1,5), (1,6), (2,7), (2,5)
    assertThat(pairs[0][1]).isCloseTo(0.75, within(1e-12));
    assertThat(pairs[2][0]).isZero();
    assertThat(POSITIVE.pairs(NEGATIVE, 3)[0][1]).isZero();
  }

  @Test
  void theSamePromptsOnBothSidesScoreNothing() {
    assertThat(POSITIVE.shareOfCodes(POSITIVE)).containsOnly(0);
    assertThat(POSITIVE.shareOfPrompts(POSITIVE)).containsOnly(0);
    assertThat(POSITIVE.pairs(POSITIVE, 1)[0]).containsOnly(0);
  }

  @Test
  void theCodeIsTheMostActiveFeatureAndNoneWhereNoneIs() {
    Dictionary d =
        new Dictionary(
            Tensor.eye(DType.FLOAT32, 3),
            Tensor.zeros(3),
            Tensor.eye(DType.FLOAT32, 3),
            Tensor.zeros(3),
            new Activation.Relu(),
            "",
            "");
    Tensor x = Tensor.of(new float[] {1, 3, 2, -1, -2, 0, 0, 0, 4, -1, 0.5f, 0}, 2, 2, 3);
    assertThat(HeadCodes.of(d, x).codes()).isDeepEqualTo(new int[][] {{1, HeadCodes.NONE}, {2, 1}});
  }

  @Test
  void headOutputsSumToWhatAttentionWritesAtTheLastToken() {
    Model model = Model.random(DecoderConfig.gpt(11, 8, 2, 2, 12, "relu"), new Rng(1));
    int[][] prompts = {{1, 2, 3}, {4, 5, 6}};
    Tensor outputs = DiscreteSae.outputs(model, prompts);
    assertThat(outputs.shape()).hasToString("[2, 4, 8]");
    Tensor tokens = Tensor.of(new int[] {1, 2, 3, 4, 5, 6}, 2, 3);
    Tensor out = model.capture(tokens, "blocks.1.hook_attn_out").at("blocks.1.hook_attn_out");
    Tensor sum = outputs.slice(1, 2, 4).sum(false, 1); // the output's bias is 0 at first
    assertThat(sum.sub(out.select(1, 2)).abs().max().item()).isLessThan(1e-5);
  }

  @Test
  void noHeadAblatedLeavesTheModelAndAllAblatedTheMean() {
    Model model = Model.random(DecoderConfig.gpt(11, 8, 2, 2, 12, "relu"), new Rng(1));
    int[][] prompts = {{1, 2, 3}, {4, 5, 6}};
    HeadAblation ablation = new HeadAblation(model, prompts, prompts);
    Tensor plain = model.forward(Tensor.of(new int[] {1, 2, 3, 4, 5, 6}, 2, 3)).select(1, 2);
    assertThat(ablation.logits(List.of()).sub(plain).abs().max().item()).isLessThan(1e-6);
    assertThat(ablation.all()).containsExactly(0, 1, 2, 3);
    assertThat(ablation.greedy()).containsExactlyInAnyOrder(1, 2, 3, 4);
    HeadAblation single = new HeadAblation(model, prompts, new int[][] {prompts[0]});
    Tensor first = single.logits(single.all()).select(0, 0);
    assertThat(first.sub(plain.select(0, 0)).abs().max().item()).isLessThan(1e-5);
  }

  @Test
  void areaAndBestThresholdAgreeWithCountingByHand() {
    boolean[] members = {true, false, true, false};
    double[] scores = {0.9, 0.5, 0.5, 0.1};
    assertThat(Roc.area(scores, members)).isCloseTo(3.5 / 4, within(1e-12));
    Roc.Best best = Roc.best(scores, members);
    assertThat(best.precision()).isCloseTo(2.0 / 3, within(1e-12));
    assertThat(best.recall()).isEqualTo(1);
    assertThat(best.f1()).isCloseTo(0.8, within(1e-12));
    assertThatThrownBy(() -> Roc.area(scores, new boolean[4])).hasMessageContaining("members");
  }

  @Test
  void badInputIsRefusedInWords() {
    Model model = Model.random(DecoderConfig.gpt(11, 8, 1, 2, 12, "relu"), new Rng(1));
    int[][] some = {{1, 2}};
    int[][] none = {};
    assertThatThrownBy(() -> DiscreteSae.defaults().identify(model, some, some, none))
        .hasMessageContaining("were 1, 1 and 0");
    HeadCodes two = new HeadCodes(new int[][] {{1, 2}});
    assertThatThrownBy(() -> two.shareOfCodes(POSITIVE)).hasMessageContaining("codes of 2");
    assertThatThrownBy(() -> new HeadCodes(new int[][] {{1, 2}, {1}}))
        .hasMessageContaining("equally many heads");
  }
}
