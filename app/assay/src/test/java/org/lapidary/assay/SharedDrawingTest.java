package org.lapidary.assay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Figure;

class SharedDrawingTest {
  private static Figure.Diagram chain(String... labels) {
    List<Figure.Node> nodes = new java.util.ArrayList<>();
    List<Figure.Edge> edges = new java.util.ArrayList<>();
    for (int i = 0; i < labels.length; i++) {
      nodes.add(new Figure.Node("n" + i, labels[i], "op", "d"));
      if (i > 0) {
        edges.add(new Figure.Edge("n" + (i - 1), "n" + i, "", 1));
      }
    }
    return new Figure.Diagram("", nodes, edges);
  }

  @Test
  void whatBothHaveIsDrawnOnceAndTheRestIsMarked() {
    Figure.Diagram both =
        SharedDrawing.of(
            "t",
            chain("a", "b\nblocks.0.hook_mid", "c"),
            chain("a", "x", "b\nblocks.0.hook_mid", "d"),
            Map.of("blocks.0.hook_mid", 0.5));
    assertThat(
            both.nodes().stream()
                .map(n -> n.label().lines().findFirst().orElse("") + ": " + n.kind()))
        .containsExactly(
            "a: in both",
            "b: values part",
            "c: only in the first",
            "x: only in the second",
            "d: only in the second");
    // a-b and b-c of the first; a-x, x-b and b-d of the second
    assertThat(both.edges()).hasSize(5);
  }

  @Test
  void aGraphBesideItselfIsItself() {
    Figure.Diagram one = chain("a", "b", "a", "b");
    Figure.Diagram both = SharedDrawing.of("t", one, one, Map.of());
    assertThat(both.nodes()).hasSize(4).allMatch(n -> n.kind().equals("in both"));
    assertThat(both.edges()).hasSize(3);
  }
}
