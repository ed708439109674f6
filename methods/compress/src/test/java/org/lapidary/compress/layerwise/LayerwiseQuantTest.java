package org.lapidary.compress.layerwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.TreeSet;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

class LayerwiseQuantTest {
  private static final DecoderConfig CONFIG = DecoderConfig.gpt(17, 16, 4, 2, 12, "gelu");
  private static final int[][] TOKENS =
      IntStream.range(0, 6)
          .mapToObj(i -> new Rng(i).ints(12, 0, 17).toArray())
          .toArray(int[][]::new);

  private static Model model() {
    Model model = Model.random(CONFIG, new Rng(1));
    BlockMatrices.of(model).values().forEach(l -> l.weight().set(l.weight().tensor().mul(8)));
    return model;
  }

  @Property(tries = 300)
  void theAverageOfAPlanIsTheTargetToWithinABlock(
      @ForAll @IntRange(min = 1, max = 40) int layers,
      @ForAll @DoubleRange(min = 2, max = 4) double target) {
    int[] order = new Rng(layers).permutation(layers);
    BlockPlan plan = BlockPlan.twoLevels(order, target, 4, 2);
    assertThat(plan.averageBits()).isCloseTo(target, within(1.0 / layers + 1e-12));
  }

  @Test
  void theLeastImportantBlocksAreLowered() {
    double[] importance = {0.3, -2, 5, -1};
    int[] order = BlockPlan.ascending(importance);
    assertThat(order).containsExactly(1, 3, 0, 2);
    assertThat(BlockPlan.twoLevels(order, 3, 4, 2).bits()).containsExactly(4, 2, 4, 2);
    assertThat(BlockPlan.threeLevels(order, 1, 4.5, 8, 4, 2).bits()).containsExactly(4, 2, 8, 4);
    assertThatThrownBy(() -> BlockPlan.twoLevels(order, 4.5, 4, 2))
        .hasMessageContaining("4.5 bits is not between 2 and 4");
    assertThatThrownBy(() -> BlockPlan.threeLevels(order, 4, 4, 8, 4, 2))
        .hasMessageContaining("0 to 3");
  }

  @Test
  void aBlockThatLeavesItsInputAsItIsHasLimMinusOne() {
    Model model = model();
    for (String path : new String[] {"blocks.2.attn.o", "blocks.2.mlp.out"}) {
      Parameter w = model.layer().parameterAt(path + ".weight");
      w.set(w.tensor().mul(0));
    }
    double[] lim = Importance.LIM.of(model, TOKENS);
    assertThat(lim[2]).isCloseTo(-1, within(1e-12));
    assertThat(lim[1]).isGreaterThan(-1 + 1e-6);
  }

  @Test
  void limIsTheMeanCosineOfTheStreamBeforeAndAfter() {
    Model model = model();
    var acts = model.capture(LanguageModeling.tensor(TOKENS), "blocks.1.hook_resid_{pre,post}");
    double[] before = acts.at("blocks.1.hook_resid_pre").toDoubles();
    double[] after = acts.at("blocks.1.hook_resid_post").toDoubles();
    double sum = 0;
    for (int t = 0; t < 72; t++) {
      double ab = 0;
      double aa = 0;
      double bb = 0;
      for (int i = t * 16; i < t * 16 + 16; i++) {
        ab += before[i] * after[i];
        aa += before[i] * before[i];
        bb += after[i] * after[i];
      }
      sum += ab / Math.sqrt(aa * bb);
    }
    assertThat(Importance.LIM.of(model, TOKENS)[1]).isCloseTo(-sum / 72, within(1e-9));
    assertThatThrownBy(() -> Importance.LIM.of(model, new int[0][]))
        .hasMessageContaining("calibration");
  }

  @Test
  void zdOfNormalWeightsIsTheirTailBeyondOneDeviation() {
    Tensor normal = new Rng(3).normal(0.7, 400_000).to(DType.FLOAT64).add(5);
    assertThat(Importance.shareAboveOne(normal)).isCloseTo(0.1587, within(0.002));
    Model model = model();
    Rng rng = new Rng(4);
    BlockMatrices.of(model).values().forEach(l -> l.weight().set(rng.normal(0.5, l.out(), l.in())));
    double[] zd = Importance.ZD.of(model, TOKENS);
    assertThat(zd).hasSize(4);
    assertThat(zd[0]).isCloseTo(-0.1587, within(0.02));
  }

  @Test
  void blocksHaveAsManyLevelsAsPlannedAndTheOriginIsUntouched() {
    Model model = model();
    float[] before = model.layer().parameterAt("blocks.0.mlp.in.weight").tensor().toFloats();
    for (Rounding rounding : Rounding.values()) {
      LayerwiseQuant method = LayerwiseQuant.defaults().withRounding(rounding).withAverageBits(2.5);
      LayerwiseQuant.Result result = method.apply(model, TOKENS);
      assertThat(result.plan().averageBits()).isEqualTo(2.5);
      for (int b = 0; b < 4; b++) {
        float[] row =
            Arrays.copyOf(
                result
                    .model()
                    .layer()
                    .parameterAt("blocks." + b + ".mlp.out.weight")
                    .tensor()
                    .toFloats(),
                64);
        TreeSet<Float> levels = new TreeSet<>();
        for (float w : row) {
          levels.add(w);
        }
        assertThat(levels.size()).isLessThanOrEqualTo(1 << result.plan().bits()[b]);
      }
    }
    assertThat(model.layer().parameterAt("blocks.0.mlp.in.weight").tensor().toFloats())
        .isEqualTo(before);
  }

  @Test
  void aModelWithoutABlockIsTheModelThatSkipsIt() {
    Model model = model();
    Tensor tokens = LanguageModeling.tensor(TOKENS);
    Model smaller = BlockDrop.apply(model, new int[] {2, 0, 1, 3}, 1);
    Tensor skipped =
        model.capture(tokens, "blocks.1.hook_resid_post").map().values().iterator().next();
    Tensor expected =
        model.with(Intervention.replace("blocks.2.hook_resid_post", skipped)).forward(tokens);
    assertThat(smaller.decoder().blocks()).hasSize(3);
    assertThat(smaller.forward(tokens).sub(expected).abs().max().item()).isLessThan(1e-5);
  }

  @Test
  void columnsKeepTheirTargetAndSpendItWhereTheErrorIs() {
    double[] targets = ColumnRounding.targets(new double[] {-1, 3, 0}, 3, 1);
    assertThat(targets).containsExactly(new double[] {2.5, 3.5, 3}, within(1e-12));
    Model model = model();
    double[] importance = Importance.LIM.of(model, TOKENS);
    ColumnRounding columns = ColumnRounding.defaults();
    Model coarse = columns.apply(model, ColumnRounding.targets(importance, 2, 0), TOKENS);
    Model fine = columns.apply(model, ColumnRounding.targets(importance, 8, 0), TOKENS);
    Tensor w = model.layer().parameterAt("blocks.1.attn.q.weight").tensor();
    Tensor rough = coarse.layer().parameterAt("blocks.1.attn.q.weight").tensor();
    Tensor smooth = fine.layer().parameterAt("blocks.1.attn.q.weight").tensor();
    assertThat(smooth.sub(w).norm(false).item()).isLessThan(0.05 * rough.sub(w).norm(false).item());
    for (int j = 0; j < 16; j++) {
      TreeSet<Double> levels = new TreeSet<>();
      for (double v : rough.select(1, j).toDoubles()) {
        levels.add(v);
      }
      assertThat(levels.size()).isLessThanOrEqualTo(4);
    }
    assertThatThrownBy(() -> columns.apply(model, new double[] {3, 3, 3, 1.5}, TOKENS))
        .hasMessageContaining("at least 2 bits");
  }

  @Test
  void badSettingsAreRefused() {
    assertThatThrownBy(() -> LayerwiseQuant.defaults().withAverageBits(5))
        .hasMessageContaining("2, 5.0 and 4");
    assertThatThrownBy(() -> new ColumnRounding(java.util.List.of(1, 4)))
        .hasMessageContaining("2 to 8 bits");
    assertThatThrownBy(
            () -> Rounding.NEAREST.apply(model(), new BlockPlan(new int[] {4}), 64, TOKENS))
        .hasMessageContaining("1 blocks, the model 4");
  }
}
