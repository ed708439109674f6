package org.lapidary.interpret.circuit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.lapidary.evidence.Figure;

/**
 * A weighted graph of a model's parts at tokens of one prompt, from its sources to a root that it
 * explains.
 *
 * @param root what is explained
 * @param nodes the root first; all that edges mention
 * @param edges from causes to effects
 * @param total the root's value
 * @param kept how much of it reaches the root from the circuit's sources
 */
public record Circuit(Node root, List<Node> nodes, List<Edge> edges, double total, double kept) {

  /** What a node is. */
  public enum Kind {
    FEATURE("feature"),
    NEURON("neuron"),
    HEAD("head"),
    EMBEDDING("embedding"),
    POSITION("position"),
    MLP("MLP"),
    BIAS("bias"),
    ERROR("error"),
    LOGIT("logit");

    private final String word;

    Kind(String word) {
      this.word = word;
    }

    public String word() {
      return word;
    }
  }

  /**
   * A part of the model at a token.
   *
   * @param site where it can be captured and changed
   * @param layer its block, -1 for what belongs to none
   * @param index of the feature, neuron or head, or the token id of a logit or embedding; -1 for
   *     none
   * @param token position in the prompt
   * @param value its activation there
   */
  public record Node(Kind kind, String site, int layer, int index, int token, double value) {

    /** For example {@code L1 feature 37}. */
    public String name() {
      return (layer < 0 ? "" : "L" + layer + " ") + kind.word() + (index < 0 ? "" : " " + index);
    }
  }

  /** A way through a head, from the token attended to, to the one that attends. */
  public record Hop(int layer, int head, int from, int to) {
    @Override
    public String toString() {
      return "L%dH%d %d>%d".formatted(layer, head, from, to);
    }
  }

  /**
   * An effect: attribution = activation * weight.
   *
   * @param hops the heads it passes through, from the cause on
   * @param activation the factor that depends on the input
   * @param weight the factor that follows from the parameters alone (for a head's whole output and
   *     for other unexpanded nodes, from their values too)
   */
  public record Edge(Node from, Node to, List<Hop> hops, double activation, double weight) {
    public Edge {
      hops = List.copyOf(hops);
    }

    /** The hops, such as {@code L0H2 1>3 L1H3 3>7}; empty for none. */
    public String via() {
      return hops.stream().map(Hop::toString).collect(Collectors.joining(" "));
    }

    public double attribution() {
      return activation * weight;
    }

    /** The token at which the cause is read: the target's, or where the first hop begins. */
    int readAt() {
      return hops.isEmpty() ? to.token() : hops.getFirst().from();
    }
  }

  public Circuit {
    nodes = List.copyOf(nodes);
    edges = List.copyOf(edges);
    Set<Node> known = new LinkedHashSet<>(nodes);
    if (!known.contains(root)) {
      throw new IllegalArgumentException("the root " + root.name() + " is not among the nodes");
    }
    for (Edge edge : edges) {
      if (!known.contains(edge.from()) || !known.contains(edge.to())) {
        throw new IllegalArgumentException(
            "the edge from %s to %s needs both among the nodes"
                .formatted(edge.from().name(), edge.to().name()));
      }
    }
  }

  /** kept / total: 1 for a circuit that explains all of the root. */
  public double completeness() {
    return kept / total;
  }

  /**
   * The parts of the model that can be replaced one by one, for {@link Faithfulness}: heads at the
   * tokens that attend, features, neurons and MLPs. Embeddings, biases and errors are no such
   * parts.
   */
  public Set<Faithfulness.Unit> units() {
    Set<Faithfulness.Unit> units = new LinkedHashSet<>();
    for (Node node : nodes) {
      switch (node.kind()) {
        case FEATURE, NEURON, MLP ->
            units.add(new Faithfulness.Unit(node.site(), node.index(), node.token()));
        case HEAD -> {
          if (node.site().endsWith("hook_z")) {
            units.add(new Faithfulness.Unit(node.site(), node.index(), node.token()));
          }
        }
        case EMBEDDING, POSITION, BIAS, ERROR, LOGIT -> {}
      }
    }
    for (Edge edge : edges) {
      for (Hop hop : edge.hops()) {
        units.add(attending(hop.layer(), hop.head(), hop.to()));
      }
      if (edge.from().kind() == Kind.HEAD && !edge.from().site().endsWith("hook_z")) {
        units.add(attending(edge.from().layer(), edge.from().index(), edge.readAt()));
      }
    }
    return units;
  }

  private static Faithfulness.Unit attending(int layer, int head, int token) {
    return new Faithfulness.Unit("blocks." + layer + ".attn.hook_z", head, token);
  }

  /** The edges that enter a node, the largest attribution first. */
  public List<Edge> into(Node node) {
    return edges.stream()
        .filter(e -> e.to().equals(node))
        .sorted((a, b) -> Double.compare(Math.abs(b.attribution()), Math.abs(a.attribution())))
        .toList();
  }

  /**
   * The part that is worth drawing: from the root back, always the edge of largest attribution that
   * enters a node already there. Its {@code kept} is still that of the whole.
   *
   * @param count edges at most
   */
  public Circuit strongest(int count) {
    Set<Node> reached = new LinkedHashSet<>(List.of(root));
    List<Edge> chosen = new ArrayList<>();
    List<Edge> left = new ArrayList<>(edges);
    while (chosen.size() < count) {
      Optional<Edge> next =
          left.stream()
              .filter(e -> reached.contains(e.to()))
              .max(Comparator.comparingDouble(e -> Math.abs(e.attribution())));
      if (next.isEmpty()) {
        break;
      }
      chosen.add(next.get());
      left.remove(next.get());
      reached.add(next.get().from());
    }
    return new Circuit(root, List.copyOf(reached), chosen, total, kept);
  }

  /**
   * Without weak edges, and without what no longer reaches the root. Edges are compared with the
   * strongest into the same node, whose attributions are in the same units; errors and biases,
   * which explain nothing, set no measure where there is anything else. Its {@code kept} is still
   * that of the whole.
   *
   * @param share of the largest absolute attribution of an edge into a node below which others into
   *     it are left out; 0 keeps all, 1 the strongest alone
   */
  public Circuit pruned(double share) {
    Map<Node, Double> strongest = new LinkedHashMap<>();
    for (Edge e : edges) {
      if (e.from().kind() != Kind.ERROR && e.from().kind() != Kind.BIAS) {
        strongest.merge(e.to(), Math.abs(e.attribution()), Math::max);
      }
    }
    for (Edge e : edges) {
      strongest.putIfAbsent(
          e.to(),
          into(e.to()).stream().mapToDouble(i -> Math.abs(i.attribution())).max().orElse(0));
    }
    List<Edge> strong =
        edges.stream()
            .filter(e -> Math.abs(e.attribution()) >= share * strongest.getOrDefault(e.to(), 0.0))
            .toList();
    return new Circuit(root, nodes, strong, total, kept).strongest(strong.size());
  }

  /**
   * As a diagram, whose arrows carry activation × weight.
   *
   * @param tokens the prompt's tokens as they are shown, one for each position
   */
  public Figure.Diagram diagram(String title, List<String> tokens) {
    Map<Node, String> ids = new LinkedHashMap<>();
    List<Figure.Node> drawn = new ArrayList<>();
    for (Node node : nodes) {
      String id = "n" + ids.size();
      if (ids.putIfAbsent(node, id) != null) {
        continue;
      }
      String token = node.token() < tokens.size() ? tokens.get(node.token()) : "";
      drawn.add(
          new Figure.Node(
              id,
              node.name() + "\n'" + token + "' " + node.token(),
              node.kind().word(),
              String.format(Locale.ROOT, "%s, activation %.4g", node.site(), node.value())));
    }
    List<Figure.Edge> arrows =
        edges.stream()
            .map(e ->
                new Figure.Edge(
                    id(ids, e.from()),
                    id(ids, e.to()),
                    String.format(
                        Locale.ROOT,
                        "%s%.3g × %.3g",
                        e.via().isEmpty() ? "" : e.via() + ": ",
                        e.activation(),
                        e.weight()),
                    e.attribution()))
            .toList();
    return new Figure.Diagram(title, drawn, arrows);
  }

  private static String id(Map<Node, String> ids, Node node) {
    return java.util.Objects.requireNonNull(ids.get(node));
  }
}
