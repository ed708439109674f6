package org.lapidary.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.evidence.Figure.Diagram;
import org.lapidary.evidence.Figure.Edge;
import org.lapidary.evidence.Figure.Node;

/**
 * A diagram as a numbered list from its sources down: each node, its detail, and the numbers of the
 * nodes that feed it, the strongest first, with their weights where they have any.
 */
record TerminalDiagram(int width, Ink ink) {
  List<String> lines(Diagram diagram) {
    Layers layers = Layers.of(diagram);
    List<Integer> order = new ArrayList<>();
    for (int v = 0; v < diagram.nodes().size(); v++) {
      order.add(v);
    }
    order.sort(Comparator.comparingInt(v -> layers.layer()[v]));
    Map<String, Integer> number = new HashMap<>();
    for (int i = 0; i < order.size(); i++) {
      number.put(diagram.nodes().get(order.get(i)).id(), i + 1);
    }
    Map<String, List<Edge>> incoming = new HashMap<>();
    for (Edge edge : diagram.edges()) {
      incoming.computeIfAbsent(edge.to(), id -> new ArrayList<>()).add(edge);
    }
    boolean weighted = diagram.edges().stream().anyMatch(e -> e.weight() != 1);
    int margin = String.valueOf(order.size()).length() + 2;
    List<String> lines = new ArrayList<>();
    for (int v : order) {
      Node node = diagram.nodes().get(v);
      String label = Cells.visible(node.label().replace("\n", " "));
      StringBuilder sources = new StringBuilder();
      incoming.getOrDefault(node.id(), List.of()).stream()
          .sorted(
              Comparator.comparingDouble((Edge e) -> -Math.abs(e.weight()))
                  .thenComparing(e -> number.getOrDefault(e.from(), 0)))
          .forEach(e -> {
            sources.append(sources.isEmpty() ? "← " : ", ").append(number.get(e.from()));
            if (weighted) {
              sources.append(" (").append(Numerals.brief(e.weight())).append(')');
            }
          });
      String detail = Cells.visible(node.detail().replace("\n", " "));
      String rest = detail.isEmpty() ? sources.toString() : detail + "  " + sources;
      String shown = Cells.fit(label, Math.max(12, width * 2 / 5));
      int left = width - margin - Cells.width(shown) - 2;
      lines.add(
          (ink.dim(Cells.right(String.valueOf(number.get(node.id())), margin - 2))
                  + "  "
                  + shown
                  + "  "
                  + ink.dim(Cells.fit(rest.strip(), Math.max(8, left))))
              .stripTrailing());
    }
    return lines;
  }
}
