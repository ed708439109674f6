package org.lapidary.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

class LstmTest {

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  @Test
  void followsItsEquationsStepByStep() {
    int in = 3;
    int n = 4;
    Lstm lstm = new Lstm(in, n);
    lstm.initialise(new Rng(1));
    Tensor x = new Rng(2).normal(1, 1, 5, in);
    double[] wx = lstm.parameterAt("weight_ih").tensor().toDoubles();
    double[] wh = lstm.parameterAt("weight_hh").tensor().toDoubles();
    double[] b = lstm.parameterAt("bias").tensor().toDoubles();
    double[] input = x.toDoubles();
    double[] y = lstm.forward(x).toDoubles();
    double[] h = new double[n];
    double[] c = new double[n];
    for (int t = 0; t < 5; t++) {
      double[] gates = new double[4 * n];
      for (int g = 0; g < 4 * n; g++) {
        gates[g] = b[g];
        for (int i = 0; i < in; i++) {
          gates[g] += wx[g * in + i] * input[t * in + i];
        }
        for (int i = 0; i < n; i++) {
          gates[g] += wh[g * n + i] * h[i];
        }
      }
      for (int i = 0; i < n; i++) {
        c[i] = sigmoid(gates[n + i]) * c[i] + sigmoid(gates[i]) * Math.tanh(gates[2 * n + i]);
        h[i] = sigmoid(gates[3 * n + i]) * Math.tanh(c[i]);
        assertThat(y[t * n + i]).isCloseTo(h[i], within(1e-5));
      }
    }
  }

  @Test
  void aSequenceInTwoPartsGivesTheSame() {
    Lstm lstm = new Lstm(2, 3);
    lstm.initialise(new Rng(3));
    Tensor x = new Rng(4).normal(1, 2, 6, 2);
    Lstm.Output first = lstm.forward(x.slice(1, 0, 4), null);
    Lstm.Output second = lstm.forward(x.slice(1, 4, 6), first.last());
    Tensor whole = lstm.forward(x);
    assertThat(whole.shape()).isEqualTo(Shape.of(2, 6, 3));
    assertThat(Tensor.concat(1, first.y(), second.y()).sub(whole).abs().max().item())
        .isLessThan(1e-6);
  }
}
