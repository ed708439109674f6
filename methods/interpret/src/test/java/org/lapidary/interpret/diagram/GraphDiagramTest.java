package org.lapidary.interpret.diagram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.MetaFormerConfig;
import org.lapidary.nn.Model;
import org.lapidary.nn.ModelConfig;
import org.lapidary.nn.ResNetConfig;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class GraphDiagramTest {

  private static void readsAs(ModelConfig config, Tensor input) {
    Model model = Model.random(config, new Rng(1));
    Counterpart.drawn(model.layer(), new Rng(9));
    try (var ignored = Autograd.noGrad()) {
      GraphDiagram.Reading reading = GraphDiagram.of(model, input);
      Tensor wanted = model.forward(input);
      DiagramLayer layer = reading.compile();
      assertThat(Counterpart.apart(layer.run(List.of(input)).getFirst(), wanted)).isLessThan(1e-10);
      assertThat(Diagram.parse(reading.diagram().toString())).isEqualTo(reading.diagram());
      long trained = reading.diagram().cost().weights().number();
      assertThat(trained)
          .isEqualTo(
              model.layer().state().values().stream().mapToLong(p -> p.tensor().elements()).sum());
    }
  }

  @Test
  void visionTransformersAreRead() {
    try (Scope scope = Scope.open()) {
      readsAs(
          MetaFormerConfig.vit(new MetaFormerConfig.Image(3, 8, 12), 4, 12, 2, 3, 5),
          Counterpart.normal(new Rng(2), 2, 3, 8, 12));
    }
  }

  @Test
  void residualNetworksAreRead() {
    try (Scope scope = Scope.open()) {
      readsAs(new ResNetConfig(3, 4, 1, 5), Counterpart.normal(new Rng(3), 2, 3, 8, 9));
    }
  }

  @Test
  void decodersAreReadFromTheirTokens() {
    try (Scope scope = Scope.open()) {
      readsAs(
          DecoderConfig.gpt(11, 12, 2, 3, 8, "gelu"),
          Tensor.of(new long[] {1, 5, 10, 0, 3, 3}, 1, 6));
    }
  }

  private static void readsAs(UnaryOperator<Tensor> function, Tensor x) {
    GraphDiagram.Reading reading = GraphDiagram.of(Graph.record(function::apply, x));
    Tensor wanted = function.apply(x);
    Tensor given = reading.compile().run(List.of(x)).getFirst();
    assertThat(given.shape()).isEqualTo(wanted.shape());
    assertThat(Counterpart.apart(given, wanted)).isLessThan(1e-12);
  }

  @Test
  void operationsAreMadeOfBoxes() {
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(4);
      Tensor x = Counterpart.normal(rng, 2, 4, 6, 5);
      Tensor grouped = Counterpart.normal(rng, 6, 2, 3, 3);
      Tensor row = Counterpart.normal(rng, 1, 5);
      readsAs(t -> t.conv2d(grouped, null, 2, 1, 2), x);
      readsAs(t -> t.maxPool2d(2, 2, 0), x);
      readsAs(t -> t.avgPool2d(3, 2, 1), x);
      readsAs(t -> t.add(row).mul(t).sub(row).div(row), x);
      readsAs(t -> row.sub(t).mul(2).add(1).div(3).subtractFrom(4), x);
      readsAs(t -> t.mean(true, 2).add(t.sum(false, 0)).max(false, 1, 3), x);
      readsAs(t -> t.reshape(8, 1, 3, 10).transpose(0, 3).reshape(60, 4), x);
      readsAs(t -> t.slice(3, 1, 5, 2).pad(2, 1, 2, 0), x);
      readsAs(t -> t.split(1, 2).get(1).matmul(t.transpose(2, 3).slice(1, 0, 2)), x);
      readsAs(t -> Tensor.concat(2, t, t.mul(2), t.slice(2, 0, 1)), x);
      readsAs(t -> t.rmsNorm(row.reshape(5), 1e-6), x);
      readsAs(t -> Tensor.einsum("bchw,bkhw->bkc", t, t), x);
      readsAs(t -> t.slice(1, 0, 1).expand(2, 4, 6, 5), x);
      readsAs(t -> Tensor.attention(t, t.mul(2), t.silu(), null, true, 0.3), x);
      readsAs(t -> t.softmax(1).tanh(), x);
      assertThatThrownBy(() -> GraphDiagram.of(Graph.record(t -> t.sort(0, false).values(), x)))
          .isInstanceOf(DiagramException.class)
          .hasMessageContaining("sort");
    }
  }
}
