package org.lapidary.tensor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The operations of one forward pass, in order, as values. A graph holds for the shapes and the
 * Java control flow with which it was recorded. Everything that wants to understand a model is a
 * reading of its graph.
 */
public final class Graph {

  /** One tensor of the graph. */
  public record Value(int id, TensorType type) {
    @Override
    public String toString() {
      return "%" + id + ":" + type;
    }
  }

  /** One operation with what it reads and what it makes. */
  public record Node(Op op, List<Value> inputs, List<Value> outputs) {
    public Node {
      inputs = List.copyOf(inputs);
      outputs = List.copyOf(outputs);
    }

    /** The only output of an operation that has one. */
    public Value output() {
      return outputs.getFirst();
    }

    /** What the operation gives for other inputs of any shapes that it takes. */
    public List<Tensor> run(Tensor... others) {
      return List.of(Evaluator.all(op, others));
    }

    /** The types of the inputs. */
    public TensorType[] inputTypes() {
      return inputs.stream().map(Value::type).toArray(TensorType[]::new);
    }
  }

  private final List<Value> inputs;
  private final List<Node> nodes;
  private final List<Value> outputs;
  private final Map<Value, Tensor> constants;
  private final Map<Value, String> names;
  private final Map<String, Value> sites;

  Graph(
      List<Value> inputs,
      List<Node> nodes,
      List<Value> outputs,
      Map<Value, Tensor> constants,
      Map<Value, String> names,
      Map<String, Value> sites) {
    this.inputs = List.copyOf(inputs);
    this.nodes = List.copyOf(nodes);
    this.outputs = List.copyOf(outputs);
    this.constants = Collections.unmodifiableMap(new LinkedHashMap<>(constants));
    this.names = Collections.unmodifiableMap(new LinkedHashMap<>(names));
    this.sites = Collections.unmodifiableMap(new LinkedHashMap<>(sites));
  }

  /**
   * Runs a function once and writes down what it does. Tensors it uses but did not make and was not
   * given are constants of the graph.
   *
   * @param function from the inputs to the outputs
   * @param inputs example inputs
   * @param names names of constants, such as parameter paths; by identity
   * @throws IllegalStateException if this thread is already recording
   */
  public static Graph record(
      Function<List<Tensor>, List<Tensor>> function,
      List<Tensor> inputs,
      Map<Tensor, String> names) {
    Context context = Context.current();
    if (context.recorder != null) {
      throw new IllegalStateException("this thread is already recording a graph");
    }
    Recorder recorder = new Recorder();
    List<Value> values = new ArrayList<>();
    for (Tensor input : inputs) {
      values.add(recorder.input(input));
    }
    try (Scope scope = Scope.open()) {
      context.recorder = recorder;
      List<Tensor> outputs = function.apply(List.copyOf(inputs));
      IdentityHashMap<Tensor, String> byIdentity = new IdentityHashMap<>(names);
      return recorder.finish(values, outputs, byIdentity);
    } finally {
      context.recorder = null;
    }
  }

  /** Records a function of one tensor. */
  public static Graph record(Function<Tensor, Tensor> function, Tensor input) {
    return record(in -> List.of(function.apply(in.getFirst())), List.of(input), Map.of());
  }

  /** Whether this thread is recording; a layer may then name its sites. */
  public static boolean recording() {
    return Context.current().recorder != null;
  }

  /** Names a tensor of the graph being recorded on this thread; does nothing otherwise. */
  public static void site(String path, Tensor tensor) {
    Recorder recorder = Context.current().recorder;
    if (recorder != null) {
      recorder.site(path, tensor);
    }
  }

  public List<Value> inputs() {
    return inputs;
  }

  public List<Node> nodes() {
    return nodes;
  }

  public List<Value> outputs() {
    return outputs;
  }

  /** Parameters and other tensors that are not computed from the inputs. */
  public Map<Value, Tensor> constants() {
    return constants;
  }

  /** The name of a constant, where it has one. */
  public @Nullable String name(Value value) {
    return names.get(value);
  }

  /** Named activations, by path, in the order in which they were computed. */
  public Map<String, Value> sites() {
    return sites;
  }

  /**
   * Evaluates the graph on other inputs of the same types. Intermediate results are freed as soon
   * as nothing reads them any more.
   *
   * @throws ShapeException if the inputs are not of the recorded types
   */
  public List<Tensor> run(List<Tensor> arguments) {
    return run(arguments, constants);
  }

  /** Evaluates the graph with other constants, such as changed parameters. */
  public List<Tensor> run(List<Tensor> arguments, Map<Value, Tensor> constants) {
    if (arguments.size() != inputs.size()) {
      throw new ShapeException(
          "this graph takes %d tensors, got %d".formatted(inputs.size(), arguments.size()));
    }
    Map<Value, Tensor> live = new HashMap<>(constants);
    for (int i = 0; i < arguments.size(); i++) {
      if (!arguments.get(i).type().equals(inputs.get(i).type())) {
        throw new ShapeException(
            "input %d of this graph is %s, got %s"
                .formatted(i, inputs.get(i).type(), arguments.get(i).type()));
      }
      live.put(inputs.get(i), arguments.get(i));
    }
    List<List<Value>> dead = lastUses();
    for (int n = 0; n < nodes.size(); n++) {
      Node node = nodes.get(n);
      Tensor[] in = node.inputs().stream().map(v -> value(live, v)).toArray(Tensor[]::new);
      Tensor[] out = Evaluator.all(node.op(), in);
      for (int i = 0; i < out.length; i++) {
        live.put(node.outputs().get(i), out[i]);
      }
      for (Value value : dead.get(n)) {
        Tensor tensor = live.remove(value);
        if (tensor != null && !recording()) {
          tensor.close();
        }
      }
    }
    return outputs.stream().map(v -> value(live, v)).toList();
  }

  private static Tensor value(Map<Value, Tensor> live, Value value) {
    Tensor tensor = live.get(value);
    if (tensor == null) {
      throw new IllegalStateException("value " + value + " of the graph was not computed");
    }
    return tensor;
  }

  /** For every node, the values computed by nodes that nothing reads after it. */
  private List<List<Value>> lastUses() {
    Map<Value, Integer> last = new HashMap<>();
    for (int n = 0; n < nodes.size(); n++) {
      for (Value value : nodes.get(n).outputs()) {
        last.put(value, n);
      }
      for (Value value : nodes.get(n).inputs()) {
        last.put(value, n);
      }
    }
    inputs.forEach(last::remove);
    constants.keySet().forEach(last::remove);
    outputs.forEach(last::remove);
    List<List<Value>> dead = new ArrayList<>();
    for (int n = 0; n < nodes.size(); n++) {
      dead.add(new ArrayList<>());
    }
    last.forEach((value, n) -> dead.get(n).add(value));
    return dead;
  }

  /** The same computation with every fused operation replaced by its parts. */
  public Graph decomposed(List<Tensor> arguments) {
    Map<Tensor, String> byTensor = new IdentityHashMap<>();
    names.forEach((value, name) -> byTensor.put(value(constants, value), name));
    try (var ignored = Decomposition.on()) {
      return record(this::run, arguments, byTensor);
    }
  }

  /** One operation a line. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append("inputs ").append(inputs).append('\n');
    for (Node node : nodes) {
      text.append(node.outputs())
          .append(" = ")
          .append(node.op().label())
          .append(node.inputs())
          .append('\n');
    }
    return text.append("outputs ").append(outputs).toString();
  }
}
