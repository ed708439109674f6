package org.lapidary.compress.dsnot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.compress.InputStatistics;
import org.lapidary.compress.Masks;
import org.lapidary.compress.Scores;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

class DsnotTest {
  private static final int OUT = 16;
  private static final int IN = 32;

  private final Tensor x = new Rng(1).normal(1, 200, IN).add(new Rng(2).normal(1, 1, IN));
  private final Tensor w = new Rng(3).normal(1, OUT, IN);
  private final InputStatistics inputs = statistics(x);

  private static InputStatistics statistics(Tensor x) {
    Tensor rows = x.to(DType.FLOAT64);
    return new InputStatistics(rows.size(0), rows.sum(false, 0), rows.t().matmul(rows));
  }

  @Test
  void statisticsAndScoresFollowTheirFormulas() {
    double[] values = x.toDoubles();
    double[] mean = inputs.mean().toDoubles();
    double[] variance = inputs.variance().toDoubles();
    double[] wanda = Scores.WANDA.of(w, inputs).toDoubles();
    double[] weights = w.toDoubles();
    for (int j = 0; j < IN; j++) {
      double sum = 0;
      double squares = 0;
      for (int t = 0; t < 200; t++) {
        sum += values[t * IN + j];
        squares += values[t * IN + j] * values[t * IN + j];
      }
      assertThat(mean[j]).isCloseTo(sum / 200, within(1e-9));
      assertThat(variance[j]).isCloseTo(squares / 200 - sum / 200 * sum / 200, within(1e-9));
      assertThat(wanda[5 * IN + j])
          .isCloseTo(Math.abs(weights[5 * IN + j]) * Math.sqrt(squares / 200), within(1e-6));
    }
  }

  @Test
  void swapsEqualASearchThroughTheWholeRow() {
    for (double power : new double[] {0, 1}) {
      Dsnot method = new Dsnot(0.5, 0, 0, Scores.WANDA, 50, 0.1, power, false, false);
      Tensor start = Masks.perRow(Scores.WANDA.of(w, inputs), 0.5);
      Dsnot.Refined refined = method.refine(w, inputs, start);
      boolean[] expected = start.toBooleans();
      for (int r = 0; r < OUT; r++) {
        search(expected, r, power);
      }
      assertThat(refined.mask().toBooleans()).containsExactly(expected);
    }
  }

  /** The rule without sorted lists: at every step the best unused weight is searched for. */
  private void search(boolean[] keep, int r, double power) {
    double[] weights = w.toDoubles();
    double[] mean = inputs.mean().toDoubles();
    double[] variance = inputs.variance().toDoubles();
    double[] wanda = Scores.WANDA.of(w, inputs).toDoubles();
    boolean[] grown = new boolean[IN];
    boolean[] dropped = new boolean[IN];
    boolean[] initially = new boolean[IN];
    double error = 0;
    for (int j = 0; j < IN; j++) {
      initially[j] = keep[r * IN + j];
      error += initially[j] ? 0 : weights[r * IN + j] * mean[j];
    }
    for (int swap = 0; swap < 50 && Math.abs(error) > 0.1; swap++) {
      double sign = Math.signum(error);
      int k = -1;
      int l = -1;
      for (int j = 0; j < IN; j++) {
        double c = weights[r * IN + j] * mean[j];
        if (!initially[j]
            && !grown[j]
            && (k < 0
                || sign * c / Math.pow(variance[j], power)
                    > sign * weights[r * IN + k] * mean[k] / Math.pow(variance[k], power))) {
          k = j;
        }
        if (initially[j]
            && !dropped[j]
            && sign * c < 0
            && (l < 0 || wanda[r * IN + j] < wanda[r * IN + l])) {
          l = j;
        }
      }
      if (k < 0 || l < 0) {
        return;
      }
      grown[k] = true;
      dropped[l] = true;
      keep[r * IN + k] = true;
      keep[r * IN + l] = false;
      error += weights[r * IN + l] * mean[l] - weights[r * IN + k] * mean[k];
    }
  }

  @Test
  void theTrackedErrorIsTheErrorOfTheMaskAndRowsKeepTheirCount() {
    for (Dsnot method : List.of(Dsnot.defaults(), Dsnot.defaults().withPattern(2, 4))) {
      Tensor score = Scores.WANDA.of(w, inputs);
      Tensor start = method.n() > 0 ? Masks.structured(score, 2, 4) : Masks.perRow(score, 0.5);
      Dsnot.Refined refined = method.refine(w, inputs, start);
      boolean[] keep = refined.mask().toBooleans();
      double[] weights = w.toDoubles();
      double[] mean = inputs.mean().toDoubles();
      for (int r = 0; r < OUT; r++) {
        double error = 0;
        int kept = 0;
        for (int j = 0; j < IN; j++) {
          error += keep[r * IN + j] ? 0 : weights[r * IN + j] * mean[j];
          kept += keep[r * IN + j] ? 1 : 0;
          if (method.n() > 0 && j % 4 == 3) {
            int inGroup = 0;
            for (int i = j - 3; i <= j; i++) {
              inGroup += keep[r * IN + i] ? 1 : 0;
            }
            assertThat(inGroup).isEqualTo(2);
          }
        }
        assertThat(refined.after()[r]).isCloseTo(error, within(1e-4));
        assertThat(kept).isEqualTo(IN / 2);
      }
      for (int r = 0; r < OUT; r++) {
        assertThat(refined.swaps()[r]).isBetween(0, 50);
      }
    }
  }

  @Test
  void aPrunedModelKeepsItsOtherWeightsBitForBit() {
    Model model = Model.random(DecoderConfig.gpt(20, 16, 2, 2, 12, "relu"), new Rng(0));
    int[][] texts = new int[4][12];
    Rng rng = new Rng(5);
    for (int[] text : texts) {
      for (int p = 0; p < text.length; p++) {
        text[p] = rng.nextInt(20);
      }
    }
    Model pruned = Dsnot.defaults().withSparsity(0.5).compress(model, texts);
    model
        .layer()
        .parameters()
        .forEach((path, p) -> {
          float[] a = p.tensor().toFloats();
          float[] b = pruned.layer().parameterAt(path).tensor().toFloats();
          int zeros = 0;
          for (int i = 0; i < a.length; i++) {
            if (b[i] != a[i]) {
              assertThat(b[i]).as(path).isZero();
              zeros++;
            }
          }
          boolean matrix =
              path.startsWith("blocks.") && path.endsWith("weight") && !path.contains("ln");
          assertThat(zeros).as(path).isEqualTo(matrix ? a.length / 2 : 0);
        });
  }

  @Test
  void settingsThatMakeNoSenseAreRefused() {
    assertThatThrownBy(() -> new Dsnot(0.5, 0, 0, Scores.WANDA, -1, 0.1, 1, false, false))
        .hasMessageContaining("-1");
    assertThatThrownBy(
            () -> Dsnot.defaults().withSparsity(1.5).refine(w, inputs, Masks.perRow(w, 1.5)))
        .hasMessageContaining("1.5");
    assertThatThrownBy(() -> Masks.structured(w, 2, 5)).hasMessageContaining("2:5");
  }
}
