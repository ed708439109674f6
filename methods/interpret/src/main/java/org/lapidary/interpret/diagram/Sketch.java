package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.tensor.Op;

/** A diagram while it is being drawn, from left to right; every method gives the wire it made. */
public final class Sketch {
  private final String name;
  private final List<Wire> inputs = new ArrayList<>();
  private final List<Box> boxes = new ArrayList<>();
  private final Map<String, Wire> wires = new LinkedHashMap<>();

  public Sketch(String name) {
    this.name = name;
  }

  /** A wire that comes in. */
  public Wire input(Wire wire) {
    inputs.add(wire);
    wires.put(wire.name(), wire);
    return wire;
  }

  public Wire input(String wire, String axes) {
    return input(Wire.data(wire, axes));
  }

  public Wire weight(String wire, String axes) {
    return input(Wire.weight(wire, axes));
  }

  public Wire buffer(String wire, String axes) {
    return input(Wire.buffer(wire, axes));
  }

  /** A box that gives a wire with some axes. */
  public Wire box(String out, List<Axis> axes, Morphism does, Wire... in) {
    Wire wire = Wire.data(out, axes);
    boxes.add(new Box(does, List.of(in).stream().map(Wire::name).toList(), wire));
    wires.put(out, wire);
    return wire;
  }

  public Wire box(String out, String axes, Morphism does, Wire... in) {
    return box(out, Wire.axes(axes), does, in);
  }

  /** The product of the wires summed over the axes that are not named. */
  public Wire contract(String out, String axes, Wire... in) {
    return box(out, axes, new Morphism.Contract(), in);
  }

  /** The sum of the wires, with the axes of the first. */
  public Wire add(String out, Wire... in) {
    return box(out, in[0].axes(), new Morphism.Add(), in);
  }

  /** The product of the wires, element by element, with the axes of the first. */
  public Wire multiply(String out, Wire... in) {
    return box(out, in[0].axes(), new Morphism.Contract(), in);
  }

  /** A box that keeps all axes. */
  public Wire keep(String out, Morphism does, Wire in) {
    return box(out, in.axes(), does, in);
  }

  public Wire pointwise(String out, Op.Unary.Kind function, Wire in) {
    return keep(out, new Morphism.Pointwise(function), in);
  }

  /** Without an axis whose size is 1 or over which the sum is taken. */
  public Wire without(String out, String axis, Wire in) {
    List<Axis> axes = in.axes().stream().filter(a -> !a.name().equals(axis)).toList();
    return box(out, axes, new Morphism.Contract(), in);
  }

  /** The whole of another diagram, its data inputs taken from here, its weights new here. */
  public List<Wire> all(Diagram part, Wire... in) {
    List<Wire> open = part.inputs(Wire.Role.DATA);
    if (open.size() != in.length) {
      throw new DiagramException(
          "diagram %s takes %d arrays, got %d".formatted(part.name(), open.size(), in.length));
    }
    Map<String, String> joined = new LinkedHashMap<>();
    for (int i = 0; i < in.length; i++) {
      joined.put(open.get(i).name(), in[i].name());
    }
    part.inputs().stream().filter(w -> !joined.containsKey(w.name())).forEach(this::input);
    for (Box box : part.boxes()) {
      boxes.add(
          new Box(
              box.does(),
              box.in().stream().map(n -> joined.getOrDefault(n, n)).toList(),
              box.out()));
      wires.put(box.out().name(), box.out());
    }
    return part.outputs().stream().map(o -> wire(joined.getOrDefault(o, o))).toList();
  }

  private Wire wire(String of) {
    Wire wire = wires.get(of);
    if (wire == null) {
      throw new DiagramException("no wire '" + of + "'");
    }
    return wire;
  }

  /** What was drawn, with these wires coming out. */
  public Diagram giving(Wire... outputs) {
    return new Diagram(name, inputs, boxes, List.of(outputs).stream().map(Wire::name).toList());
  }
}
