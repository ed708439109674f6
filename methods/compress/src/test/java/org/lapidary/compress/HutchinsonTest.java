package org.lapidary.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Mlp;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Decomposition;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

class HutchinsonTest {

  /** The trace of one block by as many products with unit vectors as it has rows. */
  static double explicit(Tensor leaf, Supplier<Tensor> loss) {
    try (Scope scope = Scope.open()) {
      leaf.requiresGrad(true);
      Tensor value;
      try (var parts = Decomposition.on()) {
        value = loss.get();
      }
      List<Tensor> gradient = Autograd.grad(value, List.of(leaf), true);
      int n = Math.toIntExact(leaf.elements());
      double trace = 0;
      for (int i = 0; i < n; i++) {
        float[] unit = new float[n];
        unit[i] = 1;
        Tensor e = Tensor.of(unit, leaf.shape().toArray());
        trace +=
            Autograd.hessianVector(gradient, List.of(leaf), List.of(e), true)
                .getFirst()
                .toFloats()[i];
      }
      return trace;
    } finally {
      leaf.requiresGrad(false);
    }
  }

  @Test
  void tracesOfATwoLayerNetworkAreThoseOfItsHessian() {
    Mlp mlp = new Mlp(8, 16, "gelu", true, 0.4);
    mlp.initialise(new Rng(1));
    Tensor x = new Rng(2).normal(1, 128, 8);
    Tensor target = x.argmax(1);
    Supplier<Tensor> loss = () -> mlp.forward(x).crossEntropy(target);
    AdamW adam = new AdamW(Trainer.parameters(mlp), AdamW.Settings.adam());
    new Trainer(
            mlp,
            adam,
            (step, rng) -> loss.get(),
            Trainer.Settings.of(100, Schedule.constant(0.02), 0))
        .run(Progress.silent());
    mlp.requiresGrad(false);
    List<String> paths = List.of("in.weight", "out.weight");
    assertThat(mlp.parameterCount()).isLessThan(300);

    Map<String, Hutchinson.Trace> traces =
        Hutchinson.probes(200).traces(mlp, paths, loss, new Rng(4));

    for (String path : paths) {
      double exact = explicit(mlp.parameterAt(path).tensor(), loss);
      Hutchinson.Trace trace = traces.get(path);
      assertThat(trace.trace()).isCloseTo(exact, within(0.03 * Math.abs(exact)));
      assertThat(Math.abs(trace.trace() - exact)).isLessThan(4 * trace.standardError());
      assertThat(trace.average()).isEqualTo(trace.trace() / 128);
    }
  }

  @Test
  void aDiagonalHessianNeedsOneProbe() {
    Layer mlp = new Mlp(2, 3, "identity", true, 1);
    Tensor bias = mlp.parameterAt("in.bias").tensor();
    Tensor scale = Tensor.of(new float[] {1, 2, 3});
    Supplier<Tensor> loss = () -> bias.square().mul(scale).sum();
    assertThat(
            Hutchinson.probes(1).traces(mlp, List.of("in.bias"), loss, new Rng(0)).get("in.bias"))
        .isEqualTo(new Hutchinson.Trace(12, Double.NaN, 3, 1));
  }

  @Test
  void theStopRuleEndsEarlyWhereTheMeanRests() {
    Layer mlp = new Mlp(2, 3, "identity", true, 1);
    Tensor bias = mlp.parameterAt("in.bias").tensor();
    Supplier<Tensor> loss = () -> bias.square().sum();
    assertThat(
            Hutchinson.defaults()
                .traces(mlp, List.of("in.bias"), loss, new Rng(0))
                .get("in.bias")
                .probes())
        .isEqualTo(10);
  }

  @Test
  void matricesOfADecoderIncludeThoseOfAttention() {
    Model model = Model.random(DecoderConfig.gpt(11, 8, 1, 2, 12, "gelu"), new Rng(5));
    int[][] tokens = {{1, 2, 3, 4, 5, 6, 7, 8}, {9, 10, 0, 3, 1, 4, 1, 5}};
    Map<String, Hutchinson.Trace> traces =
        Hutchinson.probes(400).matrices(model, tokens, new Rng(6));
    assertThat(traces.keySet()).isEqualTo(BlockMatrices.of(model).keySet());
    Tensor v = model.layer().parameterAt("blocks.0.attn.v.weight").tensor();
    double exact = explicit(v, () -> LanguageModeling.loss(model, LanguageModeling.tensor(tokens)));
    Hutchinson.Trace trace = traces.get("blocks.0.attn.v");
    assertThat(Math.abs(trace.trace() - exact)).isLessThan(4 * trace.standardError());
    assertThat(v.requiresGrad()).isFalse();
  }

  @Test
  void badSettingsAndUnknownParametersAreRefused() {
    assertThatThrownBy(() -> new Hutchinson(5, 2, 0.1)).hasMessageContaining("5, 2 and 0.1");
    Layer mlp = new Mlp(2, 3, "identity", true, 1);
    assertThatThrownBy(() ->
            Hutchinson.defaults()
                .traces(mlp, List.of("in.wait"), () -> Tensor.scalar(0), new Rng(0)))
        .hasMessageContaining("no parameter 'in.wait'");
    assertThatThrownBy(
            () -> Hutchinson.defaults().traces(mlp, List.of(), () -> Tensor.scalar(0), new Rng(0)))
        .hasMessageContaining("at least one");
  }

  private static org.assertj.core.data.Offset<Double> within(double offset) {
    return org.assertj.core.data.Offset.offset(offset);
  }
}
