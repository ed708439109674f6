package org.lapidary.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

class ResNetTest {

  @Test
  void aConvolutionSumsProductsOverItsWindow() {
    Conv2d conv = new Conv2d(new Conv2d.Settings(2, 3, 3, 2, 1, false));
    conv.initialise(new Rng(1));
    Tensor x = new Rng(2).normal(1, 1, 2, 5, 5);
    Tensor y = conv.forward(x);
    assertThat(y.shape()).isEqualTo(Shape.of(1, 3, 3, 3));
    double[] image = x.toDoubles();
    double[] w = conv.weight().tensor().toDoubles();
    double sum = 0; // output channel 1 at row 0, column 2: the image's rows -1..1, columns 3..5
    for (int c = 0; c < 2; c++) {
      for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
          int row = i - 1;
          int column = 4 + j - 1;
          if (row >= 0 && column < 5) {
            sum += image[c * 25 + row * 5 + column] * w[18 + c * 9 + i * 3 + j];
          }
        }
      }
    }
    assertThat(y.toDoubles()[9 + 2]).isCloseTo(sum, within(1e-5));
    assertThat(conv.multiplications(5, 5)).isEqualTo(3 * 9 * 2 * 9);
    assertThatThrownBy(
            () -> new Conv2d(new Conv2d.Settings(1, 1, 5, 1, 0, false)).multiplications(3, 3))
        .isInstanceOf(ShapeException.class);
    assertThatThrownBy(() -> new Conv2d.Settings(1, 0, 3, 1, 1, false))
        .hasMessageContaining("at least 1");
  }

  @Test
  void batchNormUsesTheBatchInTrainingAndItsRunningAveragesAfter() {
    BatchNorm norm = new BatchNorm(3);
    Tensor x = new Rng(3).normal(2, 16, 3, 4, 4).add(5);
    norm.training(true);
    Tensor y = norm.forward(x);
    for (double mean : y.mean(false, 0, 2, 3).toDoubles()) {
      assertThat(mean).isCloseTo(0, within(1e-5));
    }
    double[] batch = x.mean(false, 0, 2, 3).toDoubles();
    double[] spread = x.variance(false, 0, 2, 3).toDoubles();
    double[] mean = norm.state().get("running_mean").tensor().toDoubles();
    double[] variance = norm.state().get("running_var").tensor().toDoubles();
    for (int c = 0; c < 3; c++) {
      assertThat(mean[c]).isCloseTo(0.1 * batch[c], within(1e-5));
      assertThat(variance[c]).isCloseTo(0.9 + 0.1 * spread[c] * 256 / 255, within(1e-5));
    }
    norm.training(false);
    double expected = (x.toDoubles()[0] - mean[0]) / Math.sqrt(variance[0] + 1e-5);
    assertThat(norm.forward(x).toDoubles()[0]).isCloseTo(expected, within(1e-5));
    norm.training(true);
    assertThatThrownBy(() -> norm.forward(Tensor.zeros(1, 3)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("larger batch");
  }

  @Test
  void resNet20HasTwentyLayersAndHalvesTheImageTwice() {
    Model model = Model.random(new ResNetConfig(3, 8, 3, 10), new Rng(4));
    assertThat(model.layer().all(Conv2d.class).size() + model.layer().all(Linear.class).size())
        .isEqualTo(20);
    Tensor x = new Rng(5).normal(1, 2, 3, 32, 32);
    Activations acts = model.capture(x, "blocks.*.hook_resid_post");
    assertThat(acts.output().shape()).isEqualTo(Shape.of(2, 10));
    assertThat(acts.at("blocks.8.hook_resid_post").shape()).isEqualTo(Shape.of(2, 32, 8, 8));
    assertThat(model.copy().forward(x).sub(model.forward(x)).abs().max().item()).isZero();
  }

  @Test
  void aCopyKeepsTheRunningAverages() {
    BatchNorm norm = new BatchNorm(2);
    norm.training(true);
    norm.forward(new Rng(6).normal(1, 8, 2).add(3));
    Layer copy = norm.copy();
    assertThat(copy.state().get("running_mean").tensor().toFloats())
        .isEqualTo(norm.state().get("running_mean").tensor().toFloats());
  }
}
