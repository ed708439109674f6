package org.lapidary.compress.hawqv2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.lapidary.compress.Hutchinson;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Mlp;
import org.lapidary.nn.Model;
import org.lapidary.nn.ModelConfig;
import org.lapidary.nn.ResNetConfig;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Decomposition;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

class HawqV2Test {

  private record MlpConfig(int in, int hidden) implements ModelConfig {
    @Override
    public String family() {
      return "mlp";
    }

    @Override
    public Layer build() {
      return new Mlp(in, hidden, "gelu", true, 0.5);
    }

    @Override
    public Map<String, Object> summary() {
      return Map.of();
    }
  }

  private static final Tensor X = new Rng(2).normal(1, 4, 6);
  private static final Classification DATA = Classification.of(X, new int[] {0, 3, 5, 1});
  private static final Function<Model, Tensor> LOSS = m -> DATA.loss(m::forward);

  private static Model mlp() {
    Model model = Model.random(new MlpConfig(6, 9), new Rng(1));
    model.layer().parameters().values().forEach(p -> p.set(p.tensor().mul(20)));
    return model;
  }

  @Test
  void theActivationTraceIsTheMeanOfTheTracesOfTheExamplesBlocks() {
    Model model = mlp();
    Sensitivities found =
        HawqV2.defaults()
            .withHutchinson(Hutchinson.probes(4000))
            .sensitivities(model, LOSS, true, new Rng(3));
    // The out layer reads gelu(in(x)); its examples' blocks one by one.
    Tensor hidden = model.capture(X, "out.hook_in").at("out.hook_in");
    double sum = 0;
    for (int j = 0; j < 4; j++) {
      Tensor a = hidden.slice(0, j, j + 1).copy().requiresGrad(true);
      Tensor w = model.layer().parameterAt("out.weight").tensor();
      Tensor b = model.layer().parameterAt("out.bias").tensor();
      Tensor value;
      try (var parts = Decomposition.on()) {
        value = a.linear(w, b).crossEntropy(DATA.labels().slice(0, j, j + 1));
      }
      List<Tensor> gradient = Autograd.grad(value, List.of(a), true);
      for (int i = 0; i < 9; i++) {
        float[] unit = new float[9];
        unit[i] = 1;
        sum +=
            Autograd.hessianVector(gradient, List.of(a), List.of(Tensor.of(unit, 1, 9)), true)
                .getFirst()
                .toFloats()[i];
      }
    }
    Hutchinson.Trace trace = found.layers().get(1).activations().trace();
    assertThat(trace.size()).isEqualTo(9);
    assertThat(trace.trace()).isCloseTo(sum / 4, within(4 * trace.standardError()));
    assertThat(trace.standardError()).isLessThan(0.05 * trace.trace());
    assertThat(found.layers().get(0).activations().multiplications()).isEqualTo(54);
  }

  /**
   * Layer "in" has one large and many tiny eigenvalues, "out" has all alike: the largest eigenvalue
   * protects the wrong one.
   */
  @Test
  void whereTraceAndLargestEigenvalueDisagreeTheTraceFindsTheOptimum() {
    Model model = Model.random(new MlpConfig(8, 8), new Rng(4));
    Rng rng = new Rng(40);
    model.layer().parameterAt("in.weight").set(rng.normal(0.5, 8, 8));
    model.layer().parameterAt("out.weight").set(rng.normal(0.5, 8, 8));
    Map<String, Tensor> eigenvalues = Map.of("in", spectrum(60, 0.01), "out", spectrum(10, 10));
    Map<String, Tensor> minimum =
        eigenvalues.keySet().stream()
            .collect(Collectors.toMap(p -> p, p -> weight(model, p).copy()));
    Function<Model, Tensor> quadratic =
        m -> {
          Tensor sum = Tensor.scalar(0);
          for (String path : List.of("in", "out")) {
            Tensor off = m.layer().parameterAt(path + ".weight").value().sub(minimum.get(path));
            sum = sum.add(off.square().mul(eigenvalues.get(path)).sum().mul(0.5));
          }
          return sum;
        };
    HawqV2 method = HawqV2.defaults().withBits(2, 8).withMonotone(false);
    long budget = 64 * (2 + 8);
    HawqV2.Found found = method.search(model, quadratic, budget, new Rng(5));
    Map<String, Double> top =
        Map.of("in", top(model, quadratic, "in"), "out", top(model, quadratic, "out"));
    assertThat(top.get("in")).isCloseTo(60, within(0.01));
    Sensitivities.Choice byTop =
        found
            .sensitivities()
            .sizeFront(budget, false, BitPlan.FLOAT, l -> top.get(l.path()))
            .getLast();

    double byTrace = rise(model, quadratic, found.sensitivities(), found.best().plan());
    double byEigenvalue = rise(model, quadratic, found.sensitivities(), byTop.plan());

    assertThat(found.best().plan().of("out").weights()).isEqualTo(8);
    assertThat(byTop.plan().of("in").weights()).isEqualTo(8);
    assertThat(byTrace).isLessThan(byEigenvalue);
  }

  private static Tensor weight(Model model, String path) {
    return model.layer().parameterAt(path + ".weight").tensor();
  }

  private static Tensor spectrum(double first, double others) {
    float[] values = new float[64];
    Arrays.fill(values, (float) others);
    values[0] = (float) first;
    return Tensor.of(values, 8, 8);
  }

  private static double top(Model model, Function<Model, Tensor> loss, String path) {
    Tensor w = weight(model, path).requiresGrad(true);
    Tensor gradient = Autograd.grad(loss.apply(model), List.of(w), true).getFirst();
    double top = Lanczos.run(gradient, w, 8, new Rng(6)).top();
    w.requiresGrad(false);
    return top;
  }

  private static double rise(
      Model model, Function<Model, Tensor> loss, Sensitivities found, BitPlan plan) {
    return loss.apply(QuantizedModel.of(model, plan, found).model()).item();
  }

  @Test
  void moreSensitiveLayersNeverGetFewerBitsAndTheBudgetIsKept() {
    Model model = mlp();
    HawqV2 method = HawqV2.defaults().withHutchinson(Hutchinson.probes(20));
    for (long budget : new long[] {108 * 2, 108 * 3, 54 * 11, 108 * 8}) {
      HawqV2.Found found = method.search(model, LOSS, budget, new Rng(7));
      List<LayerSensitivity> order =
          found.sensitivities().layers().stream()
              .sorted((a, b) -> Double.compare(b.trace().average(), a.trace().average()))
              .toList();
      BitPlan plan = found.best().plan();
      assertThat(plan.of(order.get(0).path()).weights())
          .isGreaterThanOrEqualTo(plan.of(order.get(1).path()).weights());
      assertThat(found.sensitivities().size(plan))
          .isEqualTo(found.best().cost())
          .isLessThanOrEqualTo(budget);
      assertThat(found.sensitivities().omega(plan)).isCloseTo(found.best().omega(), within(1e-9));
    }
    assertThatThrownBy(() -> method.search(model, LOSS, 100, new Rng(7)))
        .hasMessageContaining("cheapest choice costs 216");
  }

  @Test
  void aRoundedModelHasFewLevelsPerOutputAndLeavesItsOriginAlone() {
    Model model = mlp();
    float[] before = weight(model, "in").toFloats();
    Sensitivities found = HawqV2.defaults().sensitivities(model, LOSS, true, new Rng(8));
    QuantizedModel rounded = QuantizedModel.of(model, BitPlan.uniform(found.layers(), 2, 3), found);
    Model plain = rounded.dequantized();
    float[] w = weight(plain, "in").toFloats();
    for (int row = 0; row < 9; row++) {
      float[] values = Arrays.copyOfRange(w, row * 6, row * 6 + 6);
      assertThat(new java.util.TreeSet<>(floats(values)).size()).isLessThanOrEqualTo(4);
    }
    Tensor read =
        found.layers().get(1).clip(3).apply(model.capture(X, "out.hook_in").at("out.hook_in"));
    assertThat(new java.util.TreeSet<>(floats(read.toFloats())).size()).isLessThanOrEqualTo(8);
    assertThat(weight(model, "in").toFloats()).isEqualTo(before);
    assertThat(rounded.forward(X).sub(plain.forward(X)).abs().max().item()).isGreaterThan(0);
  }

  private static List<Float> floats(float[] values) {
    List<Float> list = new java.util.ArrayList<>();
    for (float v : values) {
      list.add(v);
    }
    return list;
  }

  @Test
  void finetuningLowersTheLossOfTheRoundedModel() {
    Model model = mlp();
    Sensitivities found = HawqV2.defaults().sensitivities(model, LOSS, true, new Rng(9));
    QuantizedModel rounded = QuantizedModel.of(model, BitPlan.uniform(found.layers(), 2, 3), found);
    double before = DATA.measure(rounded).loss();
    QuantizedModel tuned =
        rounded.finetune(
            network -> (step, rng) -> DATA.loss(network),
            Trainer.Settings.of(60, Schedule.constant(0.01), 0),
            Progress.silent());
    assertThat(DATA.measure(tuned).loss()).isLessThan(before);
    assertThat(DATA.measure(rounded).loss()).isEqualTo(before);
  }

  @Test
  void finetuningLeavesTheAveragesOfBatchNormsAlone() {
    Model model = Model.random(new ResNetConfig(1, 2, 1, 3), new Rng(15));
    Classification images =
        Classification.of(new Rng(16).normal(1, 6, 1, 8, 8), new int[] {0, 1, 2, 0, 1, 2});
    Sensitivities found =
        HawqV2.defaults()
            .withHutchinson(Hutchinson.probes(2))
            .sensitivities(model, m -> images.loss(m::forward), false, new Rng(17));
    QuantizedModel rounded =
        QuantizedModel.of(model, BitPlan.uniform(found.layers(), 4, BitPlan.FLOAT), found);
    QuantizedModel tuned =
        rounded.finetune(
            network -> (step, rng) -> images.loss(network),
            Trainer.Settings.of(5, Schedule.constant(0.01), 0),
            Progress.silent());
    List<String> moved =
        tuned.model().layer().state().keySet().stream()
            .filter(path ->
                !Arrays.equals(
                    tuned.model().layer().state().get(path).tensor().toFloats(),
                    model.layer().state().get(path).tensor().toFloats()))
            .toList();
    assertThat(moved).contains("conv.weight", "norm.weight", "head.bias");
    assertThat(moved).noneMatch(path -> path.contains("running"));
  }

  @Test
  void plansThatFillABudgetInAnOrderAreThoseOfBruteForce() {
    long[] weights = {3, 5, 8, 12};
    double[] traces = {4, 1, 3, 2};
    List<Integer> bits = List.of(2, 3, 4);
    List<LayerSensitivity> layers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Hutchinson.Trace trace =
          new Hutchinson.Trace(traces[i] * weights[i], Double.NaN, weights[i], 1);
      layers.add(
          new LayerSensitivity("" + i, weights[i], bits, trace, new double[] {4, 2, 1}, null));
    }
    Sensitivities found = new Sensitivities(layers);
    int[] order = {1, 3, 2, 0}; // by ascending trace
    for (long budget = 56; budget <= 112; budget++) {
      List<List<Integer>> inOrder = new ArrayList<>();
      for (int code = 0; code < 81; code++) {
        List<Integer> widths =
            List.of(2 + code % 3, 2 + code / 3 % 3, 2 + code / 9 % 3, 2 + code / 27);
        long size = 0;
        boolean falling = true;
        for (int i = 0; i < 4; i++) {
          size += weights[i] * widths.get(i);
          falling &= i == 0 || widths.get(order[i]) <= widths.get(order[i - 1]);
        }
        if (falling && size <= budget) {
          inOrder.add(widths);
        }
      }
      List<List<Integer>> full =
          inOrder.stream().filter(a -> inOrder.stream().noneMatch(b -> oneMore(a, b))).toList();
      assertThat(
              found.filling(budget, 4, l -> -l.trace().average()).stream()
                  .map(plan -> layers.stream().map(l -> plan.of(l.path()).weights()).toList()))
          .containsExactlyInAnyOrderElementsOf(full);
    }
    assertThat(found.filling(55, 4, l -> l.trace().average())).isEmpty();
  }

  /** Whether b is a with one layer one bit wider. */
  private static boolean oneMore(List<Integer> a, List<Integer> b) {
    int wider = 0;
    int others = 0;
    for (int i = 0; i < a.size(); i++) {
      if (b.get(i) == a.get(i) + 1) {
        wider++;
      } else if (!b.get(i).equals(a.get(i))) {
        others++;
      }
    }
    return wider == 1 && others == 0;
  }

  @Test
  void activationsAndWeightsAreChosenTogetherUnderBitOperations() {
    Model model = mlp();
    Sensitivities found = HawqV2.defaults().sensitivities(model, LOSS, true, new Rng(10));
    long budget = found.bitOperations(BitPlan.uniform(found.layers(), 3, 4));
    Sensitivities.Choice joint = found.underBitOperations(budget, List.of(2, 3, 4, 8));
    Sensitivities.Choice weightsOnly = found.underBitOperations(budget, List.of(4));
    assertThat(found.bitOperations(joint.plan()))
        .isEqualTo(joint.cost())
        .isLessThanOrEqualTo(budget);
    assertThat(joint.omega()).isLessThanOrEqualTo(weightsOnly.omega());
    double best = Double.POSITIVE_INFINITY;
    for (int code = 0; code < 256; code++) {
      int[] bits = {2, 3, 4, 8};
      BitPlan plan =
          new BitPlan(
              Map.of(
                  "in", new BitPlan.Widths(bits[code & 3], bits[code >> 2 & 3]),
                  "out", new BitPlan.Widths(bits[code >> 4 & 3], bits[code >> 6])));
      if (found.bitOperations(plan) <= budget) {
        best = Math.min(best, found.omega(plan));
      }
    }
    assertThat(joint.omega()).isCloseTo(best, within(1e-9));
  }

  @Test
  void lanczosFindsTheSpectrumOfAQuadratic() {
    Tensor w = new Rng(11).normal(1, 5).requiresGrad(true);
    Tensor values = Tensor.of(new float[] {-1, 0.5f, 2, 3, 7});
    Tensor gradient =
        Autograd.grad(w.square().mul(values).sum().mul(0.5), List.of(w), true).getFirst();
    Lanczos found = Lanczos.run(gradient, w, 20, new Rng(12));
    assertThat(found.nodes()).hasSize(5);
    for (int i = 0; i < 5; i++) {
      assertThat(found.nodes()[i]).isCloseTo(values.toDoubles()[i], within(1e-3));
    }
    assertThat(Arrays.stream(found.weights()).sum()).isCloseTo(1, within(1e-6));
  }

  @Test
  void aClipPassesGradientsInsideItsRangeOnly() {
    Tensor x = Tensor.of(new float[] {-1, 0.2f, 0.9f, 5}).requiresGrad(true);
    Clip clip = new Clip(0, 1, 2);
    Tensor y = clip.apply(x);
    assertThat(y.toFloats()).containsExactly(new float[] {0, 1 / 3f, 1, 1}, within(1e-6f));
    try (Scope scope = Scope.open()) {
      assertThat(Autograd.grad(y.sum(), List.of(x)).getFirst().toFloats())
          .containsExactly(0, 1, 1, 0);
    }
    Tensor many = new Rng(13).normal(1, 1000).relu();
    Clip full = new Clip(0, many.max().item(), 3);
    assertThat(Clip.fit(many, 3).error(many)).isLessThan(full.error(many));
    assertThat(Clip.fit(Tensor.zeros(DType.FLOAT32, X.shape()), 4).low()).isZero();
  }

  @Test
  void badSettingsAreRefused() {
    assertThatThrownBy(() -> HawqV2.defaults().withBits(1, 4)).hasMessageContaining("2 to 8 bits");
    assertThatThrownBy(() -> new Clip(1, 1, 4)).hasMessageContaining("low < high");
    Model model = mlp();
    Sensitivities found =
        HawqV2.defaults().withBits(2, 4).sensitivities(model, LOSS, false, new Rng(14));
    assertThatThrownBy(() -> found.weightError(BitPlan.uniform(found.layers(), 3, 32)))
        .hasMessageContaining("looked at are [2, 4]");
    assertThatThrownBy(() -> found.bitOperations(BitPlan.uniform(found.layers(), 2, 4)))
        .hasMessageContaining("activations");
    assertThatThrownBy(() -> QuantizedModel.of(model, new BitPlan(Map.of()), found))
        .hasMessageContaining("no layer 'in'");
    assertThatThrownBy(() ->
            HawqV2.defaults()
                .sensitivities(
                    model,
                    m -> m.layer().parameterAt("in.weight").value().square().sum(),
                    true,
                    new Rng(0)))
        .hasMessageContaining("does not run the layers");
  }
}
