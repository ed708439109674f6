package org.lapidary.tensor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The axis reading: names of dimensions, carried from the inputs through the operations. Axes that
 * an operation makes afresh have an empty name.
 */
public final class Axes {
  private final Map<Graph.Value, List<String>> names = new HashMap<>();

  private Axes() {}

  /** Names the axes of every value of a graph. */
  public static Axes of(Graph graph, List<List<String>> inputAxes) {
    Axes axes = new Axes();
    for (int i = 0; i < graph.inputs().size(); i++) {
      Graph.Value input = graph.inputs().get(i);
      List<String> given = i < inputAxes.size() ? inputAxes.get(i) : List.of();
      axes.names.put(
          input,
          given.size() == input.type().shape().rank() ? given : blank(input.type().shape().rank()));
    }
    graph.constants().keySet().forEach(v -> axes.names.put(v, blank(v.type().shape().rank())));
    for (Graph.Node node : graph.nodes()) {
      List<List<String>> in = node.inputs().stream().map(axes::of).toList();
      for (Graph.Value output : node.outputs()) {
        axes.names.put(output, fit(propagate(node.op(), in, node), output.type().shape().rank()));
      }
    }
    return axes;
  }

  /** The names of a value's axes. */
  public List<String> of(Graph.Value value) {
    return names.getOrDefault(value, blank(value.type().shape().rank()));
  }

  /** For example {@code [batch 1, position 8, 64]}. */
  public String describe(Graph.Value value) {
    List<String> n = of(value);
    Shape s = value.type().shape();
    List<String> parts =
        IntStream.range(0, s.rank())
            .mapToObj(i -> n.get(i).isEmpty() ? "" + s.dim(i) : n.get(i) + " " + s.dim(i))
            .toList();
    return "[" + String.join(", ", parts) + "]";
  }

  private static List<String> blank(int rank) {
    return Collections.nCopies(rank, "");
  }

  private static List<String> fit(List<String> names, int rank) {
    return names.size() == rank ? names : blank(rank);
  }

  private static List<String> propagate(Op op, List<List<String>> in, Graph.Node node) {
    List<String> x = in.isEmpty() ? List.of() : in.getFirst();
    return switch (op) {
      case Op.Pointwise ignored -> merge(in, node);
      case Op.Reduce r -> reduce(x, r.dims(), r.keep());
      case Op.ArgReduce a -> reduce(x, List.of(a.dim()), a.keep());
      case Op.CumSum ignored -> x;
      case Op.Reshape r -> reshape(x, node.inputs().getFirst().type().shape(), r.to());
      case Op.Permute p -> p.dims().stream().map(x::get).toList();
      case Op.Expand e -> {
        List<String> out = new ArrayList<>(blank(e.to().rank() - x.size()));
        out.addAll(x);
        yield out;
      }
      case Op.Layout ignored -> x;
      case Op.Gather ignored -> x;
      case Op.Scatter ignored -> x;
      case Op.IndexSelect ignored -> x;
      case Op.Sort ignored -> x;
      case Op.TopK ignored -> x;
      case Op.Embedding ignored -> with(in.get(1), "dModel");
      case Op.OneHot ignored -> with(x, "class");
      case Op.Matmul ignored -> {
        List<String> out = new ArrayList<>(x);
        out.set(out.size() - 1, in.get(1).getLast());
        yield out;
      }
      case Op.Linear ignored -> with(x.subList(0, x.size() - 1), "");
      case Op.PackedLinear ignored -> with(x.subList(0, x.size() - 1), "");
      case Op.Einsum e -> einsum(e, in);
      case Op.Convolution ignored -> x;
      case Op.Pool ignored -> x;
      case Op.Attention ignored -> {
        List<String> out = new ArrayList<>(x);
        out.set(out.size() - 1, in.get(2).getLast());
        yield out;
      }
      case Op.CrossEntropy ignored -> List.of();
      case Op.Fused ignored -> x;
      case Op.LinearAlgebra ignored -> blank(node.output().type().shape().rank());
    };
  }

  private static List<String> with(List<String> names, String last) {
    List<String> out = new ArrayList<>(names);
    out.add(last);
    return out;
  }

  /** The names of broadcast operands, aligned at their last axes; the first that names one wins. */
  private static List<String> merge(List<List<String>> in, Graph.Node node) {
    Shape whole = node.output().type().shape();
    int rank = whole.rank();
    List<String> out = new ArrayList<>(blank(rank));
    for (int o = in.size() - 1; o >= 0; o--) {
      List<String> names = in.get(o);
      Shape shape = node.inputs().get(o).type().shape();
      for (int i = 0; i < names.size(); i++) {
        if (!names.get(i).isEmpty() && shape.dim(i) == whole.dim(rank - names.size() + i)) {
          out.set(rank - names.size() + i, names.get(i));
        }
      }
    }
    return out;
  }

  private static List<String> reduce(List<String> x, List<Integer> dims, boolean keep) {
    if (keep) {
      return x;
    }
    return IntStream.range(0, x.size()).filter(i -> !dims.contains(i)).mapToObj(x::get).toList();
  }

  /** Leading axes whose sizes stay keep their names. */
  private static List<String> reshape(List<String> x, Shape from, Shape to) {
    List<String> out = new ArrayList<>(blank(to.rank()));
    for (int i = 0; i < Math.min(from.rank(), to.rank()) && from.dim(i) == to.dim(i); i++) {
      out.set(i, x.get(i));
    }
    return out;
  }

  private static List<String> einsum(Op.Einsum op, List<List<String>> in) {
    String[] sides = op.equation().split("->", -1);
    String[] terms = sides[0].split(",", -1);
    Map<Character, String> byLetter = new HashMap<>();
    for (int i = 0; i < terms.length; i++) {
      for (int j = 0; j < terms[i].length(); j++) {
        byLetter.merge(terms[i].charAt(j), in.get(i).get(j), (a, b) -> a.isEmpty() ? b : a);
      }
    }
    return sides[1].chars().mapToObj(c -> byLetter.getOrDefault((char) c, "")).toList();
  }
}
