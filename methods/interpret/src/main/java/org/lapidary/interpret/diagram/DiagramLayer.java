package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Parameter;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Tensor;

/**
 * A diagram that runs. Weight wires are parameters and buffer wires are buffers of the layer, under
 * the names of the wires with {@code _} for dots; they start as zeros.
 */
public final class DiagramLayer extends Layer implements UnaryLayer {
  private final Diagram diagram;
  private final Diagram planned;
  private final Map<String, Long> sizes;
  private final Typing typing;
  private final List<List<String>> dead;
  private final Map<String, Parameter> held = new LinkedHashMap<>();

  /**
   * Compiles: checks, then orders products of several arrays.
   *
   * @param sizes of the symbols
   * @throws DiagramException naming the wire that does not fit or whose size is not known
   */
  public DiagramLayer(Diagram diagram, Map<String, Long> sizes) {
    this.diagram = diagram;
    this.sizes = Map.copyOf(sizes);
    Typing checked = diagram.check(sizes);
    if (!checked.undecided().isEmpty()) {
      throw new DiagramException("sizes leave open whether " + checked.undecided().getFirst());
    }
    planned = ContractionPlan.binary(diagram, checked::number);
    typing = planned.check(sizes);
    dead = lastReads(planned);
    Execution shapes = new Execution(typing, DType.FLOAT32);
    for (Wire wire : diagram.inputs()) {
      String name = parameterName(wire.name());
      switch (wire.role()) {
        case WEIGHT -> held.put(wire.name(), parameter(name, Tensor.zeros(shapes.shape(wire))));
        case BUFFER -> held.put(wire.name(), buffer(name, Tensor.zeros(shapes.shape(wire))));
        case DATA, INDEX -> {}
      }
    }
  }

  private static String parameterName(String wire) {
    return wire.replace('.', '_');
  }

  /** The parameter or buffer of a weight or buffer wire. */
  public Parameter held(String wire) {
    Parameter parameter = held.get(wire);
    if (parameter == null) {
      throw new DiagramException(
          "there is no weight '%s'; there are %s".formatted(wire, held.keySet()));
    }
    return parameter;
  }

  /** What was compiled. */
  public Diagram diagram() {
    return diagram;
  }

  /** What runs: products of several arrays are taken in pairs. */
  public Diagram planned() {
    return planned;
  }

  public Typing typing() {
    return typing;
  }

  /**
   * Runs a diagram with one open input and one output.
   *
   * @throws DiagramException if it has others
   */
  @Override
  public Tensor forward(Tensor x) {
    if (open().size() != 1 || diagram.outputs().size() != 1) {
      throw new DiagramException(
          "diagram %s takes %s and gives %s; run it with a tuple"
              .formatted(
                  diagram.name(), open().stream().map(Wire::name).toList(), diagram.outputs()));
    }
    return run(List.of(x)).getFirst();
  }

  /** The inputs that are neither weights nor buffers. */
  public List<Wire> open() {
    return diagram.inputs().stream()
        .filter(w -> w.role() == Wire.Role.DATA || w.role() == Wire.Role.INDEX)
        .toList();
  }

  /**
   * Runs the diagram.
   *
   * @param tuple a tensor for each of {@link #open}, in order, axes in the order of the wire
   * @return a tensor for each output
   * @throws DiagramException naming the wire for which a tensor is missing or has another shape
   */
  public List<Tensor> run(List<Tensor> tuple) {
    List<Wire> open = open();
    if (tuple.size() != open.size()) {
      throw new DiagramException(
          "diagram %s takes %d arrays %s, got %d"
              .formatted(
                  diagram.name(),
                  open.size(),
                  open.stream().map(Wire::name).toList(),
                  tuple.size()));
    }
    Map<String, Tensor> live = new HashMap<>();
    DType dtype = DType.FLOAT32;
    for (int i = 0; i < open.size(); i++) {
      dtype = tuple.get(i).dtype().isFloat() ? tuple.get(i).dtype() : dtype;
      live.put(open.get(i).name(), fitting(open.get(i), tuple.get(i)));
    }
    held.forEach((name, parameter) -> live.put(name, parameter.value()));
    Execution execution = new Execution(typing, dtype);
    Map<String, Wire> wires = planned.wires();
    boolean frees = !Autograd.enabled() && !Graph.recording();
    Set<Tensor> kept = Collections.newSetFromMap(new IdentityHashMap<>());
    kept.addAll(live.values());
    for (int b = 0; b < planned.boxes().size(); b++) {
      Box box = planned.boxes().get(b);
      List<Wire> in = new ArrayList<>();
      List<Tensor> x = new ArrayList<>();
      for (String name : box.in()) {
        in.add(wire(wires, name));
        x.add(tensor(live, name));
      }
      live.put(box.out().name(), execution.run(box.does(), in, box.out(), x));
      if (frees) {
        free(live, kept, dead.get(b));
      }
    }
    return planned.outputs().stream().map(n -> tensor(live, n)).toList();
  }

  /** Frees arrays that nothing reads any more, unless they are one with another that is read. */
  private static void free(Map<String, Tensor> live, Set<Tensor> kept, List<String> dead) {
    for (String name : dead) {
      Tensor tensor = live.remove(name);
      if (tensor != null
          && !kept.contains(tensor)
          && live.values().stream().noneMatch(t -> t == tensor)) {
        tensor.close();
      }
    }
  }

  /** For every box, the wires that nothing reads after it. */
  private static List<List<String>> lastReads(Diagram diagram) {
    Map<String, Integer> last = new HashMap<>();
    for (int b = 0; b < diagram.boxes().size(); b++) {
      last.put(diagram.boxes().get(b).out().name(), b);
      for (String in : diagram.boxes().get(b).in()) {
        last.put(in, b);
      }
    }
    diagram.outputs().forEach(last::remove);
    List<List<String>> dead = new ArrayList<>();
    diagram.boxes().forEach(b -> dead.add(new ArrayList<>()));
    last.forEach((name, b) -> dead.get(b).add(name));
    return dead;
  }

  private Tensor fitting(Wire wire, Tensor x) {
    long[] wanted = new Execution(typing, DType.FLOAT32).shape(wire);
    if (!Arrays.equals(wanted, x.shape().toArray())) {
      throw new DiagramException(
          "wire '%s' is %s = %s, got a tensor %s"
              .formatted(wire.name(), wire.axes(), Arrays.toString(wanted), x.type()));
    }
    return x;
  }

  private static Wire wire(Map<String, Wire> wires, String name) {
    Wire wire = wires.get(name);
    if (wire == null) {
      throw new IllegalStateException("no wire " + name);
    }
    return wire;
  }

  private static Tensor tensor(Map<String, Tensor> live, String name) {
    Tensor tensor = live.get(name);
    if (tensor == null) {
      throw new IllegalStateException("wire " + name + " was not computed");
    }
    return tensor;
  }

  @Override
  protected Layer blank() {
    return new DiagramLayer(diagram, sizes);
  }
}
