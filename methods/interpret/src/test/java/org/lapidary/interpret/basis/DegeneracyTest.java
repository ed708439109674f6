package org.lapidary.interpret.basis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

class DegeneracyTest {

  private static Tensor normal(Rng rng, long... sizes) {
    return rng.normal(1, sizes).to(DType.FLOAT64);
  }

  /** 4-6-6-2 whose last first-layer unit is a copy and whose first second-layer unit is unread. */
  private static Perceptron planted(UnaryOperator<Tensor> bend, Rng rng) {
    Tensor first = normal(rng, 5, 5);
    Tensor last = normal(rng, 2, 7);
    Tensor unread = Tensor.zeros(DType.FLOAT64, Shape.of(2, 1));
    return new Perceptron(
        List.of(
            Tensor.concat(0, first, first.slice(0, 4, 5)),
            normal(rng, 6, 7),
            Tensor.concat(1, unread, last.slice(1, 1, 7))),
        bend);
  }

  /** The rank of the Hessian of E ||f - f*||^2 at f*, taken one direction at a time. */
  private static int hessianRank(Perceptron network, Tensor data, int only) {
    List<Tensor> weights = new ArrayList<>();
    network.weights().forEach(w -> weights.add(w.copy().requiresGrad(true)));
    Tensor target = network.forward(data).detach();
    Tensor loss =
        new Perceptron(weights, network.nonlinearity())
            .forward(data)
            .sub(target)
            .square()
            .sum()
            .div(data.size(0));
    List<Tensor> moved = only < 0 ? weights : List.of(weights.get(only));
    List<Tensor> gradients = Autograd.grad(loss, moved, true);
    List<Tensor> rows = new ArrayList<>();
    for (int w = 0; w < moved.size(); w++) {
      for (int i = 0; i < moved.get(w).elements(); i++) {
        List<Tensor> direction = new ArrayList<>();
        for (int v = 0; v < moved.size(); v++) {
          double[] unit = new double[(int) moved.get(v).elements()];
          if (v == w) {
            unit[i] = 1;
          }
          direction.add(Tensor.of(unit, moved.get(v).shape().toArray()));
        }
        List<Tensor> product = Autograd.hessianVector(gradients, moved, direction, true);
        rows.add(Tensor.concat(0, product.stream().map(p -> p.reshape(-1)).toList()));
      }
    }
    return Degeneracy.rank(Tensor.stack(rows));
  }

  @Test
  void countsAreGuaranteedByTheHessianOfTanhNetworks() {
    try (Scope scope = Scope.open()) {
      Perceptron network = planted(Tensor::tanh, new Rng(1));
      Tensor data = normal(new Rng(2), 60, 4);
      Degeneracy counts = Degeneracy.of(network, data, false);
      assertThat(counts.parameters()).isEqualTo(30 + 42 + 14);
      Degeneracy.Layer middle = counts.layers().get(1);
      assertThat(middle.activationRank()).isEqualTo(6); // five units and the constant
      assertThat(middle.gradientRank()).isEqualTo(5);
      assertThat(middle.byActivations()).isEqualTo(6);
      assertThat(middle.byGradients()).isEqualTo(7);
      assertThat(middle.free()).isEqualTo(42 - 30);
      int rank = hessianRank(network, data, -1);
      assertThat(counts.parameters() - rank).isGreaterThanOrEqualTo(counts.free());
      assertThat((long) rank).isLessThanOrEqualTo(counts.effective());
      for (int l = 0; l < 3; l++) {
        Degeneracy.Layer layer = counts.layers().get(l);
        assertThat(hessianRank(network, data, l))
            .isLessThanOrEqualTo(layer.activationRank() * layer.gradientRank());
      }
    }
  }

  @Test
  void reluNetworksHaveMixingDirectionsBesides() {
    try (Scope scope = Scope.open()) {
      Perceptron network = planted(Tensor::relu, new Rng(3));
      Tensor data = normal(new Rng(4), 60, 4);
      Degeneracy counts = Degeneracy.of(network, data, true);
      Degeneracy.Layer first = counts.layers().getFirst();
      assertThat(first.synchronised()).contains(2); // the unit and its copy
      assertThat(first.mixing()).isGreaterThanOrEqualTo(5); // each alive unit can be rescaled
      int rank = hessianRank(network, data, -1);
      assertThat(counts.parameters() - rank).isGreaterThanOrEqualTo(counts.free());
      long without = counts.layers().stream().mapToLong(Degeneracy.Layer::free).sum();
      assertThat(counts.free()).isGreaterThan(without);
    }
  }

  /** Where J is the same for all examples the Hessian is a Kronecker product. */
  @Test
  void linearNetworksHaveExactlyAsManyDirections() {
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(5);
      Perceptron network = planted(x -> x, rng);
      Tensor data =
          Tensor.concat(1, normal(rng, 40, 3), Tensor.zeros(DType.FLOAT64, Shape.of(40, 1)));
      Degeneracy counts = Degeneracy.of(network, data, false);
      for (int l = 0; l < 3; l++) {
        Degeneracy.Layer layer = counts.layers().get(l);
        assertThat(layer.in() * layer.out() - hessianRank(network, data, l))
            .as("layer %d", l)
            .isEqualTo(layer.free());
      }
      assertThat(counts.layers().get(0).activationRank()).isEqualTo(4);
      assertThat(counts.layers().get(0).gradientRank()).isEqualTo(2);
    }
  }

  /** Units that are always on are one linear block: any mixing and any shift is free. */
  @Test
  void unitsThatAreAlwaysOnMixFreely() {
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(6);
      Tensor bias = Tensor.full(DType.FLOAT64, Shape.of(3, 1), 9);
      Perceptron network =
          new Perceptron(
              List.of(Tensor.concat(1, normal(rng, 3, 4), bias), normal(rng, 4, 4)), Tensor::relu);
      Tensor data = normal(rng, 50, 4);
      Degeneracy counts = Degeneracy.of(network, data, true);
      assertThat(counts.layers().getFirst().synchronised()).containsExactly(3);
      assertThat(counts.layers().getFirst().mixing()).isEqualTo(9 + 3);
      assertThat(counts.parameters() - hessianRank(network, data, -1)).isEqualTo(counts.free());
    }
  }
}
