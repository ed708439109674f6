package org.lapidary.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Figure;

class ReadingsTest {

  @Test
  void aMatrixProductCostsTwoOperationsAProduct() {
    Cost cost =
        Cost.of(
            new Op.Matmul(),
            TensorType.of(DType.FLOAT32, 5, 3, 4),
            TensorType.of(DType.FLOAT32, 4, 7));
    assertThat(cost.flops()).isEqualTo(5 * 3 * 4 * 7 * 2);
    assertThat(cost.bytes()).isEqualTo(4 * (60 + 28 + 105));
  }

  @Test
  void anEinsumOfAMatrixProductCostsTheSame() {
    TensorType a = TensorType.of(DType.FLOAT32, 3, 4);
    TensorType b = TensorType.of(DType.FLOAT32, 4, 7);
    assertThat(Cost.of(new Op.Einsum("ij,jk->ik"), a, b).flops())
        .isEqualTo(Cost.of(new Op.Matmul(), a, b).flops());
  }

  @Test
  void aConvolutionCostsItsWindowAtEveryPlace() {
    Op conv =
        new Op.Convolution(
            List.of(1L, 1L), List.of(1L, 1L), List.of(1L, 1L), 1, false, List.of(0L, 0L), false);
    Cost cost =
        Cost.of(
            conv,
            TensorType.of(DType.FLOAT32, 2, 3, 8, 8),
            TensorType.of(DType.FLOAT32, 5, 3, 3, 3));
    assertThat(cost.flops()).isEqualTo(2.0 * 2 * 5 * 8 * 8 * 3 * 9);
  }

  @Test
  void attentionCostsBothProductsAndTheSoftmax() {
    TensorType q = TensorType.of(DType.FLOAT32, 1, 2, 5, 4);
    Cost cost = Cost.of(new Op.Attention(1, true, false), q, q, q);
    double scores = 2 * 5 * 5;
    assertThat(cost.flops()).isEqualTo(scores * (2 * 4 + 6 + 2 * 4));
  }

  @Test
  void diagramsFoldLayoutAndNameAxesParametersAndSites() {
    Tensor w = new Rng(0).normal(1, 6, 4);
    Graph graph =
        Graph.record(
            in -> {
              Tensor y = in.getFirst().linear(w, null).reshape(2, 3, 2, 3).transpose(1, 2);
              Tensor z = y.gelu();
              Graph.site("hook_post", z);
              return List.of(z.softmax(-1));
            },
            List.of(new Rng(1).normal(1, 2, 3, 4)),
            Map.of(w, "in.weight"));
    Figure.Diagram diagram =
        CircuitDiagram.of("test", graph, List.of(List.of("batch", "position", "dModel")));
    assertThat(diagram.nodes())
        .extracting(Figure.Node::kind)
        .containsExactly("input", "contraction", "pointwise", "fused", "output");
    assertThat(diagram.nodes().get(1).label()).contains("in.weight");
    assertThat(diagram.nodes().get(2).label()).contains("hook_post");
    assertThat(diagram.edges().getFirst().label()).isEqualTo("[batch 2, position 3, dModel 4]");
    assertThat(diagram.edges().get(2).label()).isEqualTo("[batch 2, 2, position 3, 3]");
  }
}
