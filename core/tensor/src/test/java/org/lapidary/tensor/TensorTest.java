package org.lapidary.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TensorTest {

  @Test
  void matmulOfMatricesIsTheSumOfProducts() {
    Tensor a = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    Tensor b = Tensor.of(new float[] {1, 0, 0, 1, 1, 1}, 3, 2);
    assertThat(a.matmul(b).toFloats()).containsExactly(4, 5, 10, 11);
  }

  @Test
  void aWrongShapeNamesTheOperationAndTheDimensions() {
    Tensor a = Tensor.zeros(2, 3);
    assertThatThrownBy(() -> a.matmul(Tensor.zeros(4, 2)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("matmul")
        .hasMessageContaining("[2, 3]")
        .hasMessageContaining("[4, 2]");
    assertThatThrownBy(() -> a.add(Tensor.zeros(2, 4)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("add");
    assertThatThrownBy(() -> a.size(5)).isInstanceOf(ShapeException.class);
    assertThatThrownBy(() -> a.reshape(7)).isInstanceOf(ShapeException.class);
    assertThatThrownBy(() -> Tensor.of(new float[3], 4)).isInstanceOf(ShapeException.class);
    assertThatThrownBy(() -> a.slice(1, 2, 9)).isInstanceOf(ShapeException.class);
    assertThatThrownBy(() -> Tensor.zeros(3, 2).embedding(Tensor.of(new long[] {0, 3})))
        .isInstanceOf(NativeException.class);
  }

  @Test
  void integersAndFloatsPromoteAsInLibtorch() {
    Tensor i = Tensor.of(new long[] {1, 2}, 2);
    assertThat(i.add(0.5).dtype()).isEqualTo(DType.FLOAT32);
    assertThat(i.add(1).dtype()).isEqualTo(DType.INT64);
    assertThat(i.div(2).toFloats()).containsExactly(0.5f, 1f);
    assertThat(i.add(Tensor.of(new float[] {1, 1})).dtype()).isEqualTo(DType.FLOAT32);
    assertThat(Tensor.of(new double[] {1}).mul(Tensor.scalar(2)).dtype()).isEqualTo(DType.FLOAT64);
    assertThat(Tensor.of(new float[] {1}).mul(Tensor.full(DType.FLOAT64, Shape.SCALAR, 2)).dtype())
        .isEqualTo(DType.FLOAT32);
  }

  @Test
  void scalarsMayStandFirst() {
    assertThat(Tensor.of(new float[] {1, 4}).subtractFrom(1).toFloats()).containsExactly(0, -3);
    assertThat(Tensor.of(new float[] {1, 4}).maximum(2).toFloats()).containsExactly(2, 4);
    assertThat(Tensor.of(new float[] {1, 4}).gt(2).toBooleans()).containsExactly(false, true);
  }

  @Test
  void aScopeFreesItsTensorsButNotWhatIsKept() {
    Tensor kept;
    Tensor lost;
    try (Scope outer = Scope.open()) {
      Tensor inner;
      try (Scope scope = Scope.open()) {
        lost = Tensor.ones(2);
        inner = scope.keep(lost.add(1));
      }
      assertThat(lost.isClosed()).isTrue();
      kept = outer.keep(inner.mul(3));
    }
    assertThat(kept.toFloats()).containsExactly(6, 6);
    Tensor freed = lost;
    assertThatThrownBy(() -> freed.add(1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("freed");
  }

  @Test
  void scopesCloseInOrder() {
    Scope outer = Scope.open();
    Scope inner = Scope.open();
    assertThatThrownBy(outer::close).isInstanceOf(IllegalStateException.class);
    inner.close();
    outer.close();
  }

  @Test
  void theSameSeedGivesTheSameBits() {
    Rng a = new Rng(7);
    float[] first = a.normal(1, 100).toFloats();
    long state = a.state();
    float[] second = a.normal(1, 100).toFloats();
    assertThat(new Rng(7).normal(1, 100).toFloats()).containsExactly(first);
    assertThat(new Rng(state).normal(1, 100).toFloats()).containsExactly(second);
    assertThat(second).isNotEqualTo(first);
    assertThat(new Rng(3).permutation(50)).doesNotHaveDuplicates().hasSize(50);
  }

  @Test
  void normalVariatesHaveTheirMoments() {
    Tensor x = new Rng(1).normal(2, 200_000);
    assertThat(x.mean().item()).isCloseTo(0, within(0.02));
    assertThat(x.variance(false, 0).item()).isCloseTo(4, within(0.05));
  }

  @Test
  void sortKeepsEqualElementsInOrderAndTopkTakesTheLargest() {
    Tensor x = Tensor.of(new float[] {2, 1, 2, 3, 1});
    Tensor.Indexed sorted = x.sort(0, true);
    assertThat(sorted.values().toFloats()).containsExactly(3, 2, 2, 1, 1);
    assertThat(sorted.indices().toLongs()).containsExactly(3, 0, 2, 1, 4);
    assertThat(x.topk(2, 0).values().toFloats()).containsExactly(3, 2);
  }

  @Test
  void scatterAddAddsEqualIndices() {
    Tensor out =
        Tensor.zeros(3)
            .scatterAdd(0, Tensor.of(new long[] {1, 1, 2}), Tensor.of(new float[] {1, 2, 5}));
    assertThat(out.toFloats()).containsExactly(0, 3, 5);
  }

  @Test
  void segmentsWriteInPlaceAndRefuseViews() {
    Tensor x = Tensor.zeros(2, 3);
    x.segment().setAtIndex(java.lang.foreign.ValueLayout.JAVA_FLOAT, 4, 7f);
    assertThat(x.toFloats()).containsExactly(0, 0, 0, 0, 7, 0);
    assertThatThrownBy(() -> x.t().segment()).isInstanceOf(IllegalStateException.class);
    assertThat(x.t().contiguous().toFloats()).containsExactly(0, 0, 0, 7, 0, 0);
  }

  @Test
  void factorisationsMultiplyBack() {
    Tensor x = new Rng(5).normal(1, 6, 4).to(DType.FLOAT64);
    Linalg.Svd svd = Linalg.svd(x);
    close(svd.u().mul(svd.s()).matmul(svd.vt()), x, 1e-12);
    Linalg.Qr qr = Linalg.qr(x);
    close(qr.q().matmul(qr.r()), x, 1e-12);
    Tensor gram = x.t().matmul(x);
    Linalg.Eigh eigh = Linalg.eigh(gram);
    close(eigh.vectors().mul(eigh.values()).matmul(eigh.vectors().t()), gram, 1e-12);
    Tensor l = Linalg.cholesky(gram);
    close(l.matmul(l.t()), gram, 1e-12);
    Tensor b = new Rng(6).normal(1, 4, 2).to(DType.FLOAT64);
    close(gram.matmul(Linalg.solve(gram, b)), b, 1e-10);
    close(gram.matmul(Linalg.inverse(gram)), Tensor.eye(DType.FLOAT64, 4), 1e-10);
    double logDet = eigh.values().log().sum().item();
    assertThat(Linalg.slogdet(gram).logAbs().item()).isCloseTo(logDet, within(1e-10));
    assertThatThrownBy(() -> Linalg.cholesky(gram.neg())).isInstanceOf(NativeException.class);
  }

  @Test
  void largeMatricesAreFactorisedAndDifferentiatedOnAnyThread() throws InterruptedException {
    Runnable work =
        () -> {
          Tensor x = new Rng(0).normal(1, 300, 300).to(DType.FLOAT64).detach().requiresGrad(true);
          Tensor gram = x.matmul(x.t()).add(Tensor.eye(DType.FLOAT64, 300).mul(10));
          Tensor inverse = Linalg.inverse(gram);
          close(inverse.matmul(gram), Tensor.eye(DType.FLOAT64, 300), 1e-8);
          Tensor value = Linalg.slogdet(gram).logAbs().add(Linalg.svd(gram).s().sum());
          // d log det(A) / dA = A^-T and d tr(A) / dA = I, with A = x x^T + 10.
          Tensor expected = inverse.add(Tensor.eye(DType.FLOAT64, 300)).matmul(x).mul(2);
          close(Autograd.grad(value, List.of(x)).getFirst(), expected, 1e-6);
        };
    Throwable[] thrown = new Throwable[1];
    Thread small = new Thread(null, work, "small stack", 256 * 1024);
    small.setUncaughtExceptionHandler((t, e) -> thrown[0] = e);
    small.start();
    small.join();
    assertThat(thrown[0]).isNull();
    work.run();
  }

  @Test
  void theFourierTransformOfACosineHasOneLine() {
    int n = 16;
    double[] wave = new double[n];
    for (int i = 0; i < n; i++) {
      wave[i] = Math.cos(2 * Math.PI * 3 * i / n);
    }
    Tensor spectrum = Fft.rfft(Tensor.of(wave), 0);
    double[] real = Fft.real(spectrum).toDoubles();
    for (int k = 0; k <= n / 2; k++) {
      assertThat(real[k]).isCloseTo(k == 3 ? n / 2.0 : 0, within(1e-12));
    }
    close(Fft.irfft(spectrum, n, 0), Tensor.of(wave), 1e-12);
    Tensor complex = Fft.complex(Tensor.of(wave), Tensor.of(wave));
    close(Fft.imaginary(Fft.ifft(Fft.fft(complex, 0), 0)), Tensor.of(wave), 1e-12);
  }

  @Test
  void recordedGraphsReplayWithOtherInputsAndParameters() {
    Tensor w = new Rng(0).normal(1, 4, 3);
    Graph graph =
        Graph.record(
            in -> {
              Tensor y = in.getFirst().linear(w, null).gelu();
              Graph.site("hidden", y);
              return List.of(y.softmax(-1), y.topk(2, 1).indices());
            },
            List.of(new Rng(1).normal(1, 5, 3)),
            Map.of(w, "w"));
    assertThat(graph.nodes()).hasSize(4);
    assertThat(graph.name(graph.constants().keySet().iterator().next())).isEqualTo("w");
    assertThat(graph.sites()).containsKey("hidden");
    Tensor x = new Rng(2).normal(1, 5, 3);
    assertThat(graph.run(List.of(x)).getFirst().toFloats())
        .containsExactly(x.linear(w, null).gelu().softmax(-1).toFloats());
    assertThatThrownBy(() -> graph.run(List.of(Tensor.zeros(4, 3))))
        .isInstanceOf(ShapeException.class);
  }

  @Test
  void hessianVectorProductsMatchTheClosedForm() {
    // f(x) = sum(x^3) / 6 has the Hessian diag(x).
    Tensor x = Tensor.of(new double[] {1, -2, 3}).requiresGrad(true);
    Tensor loss = x.mul(x).mul(x).sum().div(6);
    List<Tensor> grads = Autograd.grad(loss, List.of(x), true);
    List<Tensor> product =
        Autograd.hessianVector(grads, List.of(x), List.of(Tensor.of(new double[] {1, 1, 2})), true);
    close(product.getFirst(), Tensor.of(new double[] {1, -2, 6}), 1e-14);
  }

  @Test
  void gradOfSomethingConstantIsRefusedInWords() {
    Tensor x = Tensor.ones(2);
    assertThatThrownBy(() -> Autograd.grad(x.sum(), List.of(x)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("gradient");
    Tensor leaf = Tensor.ones(2).requiresGrad(true);
    assertThatThrownBy(() -> Autograd.grad(leaf.mul(2), List.of(leaf)))
        .isInstanceOf(ShapeException.class);
    Tensor other = Tensor.ones(3).requiresGrad(true);
    assertThat(Autograd.grad(leaf.sum(), List.of(leaf, other)).get(1).toFloats())
        .containsExactly(0, 0, 0);
  }

  static void close(Tensor actual, Tensor expected, double tolerance) {
    assertThat(actual.shape()).isEqualTo(expected.shape());
    assertThat(actual.sub(expected).abs().max().item()).isLessThanOrEqualTo(tolerance);
  }
}
