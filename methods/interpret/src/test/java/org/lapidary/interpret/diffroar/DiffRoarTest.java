package org.lapidary.interpret.diffroar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.data.Images;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;

class DiffRoarTest {

  @Test
  void unmaskingKeepsExactlyItsShareOfThePixels() {
    try (Scope scope = Scope.open()) {
      Tensor x = Tensor.ones(3, 2, 5, 4);
      Tensor scores = new Rng(1).uniform(0, 1, 3, 2, 5, 4);
      for (double share : new double[] {0.1, 0.35, 0.5, 0.95}) {
        int kept = new Unmasking(share, true, 0).kept(20);
        Tensor top = new Unmasking(share, true, 0).apply(x, scores);
        Tensor bottom = new Unmasking(share, false, 0).apply(x, scores);
        assertThat(top.sum(false, 1, 2, 3).toDoubles()).containsOnly(2.0 * kept);
        assertThat(bottom.sum(false, 1, 2, 3).toDoubles()).containsOnly(2.0 * kept);
      }
      // of the largest score of a pixel's channels, top and bottom halves are complements
      Tensor both =
          new Unmasking(0.5, true, 0)
              .apply(x, scores)
              .add(new Unmasking(0.5, false, 0).apply(x, scores));
      assertThat(both.toDoubles()).containsOnly(1);
    }
  }

  @Test
  void equalScoresAreTakenInTheOrderOfThePixels() {
    try (Scope scope = Scope.open()) {
      Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 1, 4);
      Tensor scores = Tensor.of(new float[] {0, 1, 1, 1}, 1, 4);
      assertThat(new Unmasking(0.5, true, -1).apply(x, scores).toDoubles())
          .containsExactly(-1, 2, 3, -1);
      assertThat(new Unmasking(0.5, false, -1).apply(x, scores).toDoubles())
          .containsExactly(1, -1, -1, 4);
    }
  }

  @Test
  void attributionsAreTheirFormulas() {
    try (Scope scope = Scope.open()) {
      SmallNet net = SmallNet.dense(4, 8, 3);
      net.initialise(new Rng(2));
      Tensor x = new Rng(3).normal(1, 2, 4);
      Tensor y = Tensor.of(new int[] {0, 2}, 2);
      double[] g = Attribution.gradient(net, x, y).toDoubles();
      double[] flat = x.toDoubles();
      for (int i = 0; i < 8; i++) {
        double numeric = (loss(net, flat, i, 1e-2, y) - loss(net, flat, i, -1e-2, y)) / 2e-2;
        assertThat(g[i]).isCloseTo(numeric, within(5e-3));
      }
      assertThat(Attribution.gradientTimesInput().scores(net, x, y).toDoubles()[3])
          .isCloseTo(Math.abs(g[3] * flat[3]), within(1e-6));
      assertThat(Attribution.smoothGrad(3, 0, 1).scores(net, x, y).toDoubles()[5])
          .isCloseTo(Math.abs(g[5]), within(1e-6));
      assertThat(Attribution.random(4).scores(net, x, y).toDoubles())
          .containsExactly(Attribution.random(4).scores(net, x, y).toDoubles());
      // integrated gradients sum to the difference of the losses, where they have one sign
      Tensor one = Tensor.of(new float[] {0.3f, 0, 0, 0}, 1, 4);
      Tensor label = Tensor.of(new int[] {1}, 1);
      double sum = Attribution.integratedGradients(50).scores(net, one, label).sum().item();
      double difference =
          net.forward(one).crossEntropy(label).item()
              - net.forward(one.mul(0)).crossEntropy(label).item();
      assertThat(sum).isCloseTo(Math.abs(difference), within(1e-3));
    }
  }

  private static double loss(SmallNet net, double[] x, int at, double by, Tensor y) {
    double[] moved = x.clone();
    moved[at] += by;
    Tensor input = Tensor.of(moved, 2, 4).to(org.lapidary.tensor.DType.FLOAT32);
    return net.forward(input).crossEntropy(y).item() * 2;
  }

  @Test
  void theAdversaryStaysInItsBallAndRaisesTheLoss() {
    try (Scope scope = Scope.open()) {
      SmallNet net = SmallNet.dense(6, 16, 2);
      net.initialise(new Rng(2));
      Tensor x = new Rng(3).normal(1, 20, 6);
      Tensor y = Tensor.of(new Rng(4).ints(20, 0, 2).toArray(), 20);
      double before = net.forward(x).crossEntropy(y).item();
      for (RobustTraining.Norm norm : RobustTraining.Norm.values()) {
        RobustTraining robust = new RobustTraining(norm, 0.3, 5, 1, 10, 1e-3, 0);
        Tensor worst = robust.worst(net, x, y);
        Tensor delta = worst.sub(x);
        double length =
            norm == RobustTraining.Norm.LINF
                ? delta.abs().max().item()
                : delta.norm(false, 1).max().item();
        assertThat(length).isLessThanOrEqualTo(0.3 + 1e-5);
        assertThat(net.forward(worst).crossEntropy(y).item()).isGreaterThan(before);
      }
      assertThat(RobustTraining.standard(1, 10, 1e-3).worst(net, x, y)).isSameAs(x);
    }
  }

  private static Images digits(int n) {
    byte[] pixels = new byte[n * 28 * 28];
    new java.util.Random(1).nextBytes(pixels);
    return new Images(pixels, new Rng(1).ints(n, 0, 10).toArray(), 1, 28, 28);
  }

  @Test
  void blocksKnowWhereTheirDigitIs() {
    try (Scope scope = Scope.open()) {
      Images digits = digits(40);
      BlockMnist blocks = BlockMnist.of(digits, BlockMnist.Labels.HALVES, false, new Rng(2));
      assertThat(blocks.data().inputs().shape().toArray()).containsExactly(40, 1, 56, 28);
      float[] first = new float[28 * 28];
      System.arraycopy(digits.toFloats(), 0, first, 0, first.length);
      Tensor image = blocks.data().inputs().select(0, 0).select(0, 0);
      int from = blocks.signalOnTop()[0] ? 0 : 28;
      assertThat(image.slice(0, from, from + 28).add(1).div(2).toFloats())
          .containsExactly(first, within(1e-6f));
      int tops = 0;
      for (boolean top : blocks.signalOnTop()) {
        tops += top ? 1 : 0;
      }
      assertThat(tops).isBetween(10, 30);
      assertThat(blocks.leakage(blocks.truth(), 0.2)).isZero();
      assertThat(blocks.leakage(blocks.truth().subtractFrom(1), 0.2)).isEqualTo(1);
      Tensor random = new Rng(3).uniform(0, 1, 40, 1, 56, 28);
      assertThat(blocks.leakage(random, 0.2)).isCloseTo(0.5, within(0.03));
    }
  }

  @Test
  void diffRoarOfTheTruthIsLargeAndOfRandomScoresIsNot() {
    try (Scope scope = Scope.open()) {
      Coordinates train = Coordinates.draw(600, 10, 0.1, new Rng(5));
      Coordinates test = Coordinates.draw(300, 10, 0.1, new Rng(6));
      DiffRoar roar = new DiffRoar(new double[] {0.2}, 2, 0, RobustTraining.standard(8, 50, 1e-2));
      List<DiffRoar.Point> truth =
          roar.of(
              train.data().inputs().abs(),
              test.data().inputs().abs(),
              DiffRoarTest::fresh,
              train.data(),
              test.data(),
              0);
      assertThat(truth.getFirst().difference()).isGreaterThan(0.3);
      assertThat(test.found(test.data().inputs().abs())).isEqualTo(1);
      List<DiffRoar.Point> random =
          roar.of(
              fresh(0), Attribution.random(1), DiffRoarTest::fresh, train.data(), test.data(), 0);
      assertThat(Math.abs(DiffRoar.mean(random))).isLessThan(0.15);
    }
  }

  private static SmallNet fresh(long seed) {
    SmallNet net = SmallNet.dense(10, 16, 2);
    net.initialise(new Rng(seed));
    return net;
  }

  @Test
  void badInputIsNamed() {
    try (Scope scope = Scope.open()) {
      assertThatThrownBy(() -> new Unmasking(1, true, 0)).hasMessageContaining("between 0 and 1");
      Unmasking half = new Unmasking(0.5, true, 0);
      assertThatThrownBy(() -> half.apply(Tensor.ones(2, 4), Tensor.ones(2, 5)))
          .isInstanceOf(ShapeException.class);
      assertThatThrownBy(() -> half.apply(Tensor.ones(1, 2), Tensor.of(new float[] {1, -1}, 1, 2)))
          .hasMessageContaining("pixel 1 of image 0 was -1.0");
      assertThatThrownBy(() -> RobustTraining.standard(0, 1, 1)).hasMessageContaining("1 epoch");
      assertThat(Classification.of(Tensor.ones(2, 3), new int[] {0, 1}).count()).isEqualTo(2);
    }
  }
}
