package org.lapidary.assay;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.lapidary.evidence.Figure;
import org.lapidary.nn.Model;
import org.lapidary.tensor.CircuitDiagram;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * The graphs of two models in one drawing: what both have once, marked where its values part, and
 * what one has alone beside it.
 */
public final class SharedDrawing {
  private SharedDrawing() {}

  private static final int TOKENS = 8;

  /**
   * Draws two models of one vocabulary.
   *
   * @param diff of the two, which says where activations part
   */
  public static Figure.Diagram of(Model first, Model second, ModelDiff diff) {
    Map<String, Double> parting =
        diff.sites().stream()
            .filter(s -> s.relative() > ModelDiff.SAME)
            .collect(Collectors.toMap(ModelDiff.Site::path, ModelDiff.Site::relative));
    return of("Both graphs", drawing(first), drawing(second), parting);
  }

  private static Figure.Diagram drawing(Model model) {
    int length = Math.min(TOKENS, model.decoder().config().context());
    try (Scope scope = Scope.open()) {
      Graph graph = model.graph(Tensor.of(new int[length], 1, length));
      return CircuitDiagram.of("", graph, List.of(List.of("batch", "position")));
    }
  }

  /** Boxes of one label, in order, are the same box. */
  static Figure.Diagram of(
      String title, Figure.Diagram a, Figure.Diagram b, Map<String, Double> parting) {
    Alignment alignment =
        Alignment.of(
            a.nodes().stream().map(Figure.Node::label).toList(),
            b.nodes().stream().map(Figure.Node::label).toList());
    List<Figure.Node> nodes = new ArrayList<>();
    Map<String, String> idsOfA = new HashMap<>();
    Map<String, String> idsOfB = new HashMap<>();
    for (int[] pair : alignment.pairs()) {
      Figure.Node x = a.nodes().get(pair[0]);
      Figure.Node y = b.nodes().get(pair[1]);
      String id = "both" + pair[0];
      idsOfA.put(x.id(), id);
      idsOfB.put(y.id(), id);
      Double parts =
          x.label().lines().map(parting::get).filter(r -> r != null).findFirst().orElse(null);
      String detail =
          x.detail().equals(y.detail()) ? x.detail() : x.detail() + "  |  " + y.detail();
      nodes.add(
          new Figure.Node(
              id,
              x.label(),
              parts == null ? "in both" : "values part",
              parts == null ? detail : detail + "  relative difference " + Reports.two(parts)));
    }
    alone(a, alignment.onlyFirst(), "first", idsOfA, nodes);
    alone(b, alignment.onlySecond(), "second", idsOfB, nodes);
    Set<Figure.Edge> edges = new LinkedHashSet<>();
    edges(a, idsOfA, edges);
    edges(b, idsOfB, edges);
    return new Figure.Diagram(title, nodes, List.copyOf(edges));
  }

  private static void alone(
      Figure.Diagram diagram,
      List<Integer> places,
      String which,
      Map<String, String> ids,
      List<Figure.Node> nodes) {
    for (int place : places) {
      Figure.Node node = diagram.nodes().get(place);
      String id = which + place;
      ids.put(node.id(), id);
      nodes.add(new Figure.Node(id, node.label(), "only in the " + which, node.detail()));
    }
  }

  private static void edges(
      Figure.Diagram diagram, Map<String, String> ids, Set<Figure.Edge> edges) {
    for (Figure.Edge edge : diagram.edges()) {
      edges.add(
          new Figure.Edge(
              ids.getOrDefault(edge.from(), edge.from()),
              ids.getOrDefault(edge.to(), edge.to()),
              edge.label(),
              edge.weight()));
    }
  }
}
