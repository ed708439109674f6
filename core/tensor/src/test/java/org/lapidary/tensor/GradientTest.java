package org.lapidary.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * First and second derivatives of the differentiable operations against central differences, in
 * float64.
 */
class GradientTest {
  private static final double STEP = 1e-6;

  private record Case(
      String name, Function<List<Tensor>, Tensor> function, boolean positive, long[]... shapes) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Case one(String name, Function<Tensor, Tensor> f, long... shape) {
    return new Case(name, in -> f.apply(in.getFirst()), false, shape);
  }

  private static Case positive(String name, Function<Tensor, Tensor> f) {
    return new Case(name, in -> f.apply(in.getFirst()), true, new long[] {2, 3});
  }

  private static Case many(String name, Function<List<Tensor>, Tensor> f, long[]... shapes) {
    return new Case(name, f, false, shapes);
  }

  private static long[] shape(long... sizes) {
    return sizes;
  }

  static Stream<Case> cases() {
    List<Case> all = new ArrayList<>();
    all.add(one("neg", Tensor::neg, 2, 3));
    all.add(one("abs", Tensor::abs, 2, 3));
    all.add(positive("reciprocal", Tensor::reciprocal));
    all.add(one("square", Tensor::square, 2, 3));
    all.add(positive("sqrt", Tensor::sqrt));
    all.add(positive("rsqrt", Tensor::rsqrt));
    all.add(one("exp", Tensor::exp, 2, 3));
    all.add(one("expm1", Tensor::expm1, 2, 3));
    all.add(positive("log", Tensor::log));
    all.add(positive("log1p", Tensor::log1p));
    all.add(one("sin", Tensor::sin, 2, 3));
    all.add(one("cos", Tensor::cos, 2, 3));
    all.add(one("tanh", Tensor::tanh, 2, 3));
    all.add(one("sigmoid", Tensor::sigmoid, 2, 3));
    all.add(one("logSigmoid", Tensor::logSigmoid, 2, 3));
    all.add(one("softplus", Tensor::softplus, 2, 3));
    all.add(one("erf", Tensor::erf, 2, 3));
    all.add(one("relu", Tensor::relu, 2, 3));
    all.add(one("silu", Tensor::silu, 2, 3));
    all.add(one("gelu", Tensor::gelu, 2, 3));
    all.add(one("geluTanh", Tensor::geluTanh, 2, 3));
    all.add(one("leakyRelu", x -> x.leakyRelu(0.1), 2, 3));
    all.add(one("elu", x -> x.elu(0.7), 2, 3));
    all.add(one("clamp", x -> x.clamp(-0.5, 0.5), 2, 3));
    all.add(positive("pow of a number", x -> x.pow(2.5)));
    all.add(many("add", in -> in.get(0).add(in.get(1)), shape(2, 3), shape(3)));
    all.add(many("sub", in -> in.get(0).sub(in.get(1)), shape(2, 1), shape(2, 3)));
    all.add(many("mul", in -> in.get(0).mul(in.get(1)), shape(2, 3), shape(1, 3)));
    all.add(many("div", in -> in.get(0).div(in.get(1).square().add(1)), shape(2, 3), shape(2, 3)));
    all.add(
        many("pow", in -> in.get(0).square().add(0.5).pow(in.get(1)), shape(2, 3), shape(2, 3)));
    all.add(many("maximum", in -> in.get(0).maximum(in.get(1)), shape(2, 3), shape(2, 3)));
    all.add(many("minimum", in -> in.get(0).minimum(in.get(1)), shape(2, 3), shape(3)));
    all.add(many("atan2", in -> in.get(0).atan2(in.get(1)), shape(2, 3), shape(2, 3)));
    all.add(
        many(
            "where",
            in -> Tensor.where(in.get(0).detach().gt(0), in.get(0), in.get(1).square()),
            shape(2, 3),
            shape(2, 3)));
    all.add(one("maskedFill", x -> x.maskedFill(x.detach().gt(0.3), 2), 2, 3));
    all.add(one("sum", x -> x.square().sum(false, 1), 2, 3));
    all.add(one("mean", x -> x.square().mean(true, 0), 2, 3));
    all.add(one("max", x -> x.square().max(false, 1), 2, 3));
    all.add(one("min", x -> x.square().min(false, 0), 2, 3));
    all.add(one("logSumExp", x -> x.logSumExp(false, 1), 2, 3));
    all.add(one("variance", x -> x.variance(false, 1), 2, 4));
    all.add(one("norm", x -> x.norm(false, 1), 2, 4));
    all.add(one("cumsum", x -> x.square().cumsum(1), 2, 3));
    all.add(one("reshape", x -> x.square().reshape(3, 2), 2, 3));
    all.add(one("permute", x -> x.square().permute(2, 0, 1), 2, 3, 2));
    all.add(one("expand", x -> x.square().expand(4, 3), 1, 3));
    all.add(
        many(
            "concat",
            in -> Tensor.concat(1, in.get(0), in.get(1)).square(),
            shape(2, 1),
            shape(2, 2)));
    all.add(one("slice", x -> x.square().slice(1, 0, 4, 2), 2, 5));
    all.add(one("split", x -> x.square().split(1, 3).get(1).mul(x.split(1, 3).get(2)), 2, 6));
    all.add(one("pad", x -> x.square().pad(1, 1, 2, 0.5), 2, 3));
    all.add(one("flip", x -> x.square().flip(0, 1), 2, 3));
    all.add(one("tril", x -> x.square().tril(0), 3, 3));
    all.add(one("triu", x -> x.square().triu(1), 3, 3));
    all.add(one("diagonal", x -> x.square().diagonal(), 3, 3));
    Tensor index = Tensor.of(new long[] {2, 0, 1, 1}, 2, 2).unscoped();
    all.add(one("gather", x -> x.square().gather(1, index), 2, 3));
    all.add(
        many(
            "scatterAdd",
            in -> in.get(0).square().scatterAdd(1, index, in.get(1).square()),
            shape(2, 3),
            shape(2, 2)));
    Tensor apart = Tensor.of(new long[] {2, 0, 1, 0}, 2, 2).unscoped();
    all.add(
        many(
            "scatter",
            in -> in.get(0).square().scatter(1, apart, in.get(1).square()),
            shape(2, 3),
            shape(2, 2)));
    Tensor rows = Tensor.of(new long[] {1, 1, 0}, 3).unscoped();
    all.add(one("indexSelect", x -> x.square().indexSelect(0, rows), 2, 3));
    all.add(one("embedding", x -> x.square().embedding(rows), 2, 3));
    all.add(one("sort", x -> x.square().sort(1, true).values(), 2, 4));
    all.add(one("topk", x -> x.square().topk(2, 1).values(), 2, 4));
    all.add(many("matmul", in -> in.get(0).matmul(in.get(1)), shape(2, 2, 3), shape(3, 2)));
    all.add(
        many(
            "linear",
            in -> in.get(0).linear(in.get(1), in.get(2)).square(),
            shape(2, 3),
            shape(2, 3),
            shape(2)));
    all.add(
        many(
            "einsum",
            in -> Tensor.einsum("bij,bjk,k->bi", in.get(0), in.get(1), in.get(2)),
            shape(2, 2, 3),
            shape(2, 3, 2),
            shape(2)));
    all.add(
        many(
            "conv2d",
            in -> in.get(0).conv2d(in.get(1), in.get(2), 1, 1, 1),
            shape(1, 2, 4, 4),
            shape(2, 2, 3, 3),
            shape(2)));
    all.add(one("maxPool2d", x -> x.square().maxPool2d(2, 2, 0), 1, 1, 4, 4));
    all.add(one("avgPool2d", x -> x.square().avgPool2d(3, 1, 1), 1, 1, 3, 3));
    all.add(one("softmax", x -> x.softmax(1), 2, 3));
    all.add(one("logSoftmax", x -> x.logSoftmax(-1), 2, 3));
    all.add(
        many(
            "layerNorm",
            in -> in.get(0).layerNorm(in.get(1), in.get(2), 1e-5),
            shape(2, 4),
            shape(4),
            shape(4)));
    all.add(many("rmsNorm", in -> in.get(0).rmsNorm(in.get(1), 1e-5), shape(2, 4), shape(4)));
    all.add(
        many(
            "groupNorm",
            in -> in.get(0).groupNorm(2, in.get(1), in.get(2), 1e-5),
            shape(1, 4, 3),
            shape(4),
            shape(4)));
    all.add(
        many(
            "batchNorm",
            in -> in.get(0).batchNormTraining(in.get(1), in.get(2), 1e-5).y(),
            shape(3, 2, 2),
            shape(2),
            shape(2)));
    all.add(
        many(
            "attention",
            in -> Tensor.attention(in.get(0), in.get(1), in.get(2), null, true, 0.7),
            shape(1, 2, 3, 2),
            shape(1, 2, 3, 2),
            shape(1, 2, 3, 2)));
    Tensor target = Tensor.of(new long[] {2, 0}, 2).unscoped();
    all.add(one("crossEntropy", x -> x.crossEntropy(target), 2, 3));
    all.add(one("crossEntropy, smoothed", x -> x.crossEntropy(target, -100, 0.1), 2, 3));
    all.add(one("svd", x -> Linalg.svd(x).s(), 3, 3));
    all.add(one("eigh", x -> Linalg.eigh(symmetric(x)).values(), 3, 3));
    all.add(one("qr", x -> Linalg.qr(x.add(eye(3).mul(3))).r(), 3, 3));
    all.add(one("cholesky", x -> Linalg.cholesky(definite(x)), 3, 3));
    all.add(
        many(
            "solve", in -> Linalg.solve(definite(in.get(0)), in.get(1)), shape(3, 3), shape(3, 2)));
    all.add(one("inverse", x -> Linalg.inverse(definite(x)), 3, 3));
    all.add(one("slogdet", x -> Linalg.slogdet(definite(x)).logAbs(), 3, 3));
    all.add(one("fft", x -> power(Fft.rfft(x, 1)), 2, 4));
    return all.stream();
  }

  private static Tensor eye(long n) {
    return Tensor.eye(DType.FLOAT64, n);
  }

  private static Tensor symmetric(Tensor x) {
    return x.add(x.t());
  }

  private static Tensor definite(Tensor x) {
    return x.matmul(x.t()).add(eye(x.size(0)));
  }

  private static Tensor power(Tensor spectrum) {
    return Fft.real(spectrum).square().add(Fft.imaginary(spectrum).square());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void gradientsAndHessianVectorProductsMatchDifferences(Case c) {
    Rng rng = new Rng(c.name.hashCode());
    List<Tensor> inputs = new ArrayList<>();
    List<Tensor> direction = new ArrayList<>();
    for (long[] shape : c.shapes) {
      Tensor x =
          c.positive
              ? rng.uniform(0.5, 2, shape).to(DType.FLOAT64)
              : rng.normal(1, shape).to(DType.FLOAT64);
      inputs.add(x.copy().requiresGrad(true));
      direction.add(rng.normal(1, shape).to(DType.FLOAT64));
    }
    // a weighted sum of the outputs, so that no derivative is missed by symmetry
    Tensor weights = rng.normal(1, c.function.apply(inputs).shape().toArray()).to(DType.FLOAT64);
    Function<List<Tensor>, Tensor> f = in -> c.function.apply(in).mul(weights).sum();
    List<Tensor> gradient = Autograd.grad(f.apply(inputs), inputs);
    double slope = 0;
    for (int i = 0; i < inputs.size(); i++) {
      slope += gradient.get(i).mul(direction.get(i)).sum().item();
    }
    double difference =
        (f.apply(moved(inputs, direction, STEP)).item()
                - f.apply(moved(inputs, direction, -STEP)).item())
            / (2 * STEP);
    assertThat(slope).as("slope").isCloseTo(difference, within(1e-6 * (1 + Math.abs(slope))));

    Tensor inParts;
    try (var parts = Decomposition.on()) {
      inParts = f.apply(inputs);
    }
    List<Tensor> product =
        Autograd.hessianVector(Autograd.grad(inParts, inputs, true), inputs, direction, false);
    List<Tensor> after = gradient(f, moved(inputs, direction, STEP));
    List<Tensor> before = gradient(f, moved(inputs, direction, -STEP));
    for (int i = 0; i < inputs.size(); i++) {
      double[] expected = after.get(i).sub(before.get(i)).div(2 * STEP).toDoubles();
      double scale = 1e-5 * (1 + after.get(i).abs().max().item());
      assertThat(product.get(i).toDoubles())
          .as("Hessian times a vector, input " + i)
          .containsExactly(expected, within(scale));
    }
  }

  @Test
  void theLargestOfFloat32AreThoseOfFloat64AndPassTheirGradientsOn() {
    Tensor x = new Rng(3).normal(1, 5, 70);
    Tensor doubles = x.to(DType.FLOAT64).requiresGrad(true);
    Tensor floats = x.requiresGrad(true);
    Tensor.Indexed one = floats.topk(9, -1);
    Tensor.Indexed two = doubles.topk(9, -1);
    assertThat(one.indices().toLongs()).isEqualTo(two.indices().toLongs());
    assertThat(one.values().toDoubles()).isEqualTo(two.values().toDoubles());
    double[] expected =
        Autograd.grad(two.values().square().sum(), List.of(doubles)).getFirst().toDoubles();
    assertThat(Autograd.grad(one.values().square().sum(), List.of(floats)).getFirst().toDoubles())
        .containsExactly(expected, within(1e-6));
  }

  @Test
  void whatCannotBeDifferentiatedTwiceSaysWhatCan() {
    Tensor x = new Rng(0).normal(1, 1, 1, 3, 2).requiresGrad(true);
    Tensor loss = Tensor.attention(x, x, x, null, true, 1).square().sum();
    List<Tensor> first = Autograd.grad(loss, List.of(x), true);
    assertThatThrownBy(() -> Autograd.grad(first.getFirst().square().sum(), List.of(x)))
        .isInstanceOf(NativeException.class)
        .hasMessageContaining("Decomposition.on()");
  }

  private static List<Tensor> gradient(Function<List<Tensor>, Tensor> f, List<Tensor> at) {
    return Autograd.grad(f.apply(at), at);
  }

  private static List<Tensor> moved(List<Tensor> inputs, List<Tensor> direction, double by) {
    List<Tensor> at = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      at.add(inputs.get(i).detach().add(direction.get(i).mul(by)).requiresGrad(true));
    }
    return at;
  }
}
