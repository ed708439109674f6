package org.lapidary.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Fused operations and their parts agree in values and gradients, on random shapes, in float64. */
class DecompositionTest {

  @Property(tries = 30)
  void everyFusedOperationEqualsItsParts(
      @ForAll @IntRange(min = 1, max = 4) int batch,
      @ForAll @IntRange(min = 1, max = 6) int length,
      @ForAll @IntRange(min = 1, max = 5) int extra,
      @ForAll long seed) {
    Rng rng = new Rng(seed);
    int width = 4;
    Tensor mean = rng.normal(1, width).to(DType.FLOAT64);
    Tensor variance = rng.uniform(0.5, 2, width).to(DType.FLOAT64);
    agree(in -> in.get(0).softmax(1), rng, new long[] {batch, length, width});
    agree(in -> in.get(0).logSoftmax(-1), rng, new long[] {batch, length, width});
    agree(
        in -> in.get(0).layerNorm(in.get(1), in.get(2), 1e-5),
        rng,
        new long[] {batch, length, width},
        new long[] {width},
        new long[] {width});
    agree(
        in -> in.get(0).rmsNorm(in.get(1), 1e-5),
        rng,
        new long[] {batch, length, width},
        new long[] {width});
    agree(
        in -> in.get(0).groupNorm(2, in.get(1), in.get(2), 1e-3),
        rng,
        new long[] {batch, width, length + 1},
        new long[] {width},
        new long[] {width});
    agree(
        in -> in.get(0).batchNormTraining(in.get(1), in.get(2), 1e-3).y(),
        rng,
        new long[] {batch + 1, width, length + 1},
        new long[] {width},
        new long[] {width});
    agree(
        in -> in.get(0).batchNorm(in.get(1), in.get(2), mean, variance, 1e-3),
        rng,
        new long[] {batch, width, length},
        new long[] {width},
        new long[] {width});
    long[] q = {batch, 2, length, width};
    long[] k = {batch, 2, length + extra, width};
    agree(in -> Tensor.attention(in.get(0), in.get(1), in.get(2), null, true, 0.5), rng, q, q, q);
    agree(in -> Tensor.attention(in.get(0), in.get(1), in.get(2), null, true, 0.5), rng, q, k, k);
    agree(in -> Tensor.attention(in.get(0), in.get(1), in.get(2), null, false, 0.7), rng, q, k, k);
    agree(
        in -> Tensor.attention(in.get(0), in.get(1), in.get(2), in.get(3), true, 0.7),
        rng,
        q,
        k,
        k,
        new long[] {length, length + extra});
    long[] labels = new long[batch * length];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = i == 0 && labels.length > 1 ? -100 : rng.nextInt(width);
    }
    Tensor target = Tensor.of(labels);
    agree(in -> in.get(0).crossEntropy(target), rng, new long[] {(long) batch * length, width});
    long[] plain = labels.clone();
    plain[0] = 0;
    Tensor all = Tensor.of(plain);
    agree(
        in -> in.get(0).crossEntropy(all, -100, 0.1),
        rng,
        new long[] {(long) batch * length, width});
  }

  private static void agree(Function<List<Tensor>, Tensor> f, Rng rng, long[]... shapes) {
    try (Scope scope = Scope.open()) {
      List<Tensor> in = new ArrayList<>();
      for (long[] shape : shapes) {
        in.add(rng.normal(1, shape).to(DType.FLOAT64).detach().requiresGrad(true));
      }
      Tensor fused = f.apply(in);
      Tensor parts;
      try (var ignored = Decomposition.on()) {
        parts = f.apply(in);
      }
      assertThat(parts.type()).isEqualTo(fused.type());
      assertThat(parts.sub(fused).abs().max().item()).isLessThan(1e-9);
      Tensor weight = rng.normal(1, fused.shape().toArray()).to(DType.FLOAT64);
      List<Tensor> a = Autograd.grad(fused.mul(weight).sum(), in);
      List<Tensor> b = Autograd.grad(parts.mul(weight).sum(), in);
      for (int i = 0; i < a.size(); i++) {
        assertThat(a.get(i).sub(b.get(i)).abs().max().item()).isLessThan(1e-8);
      }
    }
  }
}
