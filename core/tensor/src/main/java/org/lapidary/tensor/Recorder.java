package org.lapidary.tensor;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes down the operations of one thread while a {@link Graph} is recorded. */
final class Recorder {
  private final Map<Tensor, Graph.Value> values = new IdentityHashMap<>();
  private final List<Graph.Node> nodes = new ArrayList<>();
  private final Map<Graph.Value, Tensor> constants = new LinkedHashMap<>();
  private final Map<String, Graph.Value> sites = new LinkedHashMap<>();
  private int next;

  Graph.Value input(Tensor tensor) {
    Graph.Value value = fresh(tensor);
    values.put(tensor, value);
    return value;
  }

  void record(Op op, Tensor[] in, Tensor... out) {
    List<Graph.Value> from = new ArrayList<>(in.length);
    for (Tensor tensor : in) {
      from.add(valueOf(tensor));
    }
    List<Graph.Value> to = new ArrayList<>(out.length);
    for (Tensor tensor : out) {
      Graph.Value value = fresh(tensor);
      values.put(tensor, value);
      to.add(value);
    }
    nodes.add(new Graph.Node(op, from, to));
  }

  /** A tensor that the recording did not make is a constant of the graph. */
  private Graph.Value valueOf(Tensor tensor) {
    return values.computeIfAbsent(
        tensor,
        t -> {
          Graph.Value value = fresh(t);
          t.unscoped();
          constants.put(value, t);
          return value;
        });
  }

  void site(String path, Tensor tensor) {
    sites.put(path, valueOf(tensor));
  }

  private Graph.Value fresh(Tensor tensor) {
    return new Graph.Value(next++, tensor.type());
  }

  Graph finish(List<Graph.Value> inputs, List<Tensor> outputs, Map<Tensor, String> names) {
    List<Graph.Value> results = new ArrayList<>();
    for (Tensor output : outputs) {
      results.add(valueOf(output));
    }
    Map<Graph.Value, String> valueNames = new LinkedHashMap<>();
    constants.forEach((value, tensor) -> {
      String name = names.get(tensor);
      if (name != null) {
        valueNames.put(value, name);
      }
    });
    return new Graph(inputs, nodes, results, constants, valueNames, sites);
  }
}
