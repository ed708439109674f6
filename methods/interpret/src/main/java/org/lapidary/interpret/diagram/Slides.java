package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Rewrites that change nothing: two linear boxes one after the other that touch different axes
 * change places, and products of products become one.
 */
public final class Slides {
  private Slides() {}

  /**
   * A place where two boxes can change places.
   *
   * @param first the wire between them
   * @param second the wire after the second
   */
  public record Slide(String first, String second) {}

  /** All pairs that can change places. */
  public static List<Slide> legal(Diagram diagram) {
    Map<String, Box> makers = makers(diagram);
    Map<String, Wire> wires = diagram.wires();
    List<Slide> all = new ArrayList<>();
    for (Box second : diagram.boxes()) {
      Box first = makers.get(second.in().getFirst());
      if (first != null
          && diagram.readers(first.out().name()) == 1
          && slides(first)
          && slides(second)
          && disjoint(first, second, wires)) {
        all.add(new Slide(first.out().name(), second.out().name()));
      }
    }
    return all;
  }

  private static Map<String, Box> makers(Diagram diagram) {
    Map<String, Box> makers = new HashMap<>();
    diagram.boxes().forEach(b -> makers.put(b.out().name(), b));
    return makers;
  }

  private static boolean slides(Box box) {
    return switch (box.does()) {
      case Morphism.Contract ignored -> true;
      case Morphism.Repeat ignored -> true;
      case Morphism.Scale ignored -> true;
      case Morphism.Window ignored -> true;
      case Morphism.Fold ignored -> true;
      case Morphism.Pad ignored -> true;
      case Morphism.Crop ignored -> true;
      default -> false;
    };
  }

  private static boolean disjoint(Box first, Box second, Map<String, Wire> wires) {
    Set<String> common = touched(first, wires);
    common.retainAll(touched(second, wires));
    return common.isEmpty();
  }

  /** Axes that a box makes, ends, names, or shares with its other factors. */
  private static Set<String> touched(Box box, Map<String, Wire> wires) {
    Set<String> all = new HashSet<>();
    Wire x = wire(wires, box.in().getFirst());
    x.axisNames().stream().filter(a -> !box.out().has(a)).forEach(all::add);
    box.out().axisNames().stream().filter(a -> !x.has(a)).forEach(all::add);
    for (String other : box.in().subList(1, box.in().size())) {
      all.addAll(wire(wires, other).axisNames());
    }
    switch (box.does()) {
      case Morphism.Pad p -> all.add(p.axis());
      case Morphism.Crop c -> all.add(c.axis());
      case Morphism.Window w -> all.add(w.axis());
      case Morphism.Fold f -> all.add(f.place());
      default -> {}
    }
    return all;
  }

  private static Wire wire(Map<String, Wire> wires, String name) {
    Wire wire = wires.get(name);
    if (wire == null) {
      throw new IllegalStateException("no wire " + name);
    }
    return wire;
  }

  /**
   * The diagram with two boxes in the other order.
   *
   * @throws DiagramException if they cannot change places
   */
  public static Diagram slide(Diagram diagram, Slide slide) {
    if (!legal(diagram).contains(slide)) {
      throw new DiagramException(
          "the boxes of '%s' and '%s' cannot change places: they are not neighbours, not linear, or touch a common axis"
              .formatted(slide.first(), slide.second()));
    }
    Map<String, Wire> wires = diagram.wires();
    Map<String, Box> makers = makers(diagram);
    Box first = box(makers, slide.first());
    Box second = box(makers, slide.second());
    Wire x = wire(wires, first.in().getFirst());
    Wire middle = Wire.data(slide.first(), after(second, x.axes(), first.out().axes()));
    Wire last = Wire.data(slide.second(), after(first, middle.axes(), x.axes()));
    List<Box> boxes = new ArrayList<>();
    for (Box box : diagram.boxes()) {
      if (box == first) {
        continue; // both stand where the second stood, when all factors are there
      }
      if (box != second) {
        boxes.add(box);
        continue;
      }
      boxes.add(new Box(second.does(), with(second, x.name()), middle));
      Wire wanted = second.out();
      if (last.axisNames().equals(wanted.axisNames())) {
        boxes.add(new Box(first.does(), with(first, middle.name()), wanted));
      } else {
        Wire turned = last.named(slide.second() + ".turned");
        boxes.add(new Box(first.does(), with(first, middle.name()), turned));
        boxes.add(new Box(new Morphism.Contract(), List.of(turned.name()), wanted));
      }
    }
    return new Diagram(diagram.name(), diagram.inputs(), boxes, diagram.outputs());
  }

  private static Box box(Map<String, Box> makers, String name) {
    Box box = makers.get(name);
    if (box == null) {
      throw new IllegalStateException("no box makes " + name);
    }
    return box;
  }

  private static List<String> with(Box box, String main) {
    List<String> in = new ArrayList<>(box.in());
    in.set(0, main);
    return in;
  }

  /** The axes that a box, which made its output of {@code before}, makes of other axes. */
  private static List<Axis> after(Box box, List<Axis> of, List<Axis> before) {
    Wire out = box.out();
    List<String> had = before.stream().map(Axis::name).toList();
    List<Axis> made = out.axes().stream().filter(a -> !had.contains(a.name())).toList();
    List<Axis> all = new ArrayList<>();
    boolean placed = false;
    for (Axis axis : of) {
      boolean gone = had.contains(axis.name()) && !out.has(axis.name());
      if (!gone) {
        boolean resized = out.axis(axis.name()).isPresent() && changes(before, out, axis.name());
        all.add(resized ? out.axis(axis.name()).orElse(axis) : axis);
      } else if (!placed
          && !(box.does() instanceof Morphism.Fold f && axis.name().equals(f.tap()))) {
        all.addAll(made);
        placed = true;
      }
    }
    if (!placed) {
      all.addAll(made);
    }
    return all;
  }

  /** Whether a box, as a pad does, gives an axis another size. */
  private static boolean changes(List<Axis> before, Wire out, String axis) {
    return before.stream()
        .filter(a -> a.name().equals(axis))
        .anyMatch(a -> !out.axis(axis).orElse(a).equals(a));
  }

  /** Products of which a product is made, and that nothing else reads, become part of it. */
  public static Diagram merged(Diagram diagram) {
    List<Box> boxes = new ArrayList<>(diagram.boxes());
    for (int i = 0; i < boxes.size(); i++) {
      Box inner = boxes.get(i);
      if (inner.does() instanceof Morphism.Contract && diagram.readers(inner.out().name()) == 1) {
        for (int j = i + 1; j < boxes.size(); j++) {
          Box outer = boxes.get(j);
          if (outer.in().contains(inner.out().name())
              && outer.does() instanceof Morphism.Contract
              && free(inner, outer, diagram.wires())) {
            List<String> in = new ArrayList<>();
            for (String factor : outer.in()) {
              if (factor.equals(inner.out().name())) {
                in.addAll(inner.in());
              } else {
                in.add(factor);
              }
            }
            boxes.set(j, new Box(outer.does(), in, outer.out()));
            boxes.remove(i);
            i--;
            break;
          }
        }
      }
    }
    return new Diagram(diagram.name(), diagram.inputs(), boxes, diagram.outputs());
  }

  /** Axes that the inner product has summed mean nothing to the outer one. */
  private static boolean free(Box inner, Box outer, Map<String, Wire> wires) {
    Set<String> summed = new HashSet<>();
    inner.in().forEach(f -> summed.addAll(wire(wires, f).axisNames()));
    summed.removeAll(inner.out().axisNames());
    return !outer.out().axisNames().stream().anyMatch(summed::contains)
        && outer.in().stream()
            .filter(f -> !f.equals(inner.out().name()))
            .noneMatch(f -> wire(wires, f).axisNames().stream().anyMatch(summed::contains));
  }
}
