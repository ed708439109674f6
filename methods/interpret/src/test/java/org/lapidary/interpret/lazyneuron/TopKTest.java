package org.lapidary.interpret.lazyneuron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class TopKTest {
  private static final DecoderConfig GPT = DecoderConfig.gpt(11, 16, 2, 2, 12, "relu");

  /** The reference: sort by value, largest first, then by index. */
  private static float[] sorted(float[] row, int k) {
    float[] kept = new float[row.length];
    IntStream.range(0, row.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -row[i]).thenComparing(i -> i))
        .limit(k)
        .forEach(i -> kept[i] = row[i]);
    return kept;
  }

  @Property(tries = 60)
  void equalsASortWithTiesByIndex(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int width, @ForAll int choice) {
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(seed);
      int k = 1 + Math.floorMod(choice, width);
      // Few different values, so that ties are many.
      float[] values = new float[3 * width];
      for (int i = 0; i < values.length; i++) {
        values[i] = rng.nextInt(5) - 1;
      }
      float[] kept = new TopK(k).apply(Tensor.of(values, 3, width)).toFloats();
      float[] mask = new TopK(k).mask(Tensor.of(values, 3, width)).toFloats();
      for (int r = 0; r < 3; r++) {
        float[] row = java.util.Arrays.copyOfRange(values, r * width, (r + 1) * width);
        float[] reference = sorted(row, k);
        double chosen = 0;
        for (int i = 0; i < width; i++) {
          assertThat(kept[r * width + i]).isEqualTo(reference[i] + 0f);
          chosen += mask[r * width + i];
        }
        assertThat(chosen).isEqualTo(k);
      }
    }
  }

  @Test
  void ofEqualUnitsTheFirstAreKept() {
    Tensor h = Tensor.of(new float[] {2, 5, 2, 2, 1}, 5);
    assertThat(new TopK(3).apply(h).toFloats()).containsExactly(2, 5, 2, 0, 0);
  }

  @Test
  void theGradientIsZeroOutsideTheKeptUnitsAndUnchangedInside() {
    Tensor x = new Rng(1).normal(1, 7, 24).requiresGrad(true);
    Tensor weights = new Rng(2).normal(1, 7, 24);
    TopK top = new TopK(5);
    Tensor h = x.relu();
    float[] gradient =
        Autograd.grad(top.apply(h).mul(weights).sum(), List.of(x)).getFirst().toFloats();
    float[] mask = top.mask(h).toFloats();
    float[] values = h.toFloats();
    float[] w = weights.toFloats();
    for (int i = 0; i < gradient.length; i++) {
      assertThat(gradient[i]).isEqualTo(mask[i] == 1 && values[i] > 0 ? w[i] : 0f);
    }
  }

  @Test
  void keepingAllUnitsChangesNothing() {
    Model model = Model.random(GPT, new Rng(3));
    Tensor tokens = Tensor.of(new int[] {1, 2, 3, 4}, 1, 4);
    float[] all = new TopK(64).apply(model).forward(tokens).toFloats();
    assertThat(all).isEqualTo(model.forward(tokens).toFloats());
    assertThat(new TopK(2).apply(model).forward(tokens).toFloats())
        .isNotEqualTo(model.forward(tokens).toFloats());
  }

  @Test
  void everyTokenFiresAtMostKUnitsAndCopiesDoToo() {
    Model model = new TopK(3).apply(Model.random(GPT, new Rng(3))).copy();
    int[][] texts = {{1, 2, 3, 4, 5, 6}, {6, 5, 4, 3, 2, 1}};
    assertThat(ActivationSparsity.defaults().audit(model, texts))
        .hasSize(2)
        .allSatisfy(l -> assertThat(l.nonzero()).isLessThanOrEqualTo(3 / 64.0));
  }

  @Test
  void itHasANameAmongTheChannelMixers() {
    DecoderConfig named =
        new DecoderConfig(
            GPT.family(),
            GPT.vocab(),
            GPT.dModel(),
            GPT.layers(),
            GPT.heads(),
            GPT.kvHeads(),
            GPT.dHead(),
            GPT.dMlp(),
            GPT.context(),
            GPT.norm(),
            GPT.epsilon(),
            GPT.placement(),
            GPT.mixer(),
            "top-k-mlp:3",
            GPT.activation(),
            GPT.positions(),
            GPT.rope(),
            GPT.biases(),
            GPT.extras(),
            GPT.tied());
    Tensor tokens = Tensor.of(new int[] {1, 2, 3, 4}, 1, 4);
    Model built = Model.random(named, new Rng(3));
    assertThat(built.layer().all(TopKMlp.class)).hasSize(2);
    assertThat(built.forward(tokens).toFloats())
        .isEqualTo(new TopK(3).apply(Model.random(GPT, new Rng(3))).forward(tokens).toFloats());
  }

  @Test
  void badSettingsAreRefused() {
    assertThatThrownBy(() -> new TopK(0)).hasMessageContaining("at least 1");
    assertThatThrownBy(() -> new TopK(65).apply(Model.random(GPT, new Rng(3))))
        .hasMessageContaining("from 1 to 64");
    assertThatThrownBy(() -> new TopK(4).apply(Tensor.zeros(2, 3)))
        .hasMessageContaining("from 1 to 3");
    Model smooth = Model.random(DecoderConfig.gpt(11, 16, 2, 2, 12, "gelu"), new Rng(3));
    assertThatThrownBy(() -> new TopK(4).apply(smooth)).hasMessageContaining("ReLU");
    assertThatThrownBy(() -> SparseOut.apply(smooth)).hasMessageContaining("ReLU");
  }
}
