package org.lapidary.compress.essential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.compress.Masks;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

class EssentialSparsityTest {
  private static final double[] LEVELS = {0, 0.1, 0.25, 0.5, 0.73, 0.95};

  private static Model model() {
    return Model.random(DecoderConfig.gpt(11, 16, 2, 4, 12, "gelu"), new Rng(3));
  }

  private static long zeros(Tensor mask) {
    long n = 0;
    for (boolean kept : mask.toBooleans()) {
      n += kept ? 0 : 1;
    }
    return n;
  }

  @ParameterizedTest
  @EnumSource(Selection.class)
  void masksDropExactlyTheFloorOfTheirShareAndAreNested(Selection selection) {
    Model model = model();
    long all = BlockMatrices.weights(model);
    Map<String, Tensor> before = selection.masks(model, 0, 5);
    for (double level : LEVELS) {
      Map<String, Tensor> masks = selection.masks(model, level, 5);
      long expected =
          selection == Selection.PER_MATRIX
              ? masks.values().stream()
                  .mapToLong(m -> (long) Math.floor(level * m.elements()))
                  .sum()
              : (long) Math.floor(level * all);
      assertThat(masks.values().stream().mapToLong(EssentialSparsityTest::zeros).sum())
          .isEqualTo(expected);
      before.forEach((path, old) ->
          assertThat(zeros(old.or(masks.get(path).not()))).as("came back: " + path).isZero());
      before = masks;
    }
  }

  @Test
  void theGlobalMaskDropsTheSmallestWeights() {
    Model model = model();
    Map<String, Tensor> masks = Selection.GLOBAL.masks(model, 0.4, 0);
    double largestDropped = 0;
    double smallestKept = Double.MAX_VALUE;
    for (var e : BlockMatrices.of(model).entrySet()) {
      float[] w = e.getValue().weight().tensor().toFloats();
      boolean[] kept = masks.get(e.getKey()).toBooleans();
      for (int i = 0; i < w.length; i++) {
        if (kept[i]) {
          smallestKept = Math.min(smallestKept, Math.abs(w[i]));
        } else {
          largestDropped = Math.max(largestDropped, Math.abs(w[i]));
        }
      }
    }
    assertThat(largestDropped).isLessThanOrEqualTo(smallestKept);
  }

  @Test
  void structuredMasksKeepNOfEveryMAlsoWhereRowsAreNoMultiple() {
    DecoderConfig odd = DecoderConfig.gpt(11, 16, 1, 4, 12, "gelu").withMlp(12);
    Map<String, Tensor> masks = Selection.structured(Model.random(odd, new Rng(1)), 6, 8);
    masks.forEach((path, mask) -> {
      boolean[] kept = mask.toBooleans();
      for (int g = 0; g < kept.length; g += 8) {
        int n = 0;
        for (int i = g; i < g + 8; i++) {
          n += kept[i] ? 1 : 0;
        }
        assertThat(n).as(path).isEqualTo(6);
      }
    });
  }

  @Property(tries = 60)
  void theKneeOfTwoLinesIsWhereTheyMeet(
      @ForAll @IntRange(min = 2, max = 12) int at,
      @ForAll @DoubleRange(min = 0.05, max = 0.5) double slow,
      @ForAll @DoubleRange(min = 4, max = 12) double ratio) {
    double[] levels = new double[16];
    double[] quality = new double[16];
    Rng rng = new Rng(at);
    for (int i = 0; i < 16; i++) {
      levels[i] = i * 0.05;
      double x = levels[i];
      double b = at * 0.05;
      quality[i] =
          10
              - slow * Math.min(x, b)
              - slow * ratio * Math.max(0, x - b)
              + 1e-4 * rng.nextGaussian();
    }
    SparsityCurve curve = new SparsityCurve(levels, quality);
    SparsityCurve.Knee knee = curve.knee(-1000).orElseThrow();
    assertThat(knee.sparsity()).isCloseTo(at * 0.05, within(0.05 + 1e-9));
    assertThat(knee.steepening()).isCloseTo(ratio, within(0.35 * ratio));
    assertThat(knee.valid()).isTrue();
  }

  @Test
  void aStraightFallHasNoValidKnee() {
    double[] levels = {0, 0.1, 0.2, 0.3, 0.4, 0.5};
    double[] quality = Arrays.stream(levels).map(s -> 1 - s).toArray();
    assertThat(new SparsityCurve(levels, quality).knee(-9).orElseThrow().valid()).isFalse();
  }

  @Test
  void theKneeIsSoughtUpToTheLevelThatLostHalfTheWayToChance() {
    // flat, then down to chance at once: the long tail at chance is not looked at
    double[] levels = {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8};
    double[] quality = {0.9, 0.9, 0.9, 0.88, 0.8, 0.5, 0.5, 0.5, 0.5};
    SparsityCurve.Knee knee = new SparsityCurve(levels, quality).knee(0.5).orElseThrow();
    assertThat(knee.sparsity()).isEqualTo(0.4);
    assertThat(new SparsityCurve(new double[] {0, 0.5}, new double[] {1, 0}).knee(0)).isEmpty();
  }

  @Test
  void theToleratedSparsityIsTheLastLevelBeforeMoreIsLost() {
    double[] levels = {0, 0.1, 0.2, 0.3, 0.4};
    assertThat(new SparsityCurve(levels, new double[] {0.8, 0.81, 0.793, 0.7, 0.8}).tolerated(0.01))
        .isEqualTo(0.2);
    // a loss of 2 nats may rise to 2.02
    assertThat(new SparsityCurve(levels, new double[] {-2, -2.019, -2.03, -3, -4}).tolerated(0.01))
        .isEqualTo(0.1);
    assertThat(new SparsityCurve(levels, new double[] {1, 1, 1, 1, 1}).tolerated(0.01))
        .isEqualTo(0.4);
  }

  @Test
  void theCosineOfMasksIsThatOfTheirZerosAndOnes() {
    Model model = model();
    Map<String, Tensor> a = Selection.GLOBAL.masks(model, 0.3, 0);
    Map<String, Tensor> b = Selection.RANDOM.masks(model, 0.5, 9);
    assertThat(MaskSets.cosine(a, a)).isCloseTo(1, within(1e-12));
    double both = 0;
    double na = 0;
    double nb = 0;
    for (String path : a.keySet()) {
      boolean[] x = a.get(path).toBooleans();
      boolean[] y = b.get(path).toBooleans();
      for (int i = 0; i < x.length; i++) {
        both += x[i] && y[i] ? 1 : 0;
        na += x[i] ? 1 : 0;
        nb += y[i] ? 1 : 0;
      }
    }
    assertThat(MaskSets.cosine(a, b)).isCloseTo(both / Math.sqrt(na * nb), within(1e-12));
    assertThatThrownBy(() -> MaskSets.cosine(a, Map.of())).hasMessageContaining("same matrices");
  }

  @Test
  void densitiesAreSharesKeptAndAddUpToTheSparsity() {
    Model model = model();
    Map<String, Tensor> masks = Selection.GLOBAL.masks(model, 0.37, 0);
    Map<String, Double> densities = MaskSets.densities(masks);
    double kept = 0;
    for (var e : densities.entrySet()) {
      kept += e.getValue() * masks.get(e.getKey()).elements();
    }
    assertThat(1 - kept / BlockMatrices.weights(model))
        .isCloseTo(MaskSets.sparsity(masks), within(1e-12));
    assertThat(MaskSets.densitiesByKind(masks))
        .containsOnlyKeys("attn.q", "attn.k", "attn.v", "attn.o", "mlp.in", "mlp.out");
  }

  @Test
  void zeroShotAnalysisMeasuresTheMaskedModel() {
    Model model = model();
    double all = BlockMatrices.weights(model);
    // quality: the share of weights that are not zero
    Downstream share =
        Downstream.zeroShot(m ->
            BlockMatrices.of(m).values().stream()
                    .mapToDouble(l ->
                        l.weight()
                            .tensor()
                            .ne(0)
                            .to(org.lapidary.tensor.DType.FLOAT64)
                            .sum()
                            .item())
                    .sum()
                / all);
    EssentialSparsity.Analysis a =
        EssentialSparsity.defaults().withLevels(LEVELS).analyse(model, share, 0, Progress.silent());
    for (int i = 0; i < LEVELS.length; i++) {
      assertThat(a.curve().quality()[i]).isCloseTo(1 - LEVELS[i], within(1 / all));
    }
    assertThat(a.tolerated()).isZero();
    assertThat(a.densities().values()).allMatch(d -> d == 1);
  }

  @Test
  void ticketsFollowTheWeightsAfterTheTaskAndRewindToThoseBefore() {
    Model model = model();
    // "learning" turns the order of magnitudes around: w becomes 1 / w
    Downstream turned =
        (pretrained, masks) -> {
          Model tuned = Masks.apply(pretrained, masks);
          BlockMatrices.of(tuned)
              .forEach((path, l) -> {
                Tensor w = l.weight().tensor();
                Tensor kept = masks.get(path);
                // rewound: what is kept has the pre-trained value
                Tensor original = BlockMatrices.of(pretrained).get(path).weight().tensor();
                assertThat(w.sub(original).maskedFill(kept.not(), 0).abs().max().item()).isZero();
                l.weight().set(w.reciprocal().maskedFill(kept.not(), 0));
              });
          return new Downstream.Tuned(tuned, 1);
        };
    LotteryTickets method = new LotteryTickets(0.1, 3);
    List<LotteryTickets.Ticket> tickets = method.find(model, turned);
    long n = BlockMatrices.weights(model);
    assertThat(tickets).hasSize(4);
    long dropped = 0;
    for (int r = 0; r < 4; r++) {
      assertThat(
              tickets.get(r).masks().values().stream()
                  .mapToLong(EssentialSparsityTest::zeros)
                  .sum())
          .isEqualTo(dropped);
      dropped += (long) Math.floor(0.1 * (n - dropped));
    }
    // the largest weights were dropped, one shot drops the smallest
    double largest = 0;
    for (var e : BlockMatrices.of(model).entrySet()) {
      Tensor kept = tickets.get(3).masks().get(e.getKey());
      largest =
          Math.max(
              largest, e.getValue().weight().tensor().abs().maskedFill(kept.not(), 0).max().item());
    }
    double all =
        BlockMatrices.of(model).values().stream()
            .mapToDouble(l -> l.weight().tensor().abs().max().item())
            .max()
            .orElseThrow();
    assertThat(largest).isLessThan(all);
    List<EssentialSparsity.Comparison> same =
        EssentialSparsity.defaults()
            .compare(model, Downstream.zeroShot(m -> 0), new LotteryTickets(0.1, 3));
    assertThat(same).allMatch(c -> Math.abs(c.cosine() - 1) < 1e-12);
  }

  @Test
  void maskedWeightsStayZeroThroughTraining() {
    Model model = model();
    Map<String, Tensor> masks = Selection.GLOBAL.masks(model, 0.5, 0);
    Tensor tokens = Tensor.of(new int[] {1, 5, 3, 7}, 1, 4);
    try (FixedMasks fixed = new FixedMasks(model, masks)) {
      model.layer().requiresGrad(true);
      List<Tensor> parameters =
          model.layer().parameters().values().stream().map(p -> p.tensor()).toList();
      List<Tensor> gradients = Autograd.grad(model.forward(tokens).square().sum(), parameters);
      assertThat(gradients).hasSameSizeAs(parameters);
      int i = 0;
      for (String path : model.layer().parameters().keySet()) {
        Tensor mask = masks.get(path.replaceFirst("\\.weight$", ""));
        if (mask != null) {
          assertThat(gradients.get(i).maskedFill(mask, 0).abs().max().item()).as(path).isZero();
        }
        i++;
      }
    }
    masks.forEach((path, mask) ->
        assertThat(
                BlockMatrices.of(model)
                    .get(path)
                    .weight()
                    .tensor()
                    .maskedFill(mask, 0)
                    .abs()
                    .max()
                    .item())
            .isZero());
  }

  @Test
  void anAbruptRiseStandsOutAmongTheOthers() {
    long[] steps = {0, 100, 200, 300, 400, 500};
    SparsityTrace.Jump jump =
        new SparsityTrace(steps, new double[] {0, 0.01, 0.03, 0.53, 0.55, 0.56}).largestRise();
    assertThat(jump.step()).isEqualTo(300);
    assertThat(jump.increment()).isCloseTo(0.5, within(1e-12));
    // the others: 0.01, 0.02, 0.02, 0.01, of mean 0.015 and deviation 0.005774
    assertThat(jump.deviations()).isCloseTo((0.5 - 0.015) / (0.01 / Math.sqrt(3)), within(1e-6));
    assertThat(jump.abrupt()).isTrue();
    assertThat(
            new SparsityTrace(steps, new double[] {0, 0.1, 0.22, 0.3, 0.41, 0.5})
                .largestRise()
                .abrupt())
        .isFalse();
    assertThat(new SparsityTrace(steps, new double[] {0, 1, 2, 3, 4, 5}).largestRise().abrupt())
        .isFalse();
    assertThatThrownBy(
            () -> new SparsityTrace(new long[] {0, 1}, new double[] {0, 1}).largestRise())
        .hasMessageContaining("three intervals");
  }

  @Test
  void smallWeightsAreCounted() {
    Model model = model();
    double threshold = 0.005;
    long small = 0;
    long all = 0;
    for (var l : BlockMatrices.of(model).values()) {
      for (float w : l.weight().tensor().toFloats()) {
        small += Math.abs(w) < (float) threshold ? 1 : 0;
        all++;
      }
    }
    assertThat(SparsityTrace.smallShare(model, threshold))
        .isCloseTo((double) small / all, within(1e-12));
  }

  @Test
  void badInputIsRefusedInWords() {
    assertThatThrownBy(() -> new SparsityCurve(new double[] {0.1, 0.2}, new double[] {1, 1}))
        .hasMessageContaining("starts at sparsity 0");
    assertThatThrownBy(() -> new SparsityCurve(new double[] {0, 0.2, 0.2}, new double[] {1, 1, 1}))
        .hasMessageContaining("levels rise");
    assertThatThrownBy(() -> new EssentialSparsity(LEVELS, 1, Selection.GLOBAL, 0))
        .hasMessageContaining("tolerance");
    assertThatThrownBy(() -> new LotteryTickets(0, 3)).hasMessageContaining("share");
    assertThatThrownBy(() -> Selection.GLOBAL.masks(model(), 1.5, 0))
        .hasMessageContaining("[0, 1]");
    assertThatThrownBy(() -> new FixedMasks(model(), Map.of("blocks.9.mlp.in", Tensor.ones(1, 1))))
        .hasMessageContaining("blocks.9.mlp.in");
  }
}
