package org.lapidary.interpret.compiled;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lapidary.interpret.circuit.Circuit;

/**
 * The parts of a compiled model on which its output depends, and which of them reads what another
 * wrote.
 *
 * @param parts heads and MLPs
 * @param links also from the embeddings, and to the output
 */
public record GroundTruth(Set<Part> parts, Set<Link> links) {

  /**
   * A head, an MLP, the embeddings or the output, at any token.
   *
   * @param layer -1 for the embeddings; {@link Integer#MAX_VALUE} for the output
   * @param head -1 for none
   */
  public record Part(int layer, int head) {
    public static final Part EMBEDDING = new Part(-1, -1);
    public static final Part OUTPUT = new Part(Integer.MAX_VALUE, -1);

    public static Part mlp(int layer) {
      return new Part(layer, -1);
    }

    /** Whether it is a head or an MLP. */
    boolean inside() {
      return !equals(EMBEDDING) && !equals(OUTPUT);
    }

    @Override
    public String toString() {
      return equals(EMBEDDING)
          ? "embedding"
          : equals(OUTPUT) ? "output" : head < 0 ? "L" + layer + " MLP" : "L" + layer + "H" + head;
    }
  }

  /** One part reads what another wrote. */
  public record Link(Part from, Part to) {
    @Override
    public String toString() {
      return from + " > " + to;
    }
  }

  /**
   * How a set that was found stands to the true one.
   *
   * @param precision the share of what was found that is true; NaN if nothing was
   * @param recall the share of what is true that was found
   */
  public record Score(double precision, double recall) {
    static <T> Score of(Set<T> found, Set<T> truth) {
      long right = found.stream().filter(truth::contains).count();
      return new Score(
          found.isEmpty() ? Double.NaN : (double) right / found.size(),
          truth.isEmpty() ? Double.NaN : (double) right / truth.size());
    }
  }

  /**
   * How a circuit stands to the truth.
   *
   * @param parts as heads and MLPs
   * @param links as who reads whom; of a circuit whose edges all lead to the output, for example,
   *     what lies between is missed
   */
  public record Agreement(Score parts, Score links) {}

  public GroundTruth {
    parts = Set.copyOf(parts);
    links = Set.copyOf(links);
  }

  /** Precision and recall of a circuit; its tokens do not matter. */
  public Agreement precisionRecall(Circuit circuit) {
    return precisionRecall(List.of(circuit));
  }

  /** Of the union of the circuits of several prompts, since one may not need every part. */
  public Agreement precisionRecall(List<Circuit> circuits) {
    Set<Part> found = new LinkedHashSet<>();
    Set<Link> read = new LinkedHashSet<>();
    for (Circuit circuit : circuits) {
      circuit.nodes().forEach(n -> found.add(part(n)));
      for (Circuit.Edge edge : circuit.edges()) {
        Part from = part(edge.from());
        for (Circuit.Hop hop : edge.hops()) {
          Part through = new Part(hop.layer(), hop.head());
          found.add(through);
          link(read, from, through);
          from = through;
        }
        link(read, from, part(edge.to()));
      }
    }
    return new Agreement(partScore(found), Score.of(read, links));
  }

  /** Precision and recall of parts alone. */
  public Score partScore(Set<Part> found) {
    Set<Part> inside = new HashSet<>(found);
    inside.removeIf(p -> !p.inside());
    return Score.of(inside, parts);
  }

  /** Features and neurons are parts of one MLP: what they add to each other is no link. */
  private static void link(Set<Link> links, Part from, Part to) {
    if (!from.equals(to)) {
      links.add(new Link(from, to));
    }
  }

  private static Part part(Circuit.Node node) {
    return switch (node.kind()) {
      case HEAD -> new Part(node.layer(), node.index());
      case MLP, NEURON, FEATURE, ERROR -> Part.mlp(node.layer());
      case EMBEDDING, POSITION, BIAS -> Part.EMBEDDING;
      case LOGIT -> Part.OUTPUT;
    };
  }

  /** What the output of a plan needs. */
  static GroundTruth of(Program program, Plan plan) {
    Set<Link> links = new LinkedHashSet<>();
    links.add(new Link(plan.writer(program.output()), Part.OUTPUT));
    Map<Variable, Boolean> seen = new HashMap<>();
    List<Variable> left = new ArrayList<>(List.of(program.output()));
    while (!left.isEmpty()) {
      Variable variable = left.removeLast();
      if (seen.put(variable, true) != null) {
        continue;
      }
      Part reader = Plan.byHead(variable) ? plan.head(variable) : plan.writer(variable);
      if (variable instanceof Categorical.Counted) {
        links.add(new Link(reader, plan.writer(variable)));
      }
      for (Variable need : Plan.needs(variable)) {
        links.add(new Link(plan.writer(need), reader));
        left.add(need);
      }
    }
    Set<Part> parts = new LinkedHashSet<>();
    for (Link link : links) {
      parts.add(link.from());
      parts.add(link.to());
    }
    parts.removeIf(p -> !p.inside());
    return new GroundTruth(parts, links);
  }
}
