package org.lapidary.interpret.catrepresentations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.fixtures.Dense;
import org.lapidary.interpret.fixtures.Dense.Nonlinearity;
import org.lapidary.interpret.fixtures.Fit;
import org.lapidary.interpret.probe.LinearReadout;
import org.lapidary.interpret.probe.SoftmaxProbe;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;
import org.lapidary.train.Sgd;

class CatTest {

  private static Dense network(long seed, int out) {
    Dense network = new Dense(Nonlinearity.RELU, 3, 8, out);
    network.initialise(new Rng(seed));
    return network;
  }

  @Test
  void putsTheFeaturesOfCopiesSideBySide() {
    try (Scope scope = Scope.open()) {
      Dense a = network(1, 4);
      Dense b = network(2, 2);
      Cat cat = Cat.of(List.of(a, b));
      Tensor x = new Rng(3).normal(1, 5, 3);
      Tensor features = cat.forward(x);
      assertThat(features.slice(1, 0, 4).toFloats()).containsExactly(a.forward(x).toFloats());
      assertThat(features.slice(1, 4, 6).toFloats()).containsExactly(b.forward(x).toFloats());
      float[] before = features.toFloats();
      a.parameterAt("layer0.weight").set(Tensor.zeros(8, 3));
      assertThat(cat.forward(x).toFloats()).containsExactly(before);
      assertThat(((Cat) cat.copy()).forward(x).toFloats()).containsExactly(before);
      assertThatThrownBy(() -> Cat.of(List.of())).hasMessageContaining("at least one");
    }
  }

  /** Two features of a label, each read by its own ReLU units whose start has a random size. */
  private static final class TwoFeatures extends Layer implements UnaryLayer {
    private final Dense first = child("first", new Dense(Nonlinearity.RELU, 1, 4));
    private final Dense second = child("second", new Dense(Nonlinearity.RELU, 1, 4));
    private final Linear out = child("out", new Linear(8, 1, false));

    Tensor features(Tensor z) {
      return Tensor.concat(
          1, first.forward(z.slice(1, 0, 1)).relu(), second.forward(z.slice(1, 1, 2)).relu());
    }

    @Override
    public Tensor forward(Tensor z) {
      return out.forward(features(z));
    }

    @Override
    protected Layer blank() {
      return new TwoFeatures();
    }

    /** Trained on z1 = z2 = y by gradient descent. */
    static TwoFeatures trained(Rng rng) {
      TwoFeatures net = new TwoFeatures();
      float[] out = new float[8];
      for (int f = 0; f < 2; f++) {
        double size = Math.pow(10, -3 * rng.nextDouble());
        Layer part = f == 0 ? net.first : net.second;
        float[] in = new float[4];
        for (int u = 0; u < 4; u++) {
          in[u] = (float) (size * (u % 2 == 0 ? 1 : -1));
          out[4 * f + u] = in[u];
        }
        part.parameterAt("layer0.weight").set(Tensor.of(in, 4, 1));
        part.parameterAt("layer0.bias").set(Tensor.zeros(4));
      }
      net.out.weight().set(Tensor.of(out, 1, 8));
      net.requiresGrad(true);
      List<Tensor> learned =
          List.of(
              net.first.parameterAt("layer0.weight").tensor(),
              net.second.parameterAt("layer0.weight").tensor(),
              net.out.weight().tensor());
      try (Scope scope = Scope.open();
          Sgd sgd = new Sgd(learned, new Sgd.Settings(0, 0, false))) {
        Tensor z = Tensor.of(new float[] {1, 1, -1, -1}, 2, 2);
        Tensor y = Tensor.of(new float[] {1, -1}, 2, 1);
        for (int step = 0; step < 150; step++) {
          try (Scope inner = Scope.open()) {
            Tensor loss = net.forward(z).mul(y).neg().softplus().mean();
            sgd.step(Autograd.grad(loss, learned), 0.3);
          }
        }
      }
      net.requiresGrad(false);
      return net;
    }

    /** How large each feature is in the representation. */
    double[] sizes() {
      try (Scope scope = Scope.open()) {
        return new double[] {
          first.parameterAt("layer0.weight").tensor().norm(false).item(),
          second.parameterAt("layer0.weight").tensor().norm(false).item()
        };
      }
    }
  }

  @Test
  void fourRunsHoldBothOfTwoRedundantFeaturesWhereOneRunHoldsOne() {
    int runs = 40;
    int both = 0;
    int bothInFour = 0;
    double one = 0;
    double four = 0;
    for (int run = 0; run < runs; run++) {
      try (Scope scope = Scope.open()) {
        List<TwoFeatures> nets = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          nets.add(TwoFeatures.trained(new Rng(100 * run + i)));
        }
        boolean[] held = new boolean[2];
        for (int i = 0; i < 4; i++) {
          double[] sizes = nets.get(i).sizes();
          double largest = Math.max(sizes[0], sizes[1]);
          held[0] |= sizes[0] > largest / 3;
          held[1] |= sizes[1] > largest / 3;
          both += i == 0 && Math.min(sizes[0], sizes[1]) > largest / 3 ? 1 : 0;
        }
        bothInFour += held[0] && held[1] ? 1 : 0;
        int broken = new Rng(run).nextInt(2);
        one += shifted(List.of(nets.getFirst()), broken, new Rng(7 * run));
        four += shifted(nets, broken, new Rng(7 * run));
      }
    }
    assertThat((double) both / runs).isLessThanOrEqualTo(0.5);
    assertThat((double) bothInFour / runs).isGreaterThanOrEqualTo(0.8);
    assertThat(four / runs).isGreaterThanOrEqualTo(one / runs + 0.1);
  }

  /** The accuracy of a ridge head from 20 labels where a feature says nothing any more. */
  private static double shifted(List<TwoFeatures> nets, int broken, Rng rng) {
    int shots = 20;
    int n = shots + 200;
    float[] z = new float[2 * n];
    double[] y = new double[n];
    for (int i = 0; i < n; i++) {
      y[i] = rng.nextBoolean() ? 1 : -1;
      z[2 * i + broken] = rng.nextBoolean() ? 1 : -1;
      z[2 * i + 1 - broken] = (float) y[i];
    }
    try (Scope scope = Scope.open()) {
      Tensor in = Tensor.of(z, n, 2);
      Tensor x =
          Tensor.concat(1, nets.stream().map(net -> net.features(in)).toList())
              .add(rng.normal(0.3, n, 8L * nets.size())) // what is read has some noise
              .to(DType.FLOAT64);
      Tensor target = Tensor.of(y, n, 1);
      Tensor w =
          org.lapidary.tensor.Linalg.leastSquares(
              x.slice(0, 0, shots), target.slice(0, 0, shots), 1);
      return x.slice(0, shots, n)
          .matmul(w)
          .mul(target.slice(0, shots, n))
          .gt(0)
          .to(DType.FLOAT64)
          .mean()
          .item();
    }
  }

  @Test
  void distillationTeachesOneNetworkTheFeaturesOfMany() {
    try (Scope scope = Scope.open()) {
      Cat cat = Cat.of(List.of(network(1, 4), network(2, 4)));
      Tensor x = new Rng(3).normal(1, 400, 3);
      Classification inputs = Classification.of(x, new int[400]);
      Dense student = new Dense(Nonlinearity.RELU, 3, 32, 8);
      Layer taught = new Distillation(new Fit(30, 40, 1e-2)).distill(cat, student, 8, inputs, 4);
      Dense random = new Dense(Nonlinearity.RELU, 3, 32, 8);
      random.initialise(new Rng(4));
      Tensor fresh = new Rng(5).normal(1, 400, 3);
      double after =
          LinearReadout.explained(((UnaryLayer) taught).forward(fresh), cat.forward(fresh));
      double before = LinearReadout.explained(random.forward(fresh), cat.forward(fresh));
      assertThat(after).isGreaterThan(0.95).isGreaterThan(before + 0.02);
    }
  }

  @Test
  void redundancyIsOneForAMapAndAboutNothingForNoise() {
    try (Scope scope = Scope.open()) {
      Tensor a = new Rng(1).normal(1, 400, 5);
      Tensor map = new Rng(2).normal(1, 5, 3);
      assertThat(LinearReadout.explained(a, a.matmul(map).add(2))).isCloseTo(1, within(1e-4));
      assertThat(LinearReadout.explained(a, new Rng(3).normal(1, 400, 3))).isBetween(-0.2, 0.1);
      assertThatThrownBy(() -> LinearReadout.explained(a, a.slice(0, 0, 9)))
          .isInstanceOf(ShapeException.class);
    }
  }

  @Test
  void classMeansFromFewExamplesTellClustersApart() {
    try (Scope scope = Scope.open()) {
      int[] labels = new int[60];
      float[] rows = new float[120];
      Rng rng = new Rng(4);
      for (int i = 0; i < 60; i++) {
        labels[i] = i % 3;
        rows[2 * i] = (float) (Math.cos(2.1 * labels[i]) + 0.1 * rng.nextGaussian());
        rows[2 * i + 1] = (float) (Math.sin(2.1 * labels[i]) + 0.1 * rng.nextGaussian());
      }
      Tensor x = Tensor.of(rows, 60, 2);
      assertThat(new FewShot(2, 20).accuracy(x, labels, new Rng(5))).isGreaterThan(0.98);
      assertThatThrownBy(() -> new FewShot(21, 1).accuracy(x, labels, new Rng(5)))
          .hasMessageContaining("fewer than 21");
    }
  }

  @Test
  void theProbeIsAtTheMinimumOfItsLoss() {
    try (Scope scope = Scope.open()) {
      Tensor x = new Rng(6).normal(1, 90, 4);
      int[] classes = new int[90];
      double[] first = x.select(1, 0).toDoubles();
      double[] second = x.select(1, 1).toDoubles();
      Rng rng = new Rng(7);
      for (int i = 0; i < 90; i++) {
        classes[i] = first[i] + 0.5 * rng.nextGaussian() > 0 ? 1 : second[i] > 0 ? 2 : 0;
      }
      Tensor labels = Tensor.of(classes).to(DType.INT64);
      SoftmaxProbe probe = SoftmaxProbe.fit(x, labels, 3, 0.01);
      double best = loss(probe, x, labels, Tensor.zeros(DType.FLOAT64, probe.weight().shape()));
      for (int i = 0; i < 15; i++) {
        Tensor step = new Rng(50 + i).normal(0.02, 5, 3).to(DType.FLOAT64);
        assertThat(loss(probe, x, labels, step)).isGreaterThan(best - 1e-7);
      }
      assertThat(probe.accuracy(x, labels)).isGreaterThan(0.75);
      assertThat(SoftmaxProbe.selected(x, labels, 3, new Rng(8)).accuracy(x, labels))
          .isGreaterThan(0.7);
      assertThatThrownBy(() -> SoftmaxProbe.fit(x, labels, 3, 0)).hasMessageContaining("l2");
    }
  }

  private static double loss(SoftmaxProbe probe, Tensor x, Tensor labels, Tensor step) {
    Tensor w = probe.weight().add(step);
    Tensor logits = new SoftmaxProbe(w, probe.mean(), probe.scale()).logits(x);
    double price = w.slice(0, 0, 4).square().sum().item() * 0.005;
    return logits.crossEntropy(labels).item() + price;
  }

  @Test
  void finetuningLeavesTheNetworkAsItWas() {
    try (Scope scope = Scope.open()) {
      Dense network = network(1, 4);
      Tensor x = new Rng(3).normal(1, 60, 3);
      int[] classes = new int[60];
      double[] sums = x.sum(false, 1).toDoubles();
      for (int i = 0; i < 60; i++) {
        classes[i] = sums[i] > 0 ? 1 : 0;
      }
      Classification task = Classification.of(x, classes);
      float[] before = network.forward(x).toFloats();
      Finetuning tuning = new Finetuning(new Fit(20, 20, 1e-2), new Fit(60, 20, 1e-2));
      assertThat(task.accuracy(tuning.plain(network, 4, task, 2, 5)::forward)).isGreaterThan(0.9);
      assertThat(task.accuracy(tuning.twoStage(network, 4, task, 2, 5)::forward))
          .isGreaterThan(0.9);
      assertThat(tuning.each(List.of(network, network(2, 4)), 4, task, 2, 5).forward(x).size(1))
          .isEqualTo(8);
      assertThat(network.forward(x).toFloats()).containsExactly(before);
    }
  }
}
