package org.lapidary.interpret.circuit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Figure;
import org.lapidary.interpret.circuit.Circuit.Edge;
import org.lapidary.interpret.circuit.Circuit.Kind;
import org.lapidary.interpret.circuit.Circuit.Node;

class CircuitTest {
  private static final Node LOGIT = new Node(Kind.LOGIT, "ln_final.hook_normalized", -1, 7, 1, 4);
  private static final Node FEATURE = new Node(Kind.FEATURE, "blocks.0.mlp.hook_post", 0, 3, 0, 2);
  private static final Node BIAS = new Node(Kind.BIAS, "blocks.0.hook_mlp_out", 0, -1, 1, 1);

  private static Circuit circuit() {
    return new Circuit(
        LOGIT,
        List.of(LOGIT, FEATURE, BIAS),
        List.of(
            new Edge(BIAS, LOGIT, List.of(), 1, 0.5),
            new Edge(FEATURE, LOGIT, List.of(new Circuit.Hop(0, 1, 0, 1)), 2, -1.25)),
        4,
        3);
  }

  @Test
  void edgesAreProductsAndTheStrongestComesFirst() {
    assertThat(circuit().into(LOGIT).getFirst().attribution()).isEqualTo(-2.5);
    assertThat(circuit().into(FEATURE)).isEmpty();
    assertThat(circuit().completeness()).isEqualTo(0.75);
  }

  @Test
  void theDiagramShowsTokensHeadsAndBothFactors() {
    Figure.Diagram diagram = circuit().diagram("a logit", List.of("ab", "c"));
    assertThat(diagram.title()).isEqualTo("a logit");
    assertThat(diagram.nodes())
        .extracting(Figure.Node::label)
        .containsExactly("logit 7\n'c' 1", "L0 feature 3\n'ab' 0", "L0 bias\n'c' 1");
    assertThat(diagram.edges())
        .extracting(Figure.Edge::label)
        .containsExactly("1.00 × 0.500", "L0H1 0>1: 2.00 × -1.25");
    assertThat(diagram.edges().get(1).weight()).isEqualTo(-2.5);
  }

  @Test
  void theStrongestPartStaysJoinedToTheRoot() {
    Node deep = new Node(Kind.EMBEDDING, "hook_embed", -1, 5, 0, 1);
    Circuit deeper =
        new Circuit(
            LOGIT,
            List.of(LOGIT, FEATURE, BIAS, deep),
            List.of(
                new Edge(deep, FEATURE, List.of(), 1, 9),
                new Edge(BIAS, LOGIT, List.of(), 1, 0.5),
                new Edge(FEATURE, LOGIT, List.of(), 2, -1.25)),
            4,
            3);
    assertThat(deeper.strongest(1).nodes()).containsExactly(LOGIT, FEATURE);
    assertThat(deeper.strongest(2).nodes()).containsExactly(LOGIT, FEATURE, deep);
    assertThat(deeper.strongest(9).edges()).hasSize(3);
    assertThat(deeper.pruned(0).edges()).hasSize(3);
    assertThat(deeper.pruned(0.2).edges()).hasSize(3);
    // 0.5 is weaker than 0.3 * 2.5; the edge into the feature is the strongest into it
    assertThat(deeper.pruned(0.3).nodes()).containsExactly(LOGIT, FEATURE, deep);
    assertThat(deeper.pruned(1).nodes()).containsExactly(LOGIT, FEATURE, deep);
  }

  @Test
  void whatHangsOnAPrunedEdgeGoesWithIt() {
    Node deep = new Node(Kind.EMBEDDING, "hook_embed", -1, 5, 0, 1);
    Node head = new Node(Kind.HEAD, "blocks.0.attn.hook_z", 0, 1, 1, 1);
    Circuit deeper =
        new Circuit(
            LOGIT,
            List.of(LOGIT, FEATURE, head, deep),
            List.of(
                new Edge(deep, FEATURE, List.of(), 1, 9),
                new Edge(head, LOGIT, List.of(), 1, 5),
                new Edge(FEATURE, LOGIT, List.of(), 2, -1.25)),
            4,
            3);
    assertThat(deeper.pruned(0.6).nodes()).containsExactly(LOGIT, head);
  }

  @Test
  void biasesAndErrorsHideNoFeatureWhenPruned() {
    Circuit biased =
        new Circuit(
            LOGIT,
            List.of(LOGIT, FEATURE, BIAS),
            List.of(
                new Edge(BIAS, LOGIT, List.of(), 1, 100),
                new Edge(BIAS, FEATURE, List.of(), 1, 100),
                new Edge(FEATURE, LOGIT, List.of(), 2, -1.25)),
            4,
            3);
    assertThat(biased.pruned(1).edges()).hasSize(3);
  }

  @Test
  void edgesNeedTheirNodes() {
    assertThatThrownBy(() ->
            new Circuit(
                LOGIT, List.of(LOGIT), List.of(new Edge(BIAS, LOGIT, List.of(), 1, 1)), 1, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("L0 bias");
    assertThatThrownBy(() -> new Circuit(LOGIT, List.of(BIAS), List.of(), 1, 1))
        .hasMessageContaining("root");
  }
}
