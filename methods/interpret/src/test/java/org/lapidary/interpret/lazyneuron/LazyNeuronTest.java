package org.lapidary.interpret.lazyneuron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.lapidary.data.Datasets;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

class LazyNeuronTest {
  private static final int[][] TEXTS = {{1, 2, 3, 4, 5, 6}, {6, 5, 4, 3, 2, 1}, {7, 7, 1, 8, 2, 8}};

  private static Model model(String activation) {
    return Model.random(DecoderConfig.gpt(11, 16, 2, 2, 12, activation), new Rng(4));
  }

  @Test
  void unitsAreCountedOneByOne() {
    Model model = model("relu");
    List<ActivationSparsity.Layer> layers = ActivationSparsity.defaults().audit(model, TEXTS);
    float[] h =
        model
            .capture(LanguageModeling.tensor(TEXTS), "blocks.1.mlp.hook_post")
            .at("blocks.1.mlp.hook_post")
            .toFloats();
    int fired = 0;
    int[] perUnit = new int[64];
    for (int i = 0; i < h.length; i++) {
      fired += h[i] > 0 ? 1 : 0;
      perUnit[i % 64] += h[i] > 0 ? 1 : 0;
    }
    ActivationSparsity.Layer last = layers.getLast();
    assertThat(last.site()).isEqualTo("blocks.1.mlp.hook_post");
    assertThat(last.nonzero()).isCloseTo((double) fired / h.length, within(1e-12));
    assertThat(last.cost()).isCloseTo(0.5 + 0.5 * fired / h.length, within(1e-12));
    int dead = 0;
    for (int i = 0; i < 64; i++) {
      assertThat(last.rates()[i]).isCloseTo(perUnit[i] / 18.0, within(1e-12));
      dead += perUnit[i] == 0 ? 1 : 0;
    }
    assertThat(last.dead()).isEqualTo(dead / 64.0);
  }

  @Test
  void unitsOfSmoothActivationsFireWhereTheyAreNotNearZero() {
    ActivationSparsity.Layer layer =
        ActivationSparsity.defaults().audit(model("gelu"), TEXTS).getFirst();
    assertThat(layer.nonzero()).isGreaterThan(0.99);
    assertThat(layer.near()).isBetween(0.02, 0.5);
    double mean = java.util.Arrays.stream(layer.rates()).average().orElse(Double.NaN);
    assertThat(mean).isCloseTo(1 - layer.near(), within(1e-9));
  }

  @Test
  void skippingSilentUnitsGivesTheSameLogits() {
    for (Model model : List.of(model("relu"), new TopK(4).apply(model("relu")))) {
      Model sparse = SparseOut.apply(model).copy();
      Tensor tokens = LanguageModeling.tensor(TEXTS);
      float[] expected = model.forward(tokens).toFloats();
      float[] logits = Autograd.noGrad(() -> sparse.forward(tokens)).toFloats();
      for (int i = 0; i < logits.length; i++) {
        assertThat(logits[i]).isCloseTo(expected[i], Offset.offset(1e-5f));
      }
    }
  }

  @Test
  void gradientsGoThroughTheDenseMatrix() {
    Model model = model("relu");
    Tensor h = new Rng(5).normal(1, 3, 64).relu().requiresGrad(true);
    org.lapidary.nn.Mlp mlp = (org.lapidary.nn.Mlp) model.layer().layer("blocks.0.mlp");
    org.lapidary.nn.Linear out = (org.lapidary.nn.Linear) mlp.layer("out");
    Tensor expected = Autograd.grad(out.forward(h).square().sum(), List.of(h)).getFirst();
    Tensor through =
        Autograd.grad(new SparseOut(out).forward(h).square().sum(), List.of(h)).getFirst();
    assertThat(through.toFloats()).isEqualTo(expected.toFloats());
    assertThatThrownBy(() -> new SparseOut(out).forward(Tensor.zeros(2, 63)))
        .hasMessageContaining("64");
  }

  @Test
  void calibrationErrorIsTheWeightedGapOfTheBins() {
    // Sure by 0.9, 0.9, 0.6 and 0.6; right, wrong, right and right.
    Tensor probabilities = Tensor.of(new double[] {0.9, 0.1, 0.9, 0.1, 0.4, 0.6, 0.6, 0.4}, 4, 2);
    Tensor labels = Tensor.of(new int[] {0, 1, 1, 0}, 4);
    Calibration calibration = Calibration.of(probabilities, labels, 15);
    assertThat(calibration.error()).isCloseTo(0.5 * 0.4 + 0.5 * 0.4, within(1e-12));
    assertThat(Calibration.of(probabilities, labels, 1).error()).isCloseTo(0, within(1e-12));
    Tensor certain = Tensor.of(new double[] {1, 0, 1, 0}, 2, 2);
    assertThat(Calibration.of(certain, Tensor.of(new int[] {0, 0}, 2), 15).error()).isZero();
    assertThatThrownBy(() -> Calibration.of(certain, labels, 15)).hasMessageContaining("together");
    assertThatThrownBy(() -> Calibration.of(certain, labels, 0)).hasMessageContaining("1 bin");
  }

  @Test
  void theFirstGradientIsWhatSteinsLemmaSays() {
    for (FirstGradient.Loss loss : FirstGradient.Loss.values()) {
      FirstGradient.Pushed pushed = new FirstGradient(5, 40, 0.2, 4000).estimate(loss, new Rng(7));
      double standardError = pushed.mean().halfWidth() / 1.96;
      assertThat(pushed.mean().mean()).isCloseTo(pushed.formula(), within(4 * standardError));
      assertThat(pushed.mean().mean()).isGreaterThan(5 * standardError);
    }
    assertThatThrownBy(() -> new FirstGradient(1, 40, 0.2, 10)).hasMessageContaining("2 classes");
  }

  @Test
  void theGradientOfAModelsActiveUnitsIsADifferenceQuotient() {
    Model model = model("relu").copy();
    model.layer().state().values().forEach(p -> p.set(p.tensor().to(DType.FLOAT64)));
    Map<String, Double> sums = FirstGradient.ofModel(model, TEXTS);
    assertThat(sums).hasSize(2);
    double epsilon = 1e-6;
    sums.forEach((site, sum) -> {
      double up = nats(model, site, epsilon);
      double down = nats(model, site, -epsilon);
      assertThat(sum).isCloseTo((up - down) / (2 * epsilon) / 18, within(1e-6));
    });
  }

  /** The summed loss with all active units of an MLP raised. */
  private static double nats(Model model, String site, double by) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor tokens = LanguageModeling.tensor(TEXTS);
      Intervention raise =
          new Intervention(site, (path, p) -> p.add(p.gt(0).to(p.dtype()).mul(by)));
      return LanguageModeling.nats(model.with(raise).forward(tokens), tokens).sum().item();
    }
  }

  @Test
  void flippedLabelsAreAllWrongAndAsManyAsAsked() {
    int[] labels = new Rng(1).ints(500, 0, 10).toArray();
    int[] flipped = LabelNoise.flip(labels, 0.4, new Rng(2));
    int wrong = 0;
    for (int i = 0; i < labels.length; i++) {
      assertThat(flipped[i]).isBetween(0, 9);
      wrong += flipped[i] == labels[i] ? 0 : 1;
    }
    assertThat(wrong).isEqualTo(200);
    assertThat(LabelNoise.flip(labels, 0, new Rng(2))).isEqualTo(labels);
  }

  @Test
  void theTimedProductsAgree() {
    assertThat(new KernelSpeed(48, 80, 0.3, 3).measure(1).error()).isLessThan(1e-5);
  }

  @Test
  void theSmokeRunHolds() {
    LazyNeuronReproduction reproduction = new LazyNeuronReproduction();
    reproduction.data().forEach(d -> Assumptions.assumeTrue(Datasets.find(d).isPresent()));
    Reproduction.Outcome outcome =
        reproduction.run(
            new Reproduction.Setting(Reproduction.Size.SMOKE, List.of(0L), Progress.silent()));
    assertThat(outcome.checks()).isNotEmpty().allMatch(Check::holds);
  }
}
