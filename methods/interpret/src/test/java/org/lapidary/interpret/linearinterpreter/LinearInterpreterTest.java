package org.lapidary.interpret.linearinterpreter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

class LinearInterpreterTest {
  private static final int SIDE = 8;
  private static final int OUT = 3;

  /**
   * conv, batch norm, leaky ReLU, max-pool, a residual convolution, instance norm, GELU, linear; or
   * with ReLU alone.
   */
  private static UnaryOperator<Tensor> network(boolean smooth, long seed) {
    Rng rng = new Rng(seed);
    Tensor w1 = rng.normal(0.4, 4, 1, 3, 3);
    Tensor b1 = rng.normal(0.4, 4);
    Tensor w2 = rng.normal(0.3, 4, 4, 3, 3);
    Tensor b2 = rng.normal(0.4, 4);
    Tensor scale = rng.uniform(0.5, 1.5, 4);
    Tensor shift = rng.normal(0.3, 4);
    Tensor mean = rng.normal(0.3, 4);
    Tensor variance = rng.uniform(0.5, 1.5, 4);
    Tensor head = rng.normal(0.2, OUT, 4L * SIDE * SIDE / 4);
    Tensor bias = rng.normal(0.5, OUT);
    return x -> {
      Tensor a = x.conv2d(w1, b1, 1, 1, 1).batchNorm(scale, shift, mean, variance, 1e-5);
      a = (smooth ? a.leakyRelu(0.1) : a.relu()).maxPool2d(2, 2, 0);
      a = a.add(a.conv2d(w2, b2, 1, 1, 1));
      a = smooth ? a.groupNorm(4, scale, shift, 1e-5).gelu() : a.relu();
      return a.flatten(1, 3).linear(head, bias);
    };
  }

  private static LinearScope attached(UnaryOperator<Tensor> f, Tensor x) {
    return LinearScope.attach(f, Map.of(), x);
  }

  private static double relative(Tensor a, Tensor b) {
    return a.sub(b).square().sum().sqrt().item() / b.square().sum().sqrt().item();
  }

  @Test
  void theFrozenNetworkGivesTheImagesOwnOutput() {
    for (boolean smooth : new boolean[] {true, false}) {
      for (int i = 0; i < 3; i++) {
        try (Scope scope = Scope.open()) {
          Tensor x = new Rng(i).normal(1, 1, 1, SIDE, SIDE);
          LinearScope frozen = attached(network(smooth, 9), x);
          Tensor again = frozen.forward(x).add(frozen.residual());
          assertThat(relative(again, frozen.output())).isLessThan(1e-5);
          // masks recomputed from the probe would not be linear: F (-x) + r is not f(-x)
          Tensor wrong = network(smooth, 9).apply(x.neg());
          assertThat(relative(frozen.replayed(x.neg()), wrong)).isGreaterThan(0.05);
          Tensor twice = frozen.forward(x.mul(2));
          assertThat(relative(twice, frozen.forward(x).mul(2))).isLessThan(1e-5);
        }
      }
    }
  }

  @Test
  void theAdjointIsTheTransposeAndColumnsAgreeWithRows() {
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(4);
      Tensor x = rng.normal(1, 1, 1, SIDE, SIDE);
      LinearScope frozen = attached(network(true, 9), x);
      Tensor p = rng.normal(1, 5, 1, SIDE, SIDE);
      Tensor q = rng.normal(1, 5, OUT);
      double fp = frozen.forward(p).mul(q).sum().item();
      double ftq = frozen.adjoint(q).mul(p).sum().item();
      assertThat(fp).isCloseTo(ftq, within(1e-5 * Math.abs(fp)));
      assertThat(relative(frozen.matrix(true), frozen.matrix(false))).isLessThan(1e-5);
    }
  }

  @Test
  void onlyForPiecewiseLinearUnitsTheMatrixIsTheJacobian() {
    for (boolean smooth : new boolean[] {true, false}) {
      try (Scope scope = Scope.open()) {
        Tensor x = new Rng(5).normal(1, 1, 1, SIDE, SIDE);
        UnaryOperator<Tensor> f = network(smooth, 9);
        Tensor matrix = attached(f, x).matrix(false);
        Tensor input = x.copy().requiresGrad(true);
        Tensor y = f.apply(input);
        double[] jacobian = new double[OUT * SIDE * SIDE];
        for (int o = 0; o < OUT; o++) {
          Tensor row =
              Autograd.grad(y.select(1, o).sum(), List.of(input), true).getFirst().detach();
          System.arraycopy(row.toDoubles(), 0, jacobian, o * SIDE * SIDE, SIDE * SIDE);
        }
        double apart =
            relative(matrix.to(DType.FLOAT64), Tensor.of(jacobian, OUT, (long) SIDE * SIDE));
        if (smooth) {
          assertThat(apart).isGreaterThan(0.05);
        } else {
          assertThat(apart).isLessThan(1e-5);
        }
      }
    }
  }

  @Test
  void theBiasesOfAllLayersSumToTheResidual() {
    try (Scope scope = Scope.open()) {
      Tensor x = new Rng(6).normal(1, 1, 1, SIDE, SIDE);
      LinearScope frozen = attached(network(true, 9), x);
      List<LinearScope.BiasShare> shares = frozen.biasShares();
      assertThat(shares).hasSize(5); // two convolutions, two norms, the head
      Tensor sum = shares.getFirst().share().mul(0);
      for (LinearScope.BiasShare share : shares) {
        sum = sum.add(share.share());
      }
      assertThat(relative(sum, frozen.residual())).isLessThan(1e-5);
    }
  }

  @Test
  void sigmoidsAndGatesKeepTheIdentity() {
    try (Scope scope = Scope.open()) {
      Tensor w = new Rng(1).normal(0.5, 6, 6);
      UnaryOperator<Tensor> f =
          x -> {
            Tensor gate = x.linear(w, null).sigmoid();
            Tensor a = x.linear(w.t().contiguous(), null).tanh().mul(gate).add(x.exp().mul(0.1));
            Tensor b = a.maximum(x).div(x.square().sum(true, 1).add(1).sqrt());
            return b.softplus().add(b.clamp(-0.2, 0.3)).sub(b.logSoftmax(1).mul(0.01));
          };
      Tensor x = Tensor.of(new float[] {0.5f, -1, 0, 2, -0.3f, 0.1f}, 1, 6);
      LinearScope frozen = attached(f, x);
      assertThat(relative(frozen.forward(x).add(frozen.residual()), frozen.output()))
          .isLessThan(1e-5);
    }
  }

  @Test
  void aTransformersStreamIsReadThroughItsAttention() {
    try (Scope scope = Scope.open()) {
      Decoder decoder = new Decoder(DecoderConfig.gpt(11, 8, 2, 2, 6, "gelu"));
      decoder.initialise(new Rng(2));
      Tensor stream = new Rng(3).normal(1, 1, 5, 8);
      UnaryOperator<Tensor> f =
          s -> {
            Tensor x = s;
            for (org.lapidary.nn.Block block : decoder.blocks()) {
              x = block.forward(x, null);
            }
            return decoder.unembed(x);
          };
      LinearScope frozen = attached(f, stream);
      assertThat(relative(frozen.forward(stream).add(frozen.residual()), frozen.output()))
          .isLessThan(1e-5);
    }
  }

  @Test
  void singularVectorsAndEigenvectorsAreThoseOfTheMatrix() {
    try (Scope scope = Scope.open()) {
      Tensor x = new Rng(7).normal(1, 1, 1, SIDE, SIDE);
      LinearScope frozen = attached(network(true, 9), x);
      Linalg.Svd whole = Linalg.svd(frozen.matrix(false));
      Linalg.Svd found = frozen.svd(2, 30, new Rng(1));
      assertThat(found.s().toDoubles()[0]).isCloseTo(whole.s().toDoubles()[0], within(1e-4));
      assertThat(found.s().toDoubles()[1]).isCloseTo(whole.s().toDoubles()[1], within(1e-3));
      double along = found.vt().slice(0, 0, 1).mul(whole.vt().slice(0, 0, 1)).sum().abs().item();
      assertThat(along).isCloseTo(1, within(1e-3));
      Tensor diagonal = Tensor.of(new float[] {3, 1, -0.5f, 0.2f}, 4);
      LinearScope scaled = attached(v -> v.mul(diagonal).relu(), Tensor.ones(1, 4));
      LinearScope.Eigen eigen = scaled.eigen(40, new Rng(2));
      assertThat(eigen.value()).isCloseTo(3, within(1e-4));
      assertThat(eigen.error()).isLessThan(1e-3);
      assertThatThrownBy(() -> frozen.eigen(3, new Rng(0))).isInstanceOf(ShapeException.class);
    }
  }

  @Test
  void votesAndResidualSumToTheLogit() {
    try (Scope scope = Scope.open()) {
      Tensor x = new Rng(8).normal(1, 1, 1, 28, 28);
      SmallClassifier model = new SmallClassifier(true);
      model.initialise(new Rng(1));
      Tensor bias = new Rng(2).normal(1, 10);
      model.parameterAt("head.bias").set(bias);
      LinearScope frozen = LinearScope.attach(model, x);
      double logit = frozen.votes(4).sum().item() + frozen.residual().select(1, 4).sum().item();
      assertThat(logit).isCloseTo(frozen.output().select(1, 4).sum().item(), within(1e-4));
      Tensor two = Tensor.concat(0, x, x.mul(0.5));
      Tensor both = LinearScope.residuals(model, two);
      assertThat(relative(both.slice(0, 0, 1), frozen.residual())).isLessThan(1e-5);
      assertThat(frozen.biasShares().getLast().name()).isEqualTo("head");
    }
  }

  @Test
  void bicubicInterpolationKeepsStraightLines() {
    try (Scope scope = Scope.open()) {
      float[] ramp = new float[8 * 8];
      for (int i = 0; i < ramp.length; i++) {
        ramp[i] = i % 8;
      }
      double[] doubled = new Bicubic(8).forward(Tensor.of(ramp, 1, 1, 8, 8)).toDoubles();
      for (int c = 4; c < 12; c++) {
        assertThat(doubled[5 * 16 + c]).isCloseTo((c + 0.5) / 2 - 0.5, within(1e-5));
      }
    }
  }

  @Test
  void theShapeOfAnOrientedFilterIsFound() {
    double[][] stripes = new double[9][9];
    for (int r = 0; r < 9; r++) {
      for (int c = 0; c < 9; c++) {
        stripes[r][c] = Math.cos(c + r);
      }
    }
    FilterShape shape = FilterShape.of(stripes);
    assertThat(shape.orientation()).isCloseTo(Math.PI / 4, within(0.02));
    assertThat(shape.anisotropy()).isGreaterThan(0.9);
    assertThatThrownBy(() -> FilterShape.of(new double[2][2])).hasMessageContaining("3 by 3");
  }

  @Test
  void badInputIsNamed() {
    try (Scope scope = Scope.open()) {
      Tensor x = Tensor.ones(1, 1, SIDE, SIDE);
      LinearScope frozen = attached(network(true, 9), x);
      assertThatThrownBy(() -> attached(network(true, 9), Tensor.ones(2, 1, SIDE, SIDE)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("one image");
      assertThatThrownBy(() -> frozen.forward(Tensor.ones(1, 1, 4, 4)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("like the image");
      assertThatThrownBy(() -> frozen.adjoint(Tensor.ones(1, 5)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("like the output");
      assertThatThrownBy(() -> frozen.svd(9, 1, new Rng(0))).hasMessageContaining("from 1 to 3");
      LinearScope inverse =
          attached(v -> Linalg.inverse(v), Tensor.eye(DType.FLOAT32, 3).unsqueeze(0));
      assertThatThrownBy(inverse::residual).hasMessageContaining("'inverse'");
    }
  }
}
