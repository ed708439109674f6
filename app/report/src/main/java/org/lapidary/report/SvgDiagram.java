package org.lapidary.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.lapidary.evidence.Figure.Diagram;
import org.lapidary.evidence.Figure.Edge;
import org.lapidary.evidence.Figure.Node;

/**
 * A diagram as SVG: boxes in layers from the sources down, a colour per kind of node, arrows as
 * wide as their weight and dashed where it is negative. A node's detail shows when the pointer
 * rests on it.
 */
public final class SvgDiagram {
  private static final double FONT = 12; // pixels
  private static final double LINE = 16;
  private static final double LABEL = 5.9; // width of a letter of a label
  private static final double PADDING = 9;
  private static final int LONGEST_LINE = 44; // characters

  private SvgDiagram() {}

  /** A file of its own, with its colours for light and dark. */
  public static String standalone(Diagram diagram) {
    return svg(
        diagram, "<style>" + Resources.text("diagram.css") + "</style>", " standalone", Map.of());
  }

  /** For a page that already holds diagram.css. */
  static String inline(Diagram diagram) {
    return inline(diagram, Map.of());
  }

  /** The same with some nodes as links: addresses by the nodes' ids. */
  static String inline(Diagram diagram, Map<String, String> links) {
    return svg(diagram, "", "", links);
  }

  private static String svg(Diagram diagram, String style, String type, Map<String, String> links) {
    LayeredLayout layout =
        LayeredLayout.of(diagram, SvgDiagram::width, node -> lines(node).size() * LINE + 10);
    List<String> kinds = diagram.nodes().stream().map(Node::kind).distinct().toList();
    boolean legend = kinds.size() > 1;
    double height = layout.height() + (legend ? 28 : 0);
    Set<LayeredLayout.Route> labelled = labelled(layout.routes());
    double width =
        labelled.stream()
            .mapToDouble(r -> labelX(r) + LABEL * shortened(r.edge().label()).length())
            .reduce(Math.max(layout.width(), legend ? legendWidth(kinds) : 0), Math::max);
    StringBuilder out = new StringBuilder();
    out.append(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"diagram%s\" role=\"img\" "
                .formatted(type)
            + "aria-label=\"%s\" viewBox=\"0 0 %s %s\" width=\"%s\" height=\"%s\">"
                .formatted(Html.escape(diagram.title()), n(width), n(height), n(width), n(height)));
    out.append(style);
    double heaviest =
        diagram.edges().stream()
            .mapToDouble(e -> Math.abs(e.weight()))
            .filter(Double::isFinite)
            .max()
            .orElse(1);
    out.append("<g class=\"edges\">");
    for (LayeredLayout.Route route : layout.routes()) {
      edge(out, route, layout, heaviest, labelled.contains(route));
    }
    out.append("</g>");
    for (LayeredLayout.Place place : layout.places()) {
      String link = links.get(place.node().id());
      if (link != null) {
        out.append("<a href=\"%s\">".formatted(Html.escape(link)));
      }
      node(out, place, kinds.indexOf(place.node().kind()));
      out.append(link == null ? "" : "</a>");
    }
    if (legend) {
      legend(out, kinds, layout.height() + 8);
    }
    return out.append("</svg>").toString();
  }

  /**
   * The arrows that say their label: where several of one label leave a box or enter one, the first
   * speaks for all, and where two labels would lie over each other, that of the heavier arrow
   * stays; every arrow says its own when asked.
   */
  private static Set<LayeredLayout.Route> labelled(List<LayeredLayout.Route> routes) {
    Set<LayeredLayout.Route> labelled = Collections.newSetFromMap(new IdentityHashMap<>());
    Set<List<String>> said = new HashSet<>();
    List<double[]> taken = new ArrayList<>(); // left, right, line of what stands already
    routes.stream()
        .filter(r -> !r.edge().label().isEmpty() && r.x().length > 0)
        .sorted(Comparator.comparingDouble(r -> -Math.abs(r.edge().weight())))
        .forEach(route -> {
          Edge edge = route.edge();
          boolean fresh = said.add(List.of("from", edge.from(), edge.label()));
          fresh &= said.add(List.of("to", edge.to(), edge.label()));
          double left = labelX(route);
          double right = left + LABEL * shortened(edge.label()).length();
          double y = labelY(route);
          boolean free =
              taken.stream().noneMatch(t -> Math.abs(t[2] - y) < 11 && t[0] < right && left < t[1]);
          if (fresh && free) {
            labelled.add(route);
            taken.add(new double[] {left, right, y});
          }
        });
    return labelled;
  }

  private static double labelY(LayeredLayout.Route route) {
    int middle = route.y().length / 2;
    return (route.y()[middle - 1] + route.y()[middle]) / 2 + 4;
  }

  private static double labelX(LayeredLayout.Route route) {
    int middle = route.x().length / 2;
    return (route.x()[middle - 1] + route.x()[middle]) / 2 + 5;
  }

  private static void node(StringBuilder out, LayeredLayout.Place place, int kind) {
    Node node = place.node();
    out.append("<g class=\"node k%d\">".formatted(kind % 7));
    out.append(
        "<title>%s</title>"
            .formatted(
                Html.escape(
                    node.detail().isEmpty() ? node.label() : node.label() + "\n" + node.detail())));
    out.append(
        "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"6\"/>"
            .formatted(
                n(place.x() - place.width() / 2),
                n(place.top()),
                n(place.width()),
                n(place.height())));
    double y = place.top() + 5 + LINE * 0.75;
    for (String line : lines(node)) {
      out.append(
          "<text x=\"%s\" y=\"%s\">%s</text>".formatted(n(place.x()), n(y), Html.escape(line)));
      y += LINE;
    }
    out.append("</g>");
  }

  private static void edge(
      StringBuilder out,
      LayeredLayout.Route route,
      LayeredLayout layout,
      double heaviest,
      boolean labelled) {
    Edge edge = route.edge();
    double share =
        heaviest > 0 && Double.isFinite(edge.weight()) ? Math.abs(edge.weight()) / heaviest : 0;
    double width = heaviest == 1 && share == 1 ? 1.3 : 0.7 + 3.8 * share;
    double[] x = route.x();
    double[] y = route.y();
    String path;
    double endX;
    double endY;
    boolean up = false;
    if (x.length == 0) { // from a node to itself
      LayeredLayout.Place place =
          layout.places().stream()
              .filter(p -> p.node().id().equals(edge.from()))
              .findFirst()
              .orElseThrow();
      double side = place.x() + place.width() / 2;
      double middle = place.top() + place.height() / 2;
      endX = side - 10;
      endY = place.top();
      path =
          "M%s %sC%s %s %s %s %s %s"
              .formatted(
                  n(side),
                  n(middle),
                  n(side + 26),
                  n(middle),
                  n(side + 8),
                  n(endY - 26),
                  n(endX),
                  n(endY - 5));
    } else {
      int last = x.length - 1;
      up = y[last] < y[0];
      double head = up ? 5 : -5; // the line ends where the arrow head begins
      endX = x[last];
      endY = y[last];
      StringBuilder curve = new StringBuilder("M" + n(x[0]) + " " + n(y[0]));
      for (int i = 1; i <= last; i++) {
        double toY = i == last ? y[i] + head : y[i];
        if (i % 2 == 0) {
          curve.append("L").append(n(x[i])).append(' ').append(n(toY));
        } else {
          double middle = (y[i - 1] + toY) / 2;
          curve.append(
              "C%s %s %s %s %s %s"
                  .formatted(n(x[i - 1]), n(middle), n(x[i]), n(middle), n(x[i]), n(toY)));
        }
      }
      path = curve.toString();
    }
    double half = 3 + width / 3;
    double tail = up ? 7 : -7;
    out.append("<g class=\"%s\">".formatted(edge.weight() < 0 ? "negative" : "positive"));
    out.append(
        "<title>%s</title>"
            .formatted(
                Html.escape(
                    edge.from()
                        + " → "
                        + edge.to()
                        + (edge.weight() == 1 ? "" : "  " + Numerals.of(edge.weight()))
                        + (edge.label().isEmpty() ? "" : "\n" + edge.label()))));
    out.append("<path d=\"%s\" stroke-width=\"%s\"/>".formatted(path, n(width)));
    out.append(
        "<path class=\"head\" d=\"M%s %sl%s %sh%sz\"/>"
            .formatted(n(endX), n(endY), n(-half), n(tail), n(2 * half)));
    if (labelled) {
      out.append(
          "<text x=\"%s\" y=\"%s\">%s</text>"
              .formatted(n(labelX(route)), n(labelY(route)), Html.escape(shortened(edge.label()))));
    }
    out.append("</g>");
  }

  private static void legend(StringBuilder out, List<String> kinds, double y) {
    out.append("<g class=\"legend\">");
    double x = LayeredLayout.MARGIN;
    for (int kind = 0; kind < kinds.size(); kind++) {
      out.append(
          "<g class=\"node k%d\"><rect x=\"%s\" y=\"%s\" width=\"12\" height=\"12\" rx=\"3\"/>"
                  .formatted(kind % 7, n(x), n(y))
              + "<text x=\"%s\" y=\"%s\">%s</text></g>"
                  .formatted(n(x + 17), n(y + 10), Html.escape(kinds.get(kind))));
      x += 17 + textWidth(kinds.get(kind)) + 18;
    }
    out.append("</g>");
  }

  private static double legendWidth(List<String> kinds) {
    return 2 * LayeredLayout.MARGIN + kinds.stream().mapToDouble(k -> textWidth(k) + 35).sum();
  }

  private static List<String> lines(Node node) {
    List<String> lines = new ArrayList<>();
    node.label().lines().forEach(line -> lines.add(shortened(line)));
    return lines.isEmpty() ? List.of(" ") : lines;
  }

  private static String shortened(String line) {
    return line.length() <= LONGEST_LINE ? line : line.substring(0, LONGEST_LINE - 1) + "…";
  }

  private static double width(Node node) {
    double widest = lines(node).stream().mapToDouble(SvgDiagram::textWidth).max().orElse(0);
    return Math.max(28, widest + 2 * PADDING);
  }

  /** On the wide side, for the fonts of common systems. */
  static double textWidth(String text) {
    return text.codePoints()
        .mapToDouble(c -> {
          if ("iljtfrI.,:;'|!()[] ".indexOf(c) >= 0) {
            return 0.36;
          }
          if (c >= 0x1100) {
            return 1;
          }
          return Character.isUpperCase(c) || c == 'm' || c == 'w' || c == '@' || c == '×'
              ? 0.78
              : 0.6;
        })
        .map(em -> em * FONT)
        .sum();
  }

  /** A coordinate, to a tenth of a pixel. */
  private static String n(double x) {
    return x == Math.rint(x) ? Long.toString((long) x) : String.format(Locale.ROOT, "%.1f", x);
  }
}
