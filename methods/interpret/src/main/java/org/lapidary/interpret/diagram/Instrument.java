package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Op;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

/**
 * What running a diagram really did, read from the operations that were recorded while it ran: what
 * the formulas of {@link Work} are held against.
 *
 * @param multiplyAdds of all products and sums that were evaluated
 * @param peakBytes the most that inputs and results held at once, each array of memory counted once
 */
public record Instrument(long multiplyAdds, long peakBytes) {

  /** Runs a layer on a tuple, one operation at a time. */
  public static Instrument of(DiagramLayer layer, List<Tensor> tuple) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Graph graph = Graph.record(layer::run, tuple, new IdentityHashMap<>());
      long products = 0;
      for (Graph.Node node : graph.nodes()) {
        products = Math.addExact(products, products(node));
      }
      return new Instrument(products, new Memory(graph).peak(tuple));
    }
  }

  private static long products(Graph.Node node) {
    return switch (node.op()) {
      case Op.Einsum e -> {
        Map<Character, Long> sizes = new HashMap<>();
        String[] terms = e.equation().split("->", -1)[0].split(",", -1);
        for (int i = 0; i < terms.length; i++) {
          Shape shape = node.inputs().get(i).type().shape();
          for (int j = 0; j < terms[i].length(); j++) {
            sizes.put(terms[i].charAt(j), shape.dim(j));
          }
        }
        yield sizes.values().stream().reduce(1L, Math::multiplyExact);
      }
      case Op.Reduce r when r.kind() == Op.Reduce.Kind.SUM ->
          node.inputs().getFirst().type().shape().elements();
      default -> 0;
    };
  }

  /** Which values lie in whose memory. */
  private static final class Memory {
    private final Graph graph;
    private final Map<Graph.Value, Tensor> tensors = new HashMap<>();
    private final Map<Graph.Value, Graph.Value> owner = new HashMap<>();

    Memory(Graph graph) {
      this.graph = graph;
    }

    long peak(List<Tensor> tuple) {
      Map<Graph.Value, Integer> last = lastReads();
      Set<Graph.Value> live = new HashSet<>(graph.inputs());
      tensors.putAll(graph.constants());
      for (int i = 0; i < tuple.size(); i++) {
        tensors.put(graph.inputs().get(i), tuple.get(i));
      }
      long most = 0;
      for (int n = 0; n < graph.nodes().size(); n++) {
        Graph.Node node = graph.nodes().get(n);
        List<Tensor> in = new ArrayList<>();
        node.inputs().forEach(v -> in.add(tensor(v)));
        List<Tensor> out = node.run(in.toArray(Tensor[]::new));
        for (int i = 0; i < out.size(); i++) {
          Graph.Value value = node.outputs().get(i);
          tensors.put(value, out.get(i));
          if (node.op() instanceof Op.Layout && views(out.get(i), node.inputs().getFirst())) {
            owner.put(value, owner(node.inputs().getFirst()));
          }
          live.add(value);
        }
        most = Math.max(most, bytes(live));
        int now = n;
        live.removeIf(v -> last.getOrDefault(v, -1) <= now && !graph.inputs().contains(v));
      }
      return most;
    }

    private Map<Graph.Value, Integer> lastReads() {
      Map<Graph.Value, Integer> last = new HashMap<>();
      for (int n = 0; n < graph.nodes().size(); n++) {
        for (Graph.Value value : graph.nodes().get(n).inputs()) {
          last.put(value, n);
        }
      }
      graph.outputs().forEach(v -> last.put(v, Integer.MAX_VALUE));
      return last;
    }

    private Tensor tensor(Graph.Value value) {
      Tensor tensor = tensors.get(value);
      if (tensor == null) {
        throw new IllegalStateException("value " + value + " was not computed");
      }
      return tensor;
    }

    private Graph.Value owner(Graph.Value value) {
      return owner.getOrDefault(value, value);
    }

    /** A layout that is not contiguous was not written anew; one that is shows by its address. */
    private boolean views(Tensor out, Graph.Value in) {
      long at = address(out);
      Tensor held = tensor(owner(in));
      long from = address(held);
      return at < 0 || (from >= 0 && at >= from && at < from + held.type().bytes());
    }

    /** -1 where the tensor is not contiguous. */
    private static long address(Tensor tensor) {
      try {
        return tensor.segment().address();
      } catch (IllegalStateException e) {
        return -1;
      }
    }

    private long bytes(Set<Graph.Value> live) {
      Set<Graph.Value> owners = new HashSet<>();
      live.forEach(v -> owners.add(owner(v)));
      owners.removeAll(graph.constants().keySet());
      return owners.stream().mapToLong(v -> v.type().bytes()).sum();
    }
  }
}
