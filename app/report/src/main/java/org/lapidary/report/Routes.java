package org.lapidary.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.lapidary.evidence.Figure.Edge;

/** The points an edge passes; edges at one side of a box leave or reach it side by side. */
record Routes(
    Layers layers, List<LayeredLayout.Place> places, double[] x, double[] top, double[] bottom) {

  List<LayeredLayout.Route> of(List<Edge> edges) {
    double[] start = ports(edges.size(), true);
    double[] end = ports(edges.size(), false);
    List<LayeredLayout.Route> routes = new ArrayList<>();
    for (int e = 0; e < edges.size(); e++) {
      int[] chain = layers.chains()[e];
      if (chain.length == 0) {
        routes.add(new LayeredLayout.Route(edges.get(e), new double[0], new double[0]));
        continue;
      }
      int points = 2 * chain.length - 2;
      double[] xs = new double[points];
      double[] ys = new double[points];
      LayeredLayout.Place source = places.get(chain[0]);
      LayeredLayout.Place target = places.get(chain[chain.length - 1]);
      xs[0] = start[e];
      ys[0] = source.top() + source.height();
      xs[points - 1] = end[e];
      ys[points - 1] = target.top();
      for (int i = 1; i < chain.length - 1; i++) {
        int layer = layers.layer()[chain[i]];
        xs[2 * i - 1] = x[chain[i]];
        ys[2 * i - 1] = top[layer];
        xs[2 * i] = x[chain[i]];
        ys[2 * i] = bottom[layer];
      }
      if (layers.reversed()[e]) {
        reverse(xs);
        reverse(ys);
      }
      routes.add(new LayeredLayout.Route(edges.get(e), xs, ys));
    }
    return List.copyOf(routes);
  }

  /** Where each edge leaves its upper box ({@code out}), or reaches its lower one. */
  private double[] ports(int edges, boolean out) {
    List<List<Integer>> atNode = new ArrayList<>();
    places.forEach(place -> atNode.add(new ArrayList<>()));
    for (int e = 0; e < edges; e++) {
      int[] chain = layers.chains()[e];
      if (chain.length > 0) {
        atNode.get(chain[out ? 0 : chain.length - 1]).add(e);
      }
    }
    double[] ports = new double[edges];
    for (int v = 0; v < places.size(); v++) {
      List<Integer> side = atNode.get(v);
      side.sort(
          Comparator.comparingDouble(
              e -> x[layers.chains()[e][out ? 1 : layers.chains()[e].length - 2]]));
      double step = Math.min(14, 0.7 * places.get(v).width() / Math.max(1, side.size()));
      for (int i = 0; i < side.size(); i++) {
        ports[side.get(i)] = x[v] + (i - (side.size() - 1) / 2.0) * step;
      }
    }
    return ports;
  }

  private static void reverse(double[] values) {
    for (int i = 0, j = values.length - 1; i < j; i++, j--) {
      double swap = values[i];
      values[i] = values[j];
      values[j] = swap;
    }
  }
}
