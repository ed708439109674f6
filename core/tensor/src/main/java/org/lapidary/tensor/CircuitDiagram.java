package org.lapidary.tensor;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.lapidary.evidence.Figure;

/**
 * The diagram reading: a graph as boxes and arrows. Chains of layout operations are folded into the
 * arrow they lie on; parameters stand in the box that reads them; edges carry the shape with its
 * axes named.
 */
public final class CircuitDiagram {
  private final Graph graph;
  private final Axes axes;
  private final Map<Graph.Value, String> drawnBy = new HashMap<>();
  private final List<Figure.Node> nodes = new ArrayList<>();
  private final List<Figure.Edge> edges = new ArrayList<>();
  private final Map<Graph.Value, String> siteOf = new LinkedHashMap<>();

  private CircuitDiagram(Graph graph, Axes axes) {
    this.graph = graph;
    this.axes = axes;
    graph
        .sites()
        .forEach((path, value) -> {
          if (!path.endsWith(".hook_in")) {
            siteOf.putIfAbsent(value, path);
          }
        });
  }

  /**
   * Draws a graph.
   *
   * @param inputAxes names of the axes of each input, such as {@code [batch, position]}
   */
  public static Figure.Diagram of(String title, Graph graph, List<List<String>> inputAxes) {
    CircuitDiagram drawing = new CircuitDiagram(graph, Axes.of(graph, inputAxes));
    drawing.draw();
    return new Figure.Diagram(title, drawing.nodes, drawing.edges);
  }

  private void draw() {
    for (int i = 0; i < graph.inputs().size(); i++) {
      Graph.Value input = graph.inputs().get(i);
      String id = "in" + i;
      nodes.add(new Figure.Node(id, "input\n" + axes.describe(input), "input", ""));
      drawnBy.put(input, id);
    }
    for (int n = 0; n < graph.nodes().size(); n++) {
      Graph.Node node = graph.nodes().get(n);
      if (node.op() instanceof Op.Layout && node.inputs().size() == 1 && feeds(node)) {
        String origin = drawn(node.inputs().getFirst());
        node.outputs().forEach(output -> drawnBy.put(output, origin));
      } else {
        box("op" + n, node);
      }
    }
    for (int i = 0; i < graph.outputs().size(); i++) {
      Graph.Value output = graph.outputs().get(i);
      String id = "out" + i;
      nodes.add(new Figure.Node(id, "output\n" + axes.describe(output), "output", ""));
      edges.add(new Figure.Edge(drawn(output), id, axes.describe(output), 1));
    }
  }

  /** Layout of a constant is part of the constant, not of the flow. */
  private boolean feeds(Graph.Node node) {
    return drawnBy.containsKey(node.inputs().getFirst())
        || graph.constants().containsKey(node.inputs().getFirst());
  }

  private String drawn(Graph.Value value) {
    return drawnBy.getOrDefault(value, "");
  }

  private void box(String id, Graph.Node node) {
    List<String> parameters = new ArrayList<>();
    Set<String> from = new HashSet<>();
    for (Graph.Value input : node.inputs()) {
      String name = graph.name(input);
      if (name != null) {
        parameters.add(name);
      }
      String source = drawn(input);
      if (!source.isEmpty() && from.add(source)) {
        edges.add(new Figure.Edge(source, id, axes.describe(input), 1));
      }
    }
    node.outputs().forEach(v -> drawnBy.put(v, id));
    String site =
        node.outputs().stream().map(siteOf::get).filter(s -> s != null).findFirst().orElse("");
    String label =
        node.op().label()
            + (parameters.isEmpty() ? "" : "\n" + parameters.getFirst())
            + (site.isEmpty() ? "" : "\n" + site);
    Cost cost = Cost.of(node);
    String detail =
        String.format(
            Locale.ROOT,
            "%s  %.3g FLOPs  %.3g bytes",
            axes.describe(node.outputs().getFirst()),
            cost.flops(),
            cost.bytes());
    nodes.add(new Figure.Node(id, label, kind(node.op()), detail));
  }

  private static String kind(Op op) {
    return switch (op) {
      case Op.Pointwise ignored -> "pointwise";
      case Op.Reduction ignored -> "reduction";
      case Op.Layout ignored -> "layout";
      case Op.Indexing ignored -> "indexing";
      case Op.Contraction ignored -> "contraction";
      case Op.Fused ignored -> "fused";
      case Op.LinearAlgebra ignored -> "linear algebra";
    };
  }
}
