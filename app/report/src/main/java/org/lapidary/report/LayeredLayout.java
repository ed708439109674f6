package org.lapidary.report;

import java.util.List;
import java.util.function.ToDoubleFunction;
import org.lapidary.evidence.Figure.Diagram;
import org.lapidary.evidence.Figure.Edge;
import org.lapidary.evidence.Figure.Node;

/**
 * Where the parts of a diagram go, after Sugiyama, Tagawa and Toda 1981: every edge points down one
 * layer or more; long edges bend in the layers they pass; the order in a layer keeps crossings few;
 * neighbours stand under one another as far as their widths allow.
 *
 * @param places one per node, in the diagram's order
 * @param routes one per edge, in the diagram's order
 * @param width of the drawing, all units pixels
 * @param height of the drawing
 */
record LayeredLayout(List<Place> places, List<Route> routes, double width, double height) {

  /** A box: its centre from the left, its upper edge from the top. */
  record Place(Node node, int layer, double x, double top, double width, double height) {}

  /** The points that an edge passes, from its source to its target; two of them per layer. */
  record Route(Edge edge, double[] x, double[] y) {}

  static final double MARGIN = 16;
  static final double BETWEEN_NODES = 22;
  static final double BETWEEN_LAYERS = 36;
  static final double LANE = 12; // what a passing edge takes of a layer

  static LayeredLayout of(
      Diagram diagram, ToDoubleFunction<Node> widths, ToDoubleFunction<Node> heights) {
    Layers layers = Layers.of(diagram);
    double[] width = new double[layers.count()];
    double[] height = new double[layers.count()];
    for (int v = 0; v < layers.count(); v++) {
      boolean real = v < diagram.nodes().size();
      width[v] = real ? widths.applyAsDouble(diagram.nodes().get(v)) : LANE;
      height[v] = real ? heights.applyAsDouble(diagram.nodes().get(v)) : 0;
    }
    int[][] order = CrossingOrder.of(layers);
    double[] x = new Columns(layers, order, width).x();

    double left = Double.MAX_VALUE;
    double right = 0;
    for (int v = 0; v < layers.count(); v++) {
      left = Math.min(left, x[v] - width[v] / 2);
    }
    for (int v = 0; v < layers.count(); v++) {
      x[v] += MARGIN - left;
      right = Math.max(right, x[v] + width[v] / 2);
    }
    double[] top = new double[order.length];
    double[] bottom = new double[order.length];
    double y = MARGIN;
    for (int layer = 0; layer < order.length; layer++) {
      top[layer] = y;
      for (int v : order[layer]) {
        y = Math.max(y, top[layer] + height[v]);
      }
      bottom[layer] = y;
      double farthest = 0; // edges that go far sideways need height to stay apart
      for (int v : order[layer]) {
        for (int below : layers.below()[v]) {
          farthest = Math.max(farthest, Math.abs(x[below] - x[v]));
        }
      }
      y += layer + 1 < order.length ? BETWEEN_LAYERS + Math.min(90, farthest / 9) : MARGIN;
    }
    Place[] places = new Place[diagram.nodes().size()];
    for (int v = 0; v < places.length; v++) {
      int layer = layers.layer()[v];
      double middle = (top[layer] + bottom[layer] - height[v]) / 2;
      places[v] = new Place(diagram.nodes().get(v), layer, x[v], middle, width[v], height[v]);
    }
    Routes routes = new Routes(layers, List.of(places), x, top, bottom);
    return new LayeredLayout(
        List.of(places),
        routes.of(diagram.edges()),
        right + MARGIN,
        order.length == 0 ? 2 * MARGIN : y);
  }
}
