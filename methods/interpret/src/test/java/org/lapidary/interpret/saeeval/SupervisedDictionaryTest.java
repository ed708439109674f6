package org.lapidary.interpret.saeeval;

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

class SupervisedDictionaryTest {
  private static final int[] SIZES = {3, 4, 2};

  /** Every combination of values, twice. */
  private static int[][] factorial() {
    int[][] rows = new int[48][];
    for (int i = 0; i < 48; i++) {
      rows[i] = new int[] {i % 3, i / 3 % 4, i / 12 % 2};
    }
    return rows;
  }

  @Test
  void leastSquaresAreTheConditionalMeansOnABalancedDesign() {
    Tensor a = new Rng(1).normal(1, 48, 5);
    SupervisedDictionary squares = SupervisedDictionary.leastSquares(a, factorial(), SIZES);
    SupervisedDictionary means = SupervisedDictionary.means(a, factorial(), SIZES);
    for (int i = 0; i < 3; i++) {
      assertThat(squares.vectors().get(i).sub(means.vectors().get(i)).abs().max().item())
          .isLessThan(1e-6);
    }
    double[] x = a.toDoubles();
    double[] direct = new double[5];
    for (int p = 0; p < 48; p++) {
      for (int k = 0; k < 5; k++) {
        direct[k] += (factorial()[p][1] == 2 ? x[p * 5 + k] / 12 : 0) - x[p * 5 + k] / 48;
      }
    }
    assertThat(means.vectors().get(1).select(0, 2).toDoubles())
        .containsExactly(direct, within(1e-6));
  }

  @Test
  void leastSquaresFindTheVectorsOfASumWhereAttributesDependOnOneAnother() {
    Rng rng = new Rng(2);
    int[][] rows = new int[300][];
    for (int p = 0; p < rows.length; p++) {
      int first = rng.nextInt(3);
      rows[p] = new int[] {first, (first + rng.nextInt(3)) % 4, rng.nextInt(2)};
    }
    Tensor[] u = {rng.normal(1, 3, 5), rng.normal(1, 4, 5), rng.normal(1, 2, 5)};
    float[] a = new float[rows.length * 5];
    for (int i = 0; i < 3; i++) {
      float[] values = u[i].toFloats();
      for (int p = 0; p < rows.length; p++) {
        for (int k = 0; k < 5; k++) {
          a[p * 5 + k] += values[rows[p][i] * 5 + k];
        }
      }
    }
    Tensor x = Tensor.of(a, rows.length, 5);
    SupervisedDictionary d = SupervisedDictionary.leastSquares(x, rows, SIZES);
    assertThat(d.reconstruct(rows).sub(x).abs().max().item()).isLessThan(1e-4);
    int[][] edited = new int[rows.length][];
    for (int p = 0; p < rows.length; p++) {
      edited[p] = new int[] {(rows[p][0] + 1) % 3, rows[p][1], rows[p][2]};
    }
    assertThat(d.edit(x, 0, rows, edited).sub(d.reconstruct(edited)).abs().max().item())
        .isLessThan(1e-4);
    SupervisedDictionary means = SupervisedDictionary.means(x, rows, SIZES);
    assertThat(means.reconstruct(rows).sub(x).abs().max().item()).isGreaterThan(0.1);
  }

  @Test
  void sparseEditsSwapTheFeaturesThatDiffer() {
    Dictionary d =
        new Dictionary(
            Tensor.eye(DType.FLOAT32, 4),
            Tensor.zeros(4),
            Tensor.eye(DType.FLOAT32, 4),
            Tensor.zeros(4),
            new Activation.Relu(),
            "",
            "");
    Tensor a = Tensor.of(new float[] {5, 1, 0, 0}, 1, 4);
    Tensor b = Tensor.of(new float[] {0, 1, 3, 2}, 1, 4);
    SparseEdit one = SparseEdit.of(d, a, b, Tensor.zeros(4), 1);
    assertThat(one.edited().toFloats()).containsExactly(0, 1, 3, 0);
    assertThat(one.weight()).isCloseTo(25.0 / 26, within(1e-6));
    assertThat(SparseEdit.of(d, a, b, Tensor.zeros(4), 2).edited().toFloats())
        .containsExactly(0, 1, 3, 2);
    assertThatThrownBy(() -> SparseEdit.of(d, a, b, Tensor.zeros(4), 0))
        .hasMessageContaining("at least 1");
  }

  @Test
  void bestF1IsThatOfTheBestOfAllThresholds() {
    Rng rng = new Rng(4);
    for (int n = 0; n < 30; n++) {
      float[] f = new float[20];
      boolean[] holds = new boolean[20];
      for (int p = 0; p < 20; p++) {
        f[p] = Math.max(0, rng.nextInt(6) - 2);
        holds[p] = rng.nextBoolean();
      }
      double best = 0;
      for (double threshold = 0; threshold < 6; threshold++) {
        double hit = 0;
        double either = 0;
        for (int p = 0; p < 20; p++) {
          hit += f[p] > threshold && holds[p] ? 1 : 0;
          either += (f[p] > threshold ? 1 : 0) + (holds[p] ? 1 : 0);
        }
        best = Math.max(best, either == 0 ? 0 : 2 * hit / either);
      }
      assertThat(Predicates.bestF1(f, holds)).isCloseTo(best, within(1e-12));
    }
  }

  @Test
  void ownActivationsLeaveTheLogitsAndACutDecidesThem() {
    Model model = Model.random(DecoderConfig.gpt(11, 8, 2, 2, 12, "relu"), new Rng(1));
    int[][] a = {{1, 2, 3}, {4, 5, 6}};
    int[][] b = {{7, 8, 3}, {9, 0, 6}};
    Tensor plain = model.forward(Tensor.of(new int[] {7, 8, 3, 9, 0, 6}, 2, 3)).select(1, 2);
    CrossSection cut =
        new CrossSection(model, List.of("blocks.1.hook_resid_pre", "blocks.1.attn.hook_z"));
    assertThat(cut.logits(b, cut.activations(b)).sub(plain).abs().max().item()).isLessThan(1e-6);
    assertThat(cut.logits(a, cut.activations(b)).sub(plain).abs().max().item()).isLessThan(1e-6);
    CrossSection heads = new CrossSection(model, List.of("blocks.1.attn.hook_z"));
    assertThat(heads.logits(a, heads.activations(b)).sub(plain).abs().max().item())
        .isGreaterThan(1e-6);
  }

  @Test
  void badInputIsRefusedInWords() {
    Tensor a = new Rng(1).normal(1, 48, 5);
    assertThatThrownBy(() -> SupervisedDictionary.means(a, factorial(), new int[] {3, 5, 2}))
        .hasMessageContaining("no prompt has the value 4 of attribute 1");
    assertThatThrownBy(() -> SupervisedDictionary.means(a, factorial(), new int[] {3, 3, 2}))
        .hasMessageContaining("do not fit the sizes");
    assertThatThrownBy(() -> SupervisedDictionary.means(a.slice(0, 0, 9), factorial(), SIZES))
        .hasMessageContaining("48");
    assertThatThrownBy(() -> SupervisedDictionary.means(a.mul(Double.NaN), factorial(), SIZES))
        .hasMessageContaining("not finite");
  }
}
