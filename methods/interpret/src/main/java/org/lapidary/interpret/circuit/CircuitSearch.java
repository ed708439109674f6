package org.lapidary.interpret.circuit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lapidary.interpret.circuit.Circuit.Edge;
import org.lapidary.interpret.circuit.Circuit.Kind;
import org.lapidary.interpret.circuit.Circuit.Node;

/**
 * Finds the paths that add most to a reading. The contributions to it are listed and the largest
 * kept; a kept feature is explained in its turn by the contributions to its own pre-activation, a
 * kept head by what it carries; and so on, as deep as asked. What reaches the root along a path is
 * the product of the shares on the way, since a feature that fires is linear in its pre-activation.
 *
 * @param width contributions kept when one path is expanded
 * @param paths kept at each depth, over all that were expanded
 * @param depth how many times paths are expanded
 */
public record CircuitSearch(int width, int paths, int depth) {

  public static CircuitSearch defaults() {
    return new CircuitSearch(8, 24, 6);
  }

  public CircuitSearch {
    if (width < 1 || paths < 1 || depth < 1) {
      throw new IllegalArgumentException(
          "width, paths and depth must be at least 1, were %d, %d and %d"
              .formatted(width, paths, depth));
    }
  }

  /**
   * A path that ends in a source.
   *
   * @param reading what the source adds to
   * @param scale from the reading's units to the root's
   */
  private record Step(Reading reading, double scale, Contribution contribution) {
    double atRoot() {
      return scale * contribution.attribution();
    }
  }

  private record Open(Reading reading, double scale) {}

  /** The circuit of a feature or a logit. */
  public Circuit search(FrozenPass pass, Reading root) {
    Map<List<Object>, Edge> edges = new LinkedHashMap<>();
    double kept = 0;
    List<Open> frontier = List.of(new Open(root, 1));
    for (int d = 1; d <= depth && !frontier.isEmpty(); d++) {
      List<Open> next = new ArrayList<>();
      for (Step step : largest(pass, frontier)) {
        Node source = step.contribution.source();
        boolean last = d == depth;
        if (!last && source.kind() == Kind.HEAD) {
          next.add(new Open(pass.through(step.reading, source), step.scale));
          continue;
        }
        Reading reading = step.reading;
        edges.put(
            List.of(source, reading.target(), reading.fromSource()),
            new Edge(
                source,
                reading.target(),
                reading.fromSource(),
                step.contribution.activation(),
                step.contribution.weight()));
        if (!last && source.kind() == Kind.FEATURE) {
          Reading feature = pass.feature(source.layer(), source.index(), source.token());
          next.add(new Open(feature, step.atRoot() / source.value()));
        } else {
          kept += step.atRoot();
        }
      }
      frontier = next;
    }
    Set<Node> nodes = new LinkedHashSet<>();
    nodes.add(root.target());
    edges
        .values()
        .forEach(e -> {
          nodes.add(e.to());
          nodes.add(e.from());
        });
    return new Circuit(
        root.target(), List.copyOf(nodes), List.copyOf(edges.values()), pass.recorded(root), kept);
  }

  private List<Step> largest(FrozenPass pass, List<Open> frontier) {
    List<Step> steps = new ArrayList<>();
    for (Open open : frontier) {
      for (Contribution c : Contribution.top(pass.contributions(open.reading), width)) {
        steps.add(new Step(open.reading, open.scale, c));
      }
    }
    return steps.stream()
        .sorted(Comparator.comparingDouble((Step s) -> Math.abs(s.atRoot())).reversed())
        .limit(paths)
        .toList();
  }
}
