package org.lapidary.interpret.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

class KernelAlignmentTest {
  private final Similarity cka = new KernelAlignment();

  @Test
  void isOneForItselfAndDoesNotSeeRotationsScalingsAndShifts() {
    try (Scope scope = Scope.open()) {
      Tensor x = new Rng(1).normal(1, 20, 6).to(DType.FLOAT64);
      Tensor q = Linalg.qr(new Rng(2).normal(1, 6, 6).to(DType.FLOAT64)).q();
      assertThat(cka.between(x, x)).isCloseTo(1, within(1e-12));
      assertThat(cka.between(x, x.matmul(q).mul(7).add(3))).isCloseTo(1, within(1e-12));
    }
  }

  @Test
  void isTheCosineOfTheCentredKernels() {
    try (Scope scope = Scope.open()) {
      Tensor x = new Rng(3).normal(1, 8, 3).to(DType.FLOAT64);
      Tensor y = new Rng(4).normal(1, 8, 5).to(DType.FLOAT64);
      Tensor h = Tensor.eye(DType.FLOAT64, 8).sub(1.0 / 8);
      Tensor k = h.matmul(x).matmul(x.t()).matmul(h);
      Tensor l = h.matmul(y).matmul(y.t()).matmul(h);
      double expected = k.mul(l).sum().item() / (k.norm(false).item() * l.norm(false).item());
      assertThat(cka.between(x, y)).isCloseTo(expected, within(1e-12));
    }
  }

  @Test
  void shufflingShowsWhatChanceGives() {
    try (Scope scope = Scope.open()) {
      Tensor x = new Rng(5).normal(1, 30, 4);
      Similarity.Null same = cka.againstChance(x, x.mul(2), 99, new Rng(6));
      assertThat(same.observed()).isCloseTo(1, within(1e-6));
      assertThat(same.pValue()).isEqualTo(0.01);
      assertThat(same.mean()).isLessThan(0.5);
      Similarity.Null none = cka.againstChance(x, new Rng(7).normal(1, 30, 4), 99, new Rng(8));
      assertThat(none.pValue()).isGreaterThan(0.01);
    }
  }

  @Test
  void representationsOfDifferentStimuliAreRefused() {
    try (Scope scope = Scope.open()) {
      assertThatThrownBy(() -> cka.between(Tensor.zeros(3, 2), Tensor.zeros(4, 2)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("[3, 2] and [4, 2]");
      assertThat(cka.between(Tensor.ones(3, 2), Tensor.ones(3, 2))).isZero();
    }
  }
}
