package org.lapidary.interpret.basis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lapidary.interpret.fixtures.Dense;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class InteractionBasisTest {
  private static final InteractionBasis EXACT = new InteractionBasis(1e-13, 0);

  private static Tensor normal(Rng rng, double deviation, long... sizes) {
    return rng.normal(deviation, sizes).to(DType.FLOAT64);
  }

  private static Perceptron network(UnaryOperator<Tensor> bend, Rng rng, int... widths) {
    List<Tensor> weights = new ArrayList<>();
    for (int l = 0; l + 1 < widths.length; l++) {
      weights.add(normal(rng, 1 / Math.sqrt(widths[l]), widths[l + 1], widths[l] + 1));
    }
    return new Perceptron(weights, bend);
  }

  private static double apart(Tensor a, Tensor b) {
    return a.sub(b).abs().max().item();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4})
  void coordinatesMeetTheirDefinition(int intervals) {
    try (Scope scope = Scope.open()) {
      Perceptron network = network(Tensor::tanh, new Rng(1), 5, 7, 6, 3);
      Chain chain = network.chain(normal(new Rng(2), 1, 200, 5));
      for (InteractionBasis.Fitted fitted : new InteractionBasis(1e-13, intervals).fit(chain)) {
        Basis basis = fitted.basis();
        Tensor lambda = Tensor.eye(DType.FLOAT64, basis.size()).mul(basis.strengths());
        Tensor g = fitted.gram();
        Tensor m = fitted.jacobianGram();
        assertThat(apart(basis.c().t().matmul(g).matmul(basis.c()), lambda)).isLessThan(1e-8);
        assertThat(
                apart(
                    basis.inverse().matmul(m).matmul(basis.inverse().t()),
                    Tensor.eye(DType.FLOAT64, basis.size())))
            .isLessThan(1e-8);
        assertThat(
                apart(basis.inverse().matmul(basis.c()), Tensor.eye(DType.FLOAT64, basis.size())))
            .isLessThan(1e-8);
      }
    }
  }

  /** M' G C = C Lambda, and where nothing is dropped the trace of G M' is the sum of Lambda. */
  @Test
  void strengthsAreTheEigenvaluesOfGramTimesJacobianGram() {
    try (Scope scope = Scope.open()) {
      Perceptron network = network(Tensor::tanh, new Rng(3), 4, 5, 5);
      Chain chain = network.chain(normal(new Rng(4), 1, 300, 4));
      InteractionBasis.Fitted first = EXACT.fit(chain).getFirst();
      Tensor c = first.basis().c();
      Tensor product = first.jacobianGram().matmul(first.gram());
      assertThat(apart(product.matmul(c), c.mul(first.basis().strengths()))).isLessThan(1e-8);
      assertThat(product.diagonal().sum().item())
          .isCloseTo(first.basis().strengths().sum().item(), within(1e-9));
    }
  }

  /** A chain with a linear layer between matrices 1 and 2, seen through R. */
  private static Chain through(Perceptron network, Tensor r, Tensor data) {
    Tensor inverse = Linalg.inverse(r);
    Chain plain = network.chain(data);
    List<UnaryOperator<Tensor>> steps = new ArrayList<>(plain.steps());
    UnaryOperator<Tensor> second = steps.get(1);
    UnaryOperator<Tensor> third = steps.get(2);
    steps.set(1, x -> second.apply(x).matmul(r.t()));
    steps.set(2, x -> third.apply(x.matmul(inverse.t())));
    return new Chain(data, steps);
  }

  @Test
  void strengthsStayWhenALayerIsReparameterised() {
    try (Scope scope = Scope.open()) {
      Perceptron network = network(Tensor::tanh, new Rng(5), 4, 6, 5, 3);
      Tensor data = normal(new Rng(6), 1, 100, 4);
      Tensor r = normal(new Rng(7), 1, 5, 5).add(Tensor.eye(DType.FLOAT64, 5).mul(2));
      List<Basis> plain = EXACT.bases(network.chain(data));
      List<Basis> turned = EXACT.bases(through(network, r, data));
      for (int l = 0; l < plain.size(); l++) {
        assertThat(turned.get(l).size()).isEqualTo(plain.get(l).size());
        assertThat(apart(turned.get(l).strengths(), plain.get(l).strengths())).isLessThan(1e-6);
      }
    }
  }

  @Test
  void strengthsStayWhenAUnitIsDoubled() {
    try (Scope scope = Scope.open()) {
      Perceptron network = network(Tensor::tanh, new Rng(8), 4, 6, 5, 3);
      Tensor first = network.weights().get(0);
      Tensor second = network.weights().get(1);
      Tensor last = second.slice(1, 5, 6).mul(0.5);
      Perceptron doubled =
          new Perceptron(
              List.of(
                  Tensor.concat(0, first, first.slice(0, 5, 6)),
                  Tensor.concat(1, second.slice(1, 0, 5), last, last, second.slice(1, 6, 7)),
                  network.weights().get(2)),
              Tensor::tanh);
      Tensor data = normal(new Rng(9), 1, 100, 4);
      assertThat(apart(doubled.forward(data), network.forward(data))).isLessThan(1e-12);
      InteractionBasis method = new InteractionBasis(1e-10, 0);
      List<Basis> plain = method.bases(network.chain(data));
      List<Basis> wide = method.bases(doubled.chain(data));
      for (int l = 0; l < plain.size(); l++) {
        assertThat(wide.get(l).size()).isEqualTo(plain.get(l).size());
        assertThat(apart(wide.get(l).strengths(), plain.get(l).strengths())).isLessThan(1e-6);
      }
    }
  }

  /** For a linear step d g_i / d g_j is one number, and E[g_j^2] a strength. */
  @Test
  void interactionsOfALinearStepHaveAClosedForm() {
    try (Scope scope = Scope.open()) {
      Perceptron network = network(x -> x, new Rng(10), 4, 5);
      Chain chain = network.chain(normal(new Rng(11), 1, 50, 4));
      List<Basis> bases = EXACT.bases(chain);
      double[][] edges = Interactions.of(chain, bases, 0).edges().getFirst();
      Tensor w = network.weights().getFirst().slice(1, 0, 4);
      Tensor d = bases.get(1).c().t().matmul(w).matmul(bases.get(0).inverse().t());
      double[] wanted = d.square().mul(bases.get(0).strengths()).toDoubles();
      for (int i = 0; i < edges.length; i++) {
        for (int j = 0; j < edges[i].length; j++) {
          assertThat(edges[i][j]).isCloseTo(wanted[i * edges[i].length + j], within(1e-10));
        }
      }
    }
  }

  @Test
  void sitesOfANetworkMakeAChain() {
    try (Scope scope = Scope.open()) {
      Dense dense = new Dense(Dense.Nonlinearity.RELU, 4, 6, 5, 3);
      dense.initialise(new Rng(12));
      for (Parameter p : dense.parameters().values()) {
        p.set(p.tensor().to(DType.FLOAT64));
      }
      Tensor data = normal(new Rng(13), 1, 30, 4);
      Chain chain = Chain.of(dense, data, List.of("hook_hidden0", "hook_hidden1"));
      Chain direct = Perceptron.of(dense, Tensor::relu).chain(data);
      List<Tensor> wanted = direct.activations().subList(1, 4);
      List<Tensor> given = chain.activations();
      for (int l = 0; l < 3; l++) {
        assertThat(apart(given.get(l), wanted.get(l))).isLessThan(1e-12);
      }
      List<Basis> bases = EXACT.bases(chain);
      List<Basis> others = EXACT.bases(direct).subList(1, 4);
      for (int l = 0; l < 3; l++) {
        assertThat(apart(bases.get(l).strengths(), others.get(l).strengths())).isLessThan(1e-10);
      }
      assertThatThrownBy(() -> Chain.of(dense, data, List.of("hook_nowhere")))
          .hasMessageContaining("hook_nowhere");
    }
  }

  @Test
  void whatIsKeptWholeScoresWhole() {
    try (Scope scope = Scope.open()) {
      Perceptron network = network(Tensor::tanh, new Rng(14), 4, 6, 3);
      Chain chain = network.chain(normal(new Rng(15), 1, 60, 4));
      Tensor wanted = chain.activations().getLast();
      Ablation ablation = new Ablation(chain, y -> -apart(y, wanted));
      List<Basis> bases = EXACT.bases(chain);
      assertThat(ablation.whole()).isZero();
      for (int l = 0; l < bases.size(); l++) {
        assertThat(ablation.directions(l, bases.get(l), bases.get(l).size())).isGreaterThan(-1e-9);
      }
      Interactions all = Interactions.of(chain, bases, 0);
      double[] scores = ablation.interactions(0, bases, all, new int[] {1, 1000});
      assertThat(scores[1]).isGreaterThan(-1e-9);
      assertThat(scores[0]).isLessThan(-1e-3);
      assertThat(ablation.fewest(0, bases.get(0), -1e-9)).isEqualTo(bases.get(0).size());
    }
  }

  /** Two blocks of equal strength: all inside, half of it by chance. */
  @Test
  void separateBlocksAreModules() {
    double[][] step = new double[4][6];
    for (int i = 0; i < 4; i++) {
      for (int j = 0; j < 6; j++) {
        step[i][j] = i / 2 == j / 3 ? 1 : 1e-9;
      }
    }
    double[][] next = new double[2][4];
    for (int i = 0; i < 2; i++) {
      for (int j = 0; j < 4; j++) {
        next[i][j] = i == j / 2 ? 2 : 0;
      }
    }
    Modules modules =
        Modules.of(new Interactions(List.of(step, next, new double[][] {{3, 0}, {0, 3}})), 1e-6);
    assertThat(modules.count()).isEqualTo(2);
    assertThat(modules.score()).isCloseTo(0.5, within(1e-9));
    assertThat(modules.module().subList(0, 3)).containsOnly(modules.module().getFirst());
    assertThat(modules.module().subList(0, 10))
        .containsExactly(
            modules.module().get(6),
            modules.module().get(6),
            modules.module().get(6),
            modules.module().get(8),
            modules.module().get(8),
            modules.module().get(8),
            modules.module().get(0),
            modules.module().get(0),
            modules.module().get(3),
            modules.module().get(3));
  }

  @Test
  void badInputIsRefused() {
    assertThatThrownBy(() -> new InteractionBasis(1, 0)).hasMessageContaining("relative");
    assertThatThrownBy(() -> new Chain(Tensor.zeros(2, 2), List.of(x -> x)))
        .hasMessageContaining("float64");
    try (Scope scope = Scope.open()) {
      Chain chain = network(x -> x, new Rng(1), 2, 2).chain(normal(new Rng(2), 1, 4, 2));
      assertThatThrownBy(() -> Interactions.of(chain, List.of(), 0))
          .hasMessageContaining("2 layers");
      assertThatThrownBy(() ->
              new Perceptron(
                  List.of(normal(new Rng(1), 1, 3, 3), normal(new Rng(1), 1, 3, 3)), x -> x))
          .hasMessageContaining("matrix 1");
    }
  }
}
