package org.lapidary.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lapidary.compress.slim.Budget;
import org.lapidary.compress.slim.Option;
import org.lapidary.compress.slim.Plan;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

class RoundingTest {
  private final Tensor w = new Rng(0).normal(1, 8, 150);
  private final Tensor x = new Rng(1).normal(1, 400, 150).matmul(new Rng(2).normal(0.3, 150, 150));
  private final InputStatistics inputs = statistics(x);

  private static InputStatistics statistics(Tensor x) {
    Tensor rows = x.to(DType.FLOAT64);
    return new InputStatistics(rows.size(0), rows.sum(false, 0), rows.t().matmul(rows));
  }

  private double error(Tensor rounded) {
    return x.matmul(w.sub(rounded).t()).square().mean().item();
  }

  @Test
  void codesLieInRangeAndDequantiseToMultiplesOfTheirScale() {
    for (int bits : new int[] {2, 3, 4, 8}) {
      Quantized q = Quantized.roundToNearest(w, bits, 64);
      assertThat(q.codes().to(DType.INT64).max().item()).isLessThan(1 << (bits - 1));
      assertThat(q.codes().to(DType.INT64).min().item()).isGreaterThanOrEqualTo(-(1 << (bits - 1)));
      assertThat(q.scales().shape().toArray()).containsExactly(8, 3);
      float[] codes = q.codes().to(DType.FLOAT32).toFloats();
      float[] scales = q.scales().toFloats();
      float[] values = q.dequantize().toFloats();
      for (int r = 0; r < 8; r++) {
        for (int j = 0; j < 150; j++) {
          assertThat(values[r * 150 + j]).isEqualTo(codes[r * 150 + j] * scales[r * 3 + j / 64]);
        }
      }
    }
  }

  @Test
  void compensatedRoundingLosesLessOutputThanRoundingToNearest() {
    for (int bits : new int[] {2, 3, 4}) {
      double nearest = error(Quantized.roundToNearest(w, bits, 64).dequantize());
      double compensated = error(Gptq.round(w, inputs, null, bits, 64).dequantize());
      assertThat(compensated).as(bits + " bits").isLessThan(nearest);
    }
  }

  @Test
  void compensatedPruningLosesLessThanZeroingAndKeepsTheMask() {
    Tensor mask = Masks.perRow(Scores.WANDA.of(w, inputs), 0.5);
    Tensor zeroed = w.maskedFill(mask.not(), 0);
    Tensor compensated = Gptq.compensate(w, inputs, mask);
    assertThat(error(compensated)).isLessThan(error(zeroed));
    assertThat(compensated.maskedFill(mask, 0).abs().max().item()).isZero();
    Tensor rounded = Gptq.round(w, inputs, mask, 4, 64).dequantize();
    assertThat(rounded.maskedFill(mask, 0).abs().max().item()).isZero();
  }

  @Test
  void masksDropExactlyTheirShareAndNest() {
    Tensor score = w.abs();
    Tensor before = Masks.perMatrix(score, 0);
    for (double sparsity : new double[] {0.1, 0.33, 0.5, 0.9}) {
      Tensor mask = Masks.perMatrix(score, sparsity);
      long dropped = mask.not().to(DType.INT64).sum().toLongs()[0];
      assertThat(dropped).isEqualTo((long) Math.floor(sparsity * 1200));
      assertThat(mask.and(before.not()).any().toBooleans()[0]).isFalse();
      before = mask;
    }
    Map<String, Tensor> global = Masks.global(Map.of("a", score, "b", score.mul(10)), 0.5);
    assertThat(Masks.sparsity(global.get("a"))).isGreaterThan(Masks.sparsity(global.get("b")));
  }

  @Test
  void theIntegerProgramFindsTheBestPlan() {
    Rng rng = new Rng(7);
    Map<String, List<Plan.Price>> prices = new java.util.LinkedHashMap<>();
    List<Option> options = Option.all(4).subList(0, 3);
    for (int m = 0; m < 6; m++) {
      List<Plan.Price> list = new ArrayList<>();
      for (int o = 0; o < 3; o++) {
        list.add(new Plan.Price(options.get(o), 10 + 7 * o + rng.nextInt(5), rng.nextDouble()));
      }
      prices.put("m" + m, list);
    }
    Plan plan = Plan.solve(prices, 110);
    double best = Double.MAX_VALUE;
    for (int code = 0; code < 729; code++) {
      long bytes = 0;
      double cost = 0;
      int rest = code;
      for (int m = 0; m < 6; m++) {
        Plan.Price price = prices.get("m" + m).get(rest % 3);
        rest /= 3;
        bytes += price.bytes();
        cost += price.divergence();
      }
      best = bytes <= 110 ? Math.min(best, cost) : best;
    }
    assertThat(plan.divergence()).isCloseTo(best, within(1e-6));
    assertThat(plan.bytes()).isLessThanOrEqualTo(110);
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> Plan.solve(prices, 20))
        .hasMessageContaining("need");
  }

  @Test
  void budgetsAreReadOrRefusedInWords() {
    assertThat(Budget.parse("3.0bits")).isEqualTo(new Budget.Bits(3));
    assertThat(Budget.parse("0.3x")).isEqualTo(new Budget.Share(0.3));
    assertThat(Budget.parseLossIncrease("1%")).isEqualTo(new Budget.LossIncrease(0.01));
    for (String wrong : new String[] {"", "3", "0bits", "40bits", "2x", "many"}) {
      org.assertj.core.api.Assertions.assertThatThrownBy(() -> Budget.parse(wrong))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
