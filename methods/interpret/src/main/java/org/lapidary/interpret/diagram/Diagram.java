package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A neural circuit diagram, read from left to right: a tuple of arrays goes in, boxes act on parts
 * of the tuple, a tuple comes out. A wire that several boxes read is copied, one that none reads is
 * deleted; the order of the parts of a tuple between boxes is free, since wires have names.
 *
 * @param name a word
 * @param inputs data, weights, buffers and indices
 * @param boxes each reads inputs and wires of boxes before it
 * @param outputs names of the wires that come out, in order
 */
public record Diagram(String name, List<Wire> inputs, List<Box> boxes, List<String> outputs) {

  public Diagram {
    inputs = List.copyOf(inputs);
    boxes = List.copyOf(boxes);
    outputs = List.copyOf(outputs);
    Set<String> known = new HashSet<>();
    for (Wire input : inputs) {
      add(known, input.name(), name);
    }
    for (Box box : boxes) {
      for (String in : box.in()) {
        if (!known.contains(in)) {
          throw new DiagramException(
              "the box of wire '%s' reads a wire '%s' that no box before it makes"
                  .formatted(box.out().name(), in));
        }
      }
      add(known, box.out().name(), name);
    }
    for (String output : outputs) {
      if (!known.contains(output)) {
        throw new DiagramException("there is no wire '%s' to come out".formatted(output));
      }
    }
  }

  private static void add(Set<String> known, String wire, String diagram) {
    if (!known.add(wire)) {
      throw new DiagramException("diagram %s has two wires '%s'".formatted(diagram, wire));
    }
  }

  // ---- small diagrams ----

  /** All wires straight through. */
  public static Diagram identity(Wire... wires) {
    return straight("identity", List.of(wires), List.of(wires).stream().map(Wire::name).toList());
  }

  /** A tuple of one array becomes a tuple of two equal ones. */
  public static Diagram copy(Wire wire) {
    return straight("copy", List.of(wire), List.of(wire.name(), wire.name()));
  }

  /** The array goes nowhere. */
  public static Diagram delete(Wire wire) {
    return straight("delete", List.of(wire), List.of());
  }

  /** The parts of a tuple change places. */
  public static Diagram swap(Wire first, Wire second) {
    return straight("swap", List.of(first, second), List.of(second.name(), first.name()));
  }

  private static Diagram straight(String name, List<Wire> inputs, List<String> outputs) {
    return new Diagram(name, inputs, List.of(), outputs);
  }

  /** Reads the text that {@link #toString} writes. */
  public static Diagram parse(String text) {
    return Notation.read(text);
  }

  // ---- composition ----

  /**
   * This diagram and then another: the data inputs of the other are, in order, the outputs of this
   * one; its weights come in beside. Names of wires must not clash; see {@link #renamed}.
   *
   * @throws DiagramException if the numbers of wires or of axes differ
   */
  public Diagram then(Diagram next) {
    List<Wire> open = next.inputs.stream().filter(w -> w.role() == Wire.Role.DATA).toList();
    if (open.size() != outputs.size()) {
      throw new DiagramException(
          "%d wires come out of %s and %d go into %s: part '%s' of the tuple has no partner"
              .formatted(
                  outputs.size(),
                  name,
                  open.size(),
                  next.name,
                  outputs.size() > open.size()
                      ? outputs.get(open.size())
                      : open.get(outputs.size()).name()));
    }
    List<Box> all = new ArrayList<>(boxes);
    Map<String, String> joined = new HashMap<>();
    for (int i = 0; i < open.size(); i++) {
      joined.put(open.get(i).name(), fitted(wire(outputs.get(i)), open.get(i), all));
    }
    UnaryOperator<String> names = n -> joined.getOrDefault(n, n);
    for (Box box : next.boxes) {
      all.add(new Box(box.does(), box.in().stream().map(names).toList(), box.out()));
    }
    List<Wire> in = new ArrayList<>(inputs);
    next.inputs.stream().filter(w -> !joined.containsKey(w.name())).forEach(in::add);
    return new Diagram(name + "." + next.name, in, all, next.outputs.stream().map(names).toList());
  }

  /** The wire with its axes named as the other diagram names them. */
  private static String fitted(Wire from, Wire to, List<Box> boxes) {
    if (from.axes().size() != to.axes().size()) {
      throw new DiagramException("%s cannot go in as %s: not as many axes".formatted(from, to));
    }
    Wire at = from;
    for (int step = 0; step < 2; step++) { // by way of names that neither uses
      for (int i = 0; i < to.axes().size(); i++) {
        String goal = to.axes().get(i).name();
        String here = at.axes().get(i).name();
        String name = step == 0 && !here.equals(goal) ? goal + "_" + i + "_" : goal;
        if (here.equals(name) || (step == 1 && here.equals(goal))) {
          continue;
        }
        List<Axis> axes = new ArrayList<>(at.axes());
        axes.set(i, axes.get(i).named(name));
        Wire next = Wire.data(to.name() + ".as" + (step == 0 ? "_" : "") + i, axes);
        boxes.add(new Box(new Morphism.Rename(here, name), List.of(at.name()), next));
        at = next;
      }
    }
    return at.name();
  }

  /** Both diagrams one below the other, on the parts of a longer tuple. */
  public Diagram beside(Diagram other) {
    List<Wire> in = new ArrayList<>(inputs);
    in.addAll(other.inputs);
    List<Box> all = new ArrayList<>(boxes);
    all.addAll(other.boxes);
    List<String> out = new ArrayList<>(outputs);
    out.addAll(other.outputs);
    return new Diagram(name + "+" + other.name, in, all, out);
  }

  /**
   * Lifted over an axis: the diagram acts on every index of it by itself. Inputs that are not named
   * are the same for all indices (inner broadcasting).
   *
   * @param over a name that no wire uses yet; becomes the first axis
   * @param lifted the inputs that have it
   */
  public Diagram lift(Axis over, Collection<String> lifted) {
    Set<String> with = new LinkedHashSet<>();
    List<Wire> in = new ArrayList<>();
    for (Wire wire : inputs) {
      in.add(lifted.contains(wire.name()) ? lifted(wire, over, with) : wire);
    }
    for (String name : lifted) {
      if (!with.contains(name)) {
        throw new DiagramException("there is no input '%s' to lift".formatted(name));
      }
    }
    List<Box> all = new ArrayList<>();
    for (Box box : boxes) {
      boolean any = box.in().stream().anyMatch(with::contains);
      if (any && box.does() instanceof Morphism.Join) {
        all.addAll(lengthened(box, over, with, all, in));
      } else {
        all.add(any ? new Box(box.does(), box.in(), lifted(box.out(), over, with)) : box);
      }
    }
    return new Diagram(name, in, all, outputs);
  }

  /** Joins need all parts to have all axes. */
  private List<Box> lengthened(
      Box join, Axis over, Set<String> with, List<Box> before, List<Wire> in) {
    List<Box> added = new ArrayList<>();
    List<String> parts = new ArrayList<>();
    for (String part : join.in()) {
      String name = part;
      if (!with.contains(part)) {
        Wire wire = new Diagram(name(), in, before, List.of()).wire(part);
        name = part + "." + over.name() + (added.isEmpty() ? "" : "_" + added.size());
        Wire repeated = lifted(Wire.data(name, wire.axes()), over, new HashSet<>());
        added.add(new Box(new Morphism.Repeat(), List.of(part), repeated));
      }
      parts.add(name);
    }
    added.add(new Box(join.does(), parts, lifted(join.out(), over, with)));
    return added;
  }

  private static Wire lifted(Wire wire, Axis over, Set<String> with) {
    if (wire.has(over.name())) {
      throw new DiagramException(
          "cannot lift over '%s': wire %s has such an axis already".formatted(over.name(), wire));
    }
    with.add(wire.name());
    List<Axis> axes = new ArrayList<>(List.of(over));
    axes.addAll(wire.axes());
    return wire.withAxes(axes);
  }

  /** Lifted over an axis of all data and index inputs, such as a batch. */
  public Diagram lift(Axis over) {
    return lift(
        over,
        inputs.stream()
            .filter(w -> w.role() == Wire.Role.DATA || w.role() == Wire.Role.INDEX)
            .map(Wire::name)
            .toList());
  }

  /** The same diagram with other names of wires. */
  public Diagram renamed(UnaryOperator<String> names) {
    return new Diagram(
        name,
        inputs.stream().map(w -> w.named(names.apply(w.name()))).toList(),
        boxes.stream()
            .map(b ->
                new Box(
                    b.does(),
                    b.in().stream().map(names).toList(),
                    b.out().named(names.apply(b.out().name()))))
            .toList(),
        outputs.stream().map(names).toList());
  }

  /** The same diagram with other wires coming out, without boxes that none of them needs. */
  public Diagram giving(List<String> others) {
    Diagram whole = new Diagram(name, inputs, boxes, others);
    Set<String> needed = new HashSet<>(others);
    List<Box> kept = new ArrayList<>();
    for (Box box : whole.boxes.reversed()) {
      if (needed.contains(box.out().name())) {
        kept.addFirst(box);
        needed.addAll(box.in());
      }
    }
    List<Wire> read = inputs.stream().filter(w -> needed.contains(w.name())).toList();
    return new Diagram(name, read, kept, others);
  }

  // ---- what there is ----

  /** Every wire by its name, inputs first. */
  public Map<String, Wire> wires() {
    Map<String, Wire> all = new LinkedHashMap<>();
    inputs.forEach(w -> all.put(w.name(), w));
    boxes.forEach(b -> all.put(b.out().name(), b.out()));
    return all;
  }

  /**
   * The wire of a name.
   *
   * @throws DiagramException if there is none
   */
  public Wire wire(String wireName) {
    Wire wire = wires().get(wireName);
    if (wire == null) {
      throw new DiagramException(
          "diagram %s has no wire '%s'; it has %s".formatted(name, wireName, wires().keySet()));
    }
    return wire;
  }

  /** Inputs of a role, in order. */
  public List<Wire> inputs(Wire.Role role) {
    return inputs.stream().filter(w -> w.role() == role).toList();
  }

  /** How many boxes, or the outside, read a wire. */
  int readers(String wireName) {
    long inside = boxes.stream().flatMap(b -> b.in().stream()).filter(wireName::equals).count();
    long outside = outputs.stream().filter(wireName::equals).count();
    return Math.toIntExact(inside + outside);
  }

  // ---- readings ----

  /**
   * Checks that all wires fit, by unifying the sizes of axes.
   *
   * @param sizes numbers for symbols; those left out stay symbols
   * @throws DiagramException naming the wire and the axis that does not fit
   */
  public Typing check(Map<String, Long> sizes) {
    return Typing.of(this, sizes);
  }

  /** Checks with symbols alone. */
  public Typing check() {
    return check(Map.of());
  }

  /** A layer that runs the diagram for some sizes; its weights are zeros. */
  public DiagramLayer compile(Map<String, Long> sizes) {
    return new DiagramLayer(this, sizes);
  }

  /** What it costs to run, as formulas in the sizes of its axes. */
  public Work cost() {
    return Work.of(this);
  }

  /** The reverse pass, as a diagram. */
  public Backward backward() {
    return Backward.of(this);
  }

  /** The diagram as a drawing; {@link DiagramSvg#read} gets the diagram back. */
  public String svg() {
    return DiagramSvg.draw(this);
  }

  /** One wire or box a line, for reading and for {@link #parse}. */
  @Override
  public String toString() {
    return Notation.write(this);
  }
}
