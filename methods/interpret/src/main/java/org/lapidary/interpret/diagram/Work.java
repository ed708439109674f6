package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a diagram costs, as formulas in the sizes of its axes.
 *
 * @param multiplyAdds of all products and sums: each the product of the sizes of all axes in it
 * @param evaluations of nonlinear functions and element-wise boxes: elements that they make
 * @param weights trained parameters
 * @param cuts numbers that are held while each box works (what passes it by, enters and leaves it;
 *     weights and buffers aside), in order
 * @param boxes multiply-adds of each product, by the wire that it makes
 */
public record Work(
    Polynomial multiplyAdds,
    Polynomial evaluations,
    Polynomial weights,
    List<Cut> cuts,
    Map<String, Polynomial> boxes) {

  /** A vertical cut through the box that makes a wire. */
  public record Cut(String wire, Polynomial numbers) {}

  static Work of(Diagram diagram) {
    Typing typing = diagram.check();
    Map<String, Wire> wires = diagram.wires();
    Polynomial products = Polynomial.ZERO;
    Polynomial evaluations = Polynomial.ZERO;
    Map<String, Polynomial> boxes = new LinkedHashMap<>();
    for (Box box : diagram.boxes()) {
      List<Wire> in = box.in().stream().map(wires::get).toList();
      switch (box.does()) {
        case Morphism.Contract ignored -> {
          Polynomial cost = product(box, in, typing);
          products = products.plus(cost);
          boxes.put(box.out().name(), cost);
        }
        case Morphism.Rearrangement ignored -> {}
        case Morphism.Repeat ignored -> {}
        default -> evaluations = evaluations.plus(elements(box.out(), typing));
      }
    }
    Polynomial weights = Polynomial.ZERO;
    for (Wire wire : diagram.inputs(Wire.Role.WEIGHT)) {
      weights = weights.plus(elements(wire, typing));
    }
    return new Work(products, evaluations, weights, cuts(diagram, wires, typing), boxes);
  }

  private static Polynomial elements(Wire wire, Typing typing) {
    return typing.resolve(wire.elements());
  }

  /** All axes of the joint; a mere transpose costs nothing. */
  private static Polynomial product(Box box, List<Wire> in, Typing typing) {
    Map<String, Axis> joint = new LinkedHashMap<>();
    in.forEach(w -> w.axes().forEach(a -> joint.putIfAbsent(a.name(), a)));
    if (in.size() == 1 && joint.size() == box.out().axes().size()) {
      return Polynomial.ZERO;
    }
    return joint.values().stream().map(typing::size).reduce(Polynomial.ONE, Polynomial::times);
  }

  // ---- memory ----

  private static List<Cut> cuts(Diagram diagram, Map<String, Wire> wires, Typing typing) {
    Map<String, String> storage = storage(diagram, wires);
    Map<String, Integer> last = new HashMap<>();
    List<Box> boxes = diagram.boxes();
    for (int i = 0; i < boxes.size(); i++) {
      for (String in : boxes.get(i).in()) {
        last.put(storage.getOrDefault(in, in), i);
      }
    }
    diagram.outputs().forEach(o -> last.put(storage.getOrDefault(o, o), boxes.size()));
    Set<String> live = new HashSet<>();
    Set<String> fixed = new HashSet<>();
    for (Wire wire : diagram.inputs()) {
      boolean passes = wire.role() == Wire.Role.DATA || wire.role() == Wire.Role.INDEX;
      (passes ? live : fixed).add(wire.name());
    }
    Set<String> given = Set.copyOf(live);
    List<Cut> cuts = new ArrayList<>();
    for (int i = 0; i < boxes.size(); i++) {
      String made = boxes.get(i).out().name();
      String held = storage.getOrDefault(made, made);
      if (boxes.get(i).does() instanceof Morphism.Fold) {
        // what a product made lies in the product's order: it is written anew before it is added up
        String in = boxes.get(i).in().getFirst();
        boolean product =
            boxes.subList(0, i).stream()
                .anyMatch(b -> b.out().name().equals(in) && b.does() instanceof Morphism.Contract);
        if (product) {
          Polynomial copy = sum(Set.of(in), wires, typing);
          cuts.add(new Cut(in, sum(live, wires, typing).plus(copy)));
        }
      }
      if (!fixed.contains(held)) {
        live.add(held);
      }
      cuts.add(new Cut(made, sum(live, wires, typing)));
      int now = i;
      live.removeIf(name -> !given.contains(name) && last.getOrDefault(name, -1) <= now);
    }
    return cuts;
  }

  private static Polynomial sum(Set<String> names, Map<String, Wire> wires, Typing typing) {
    Polynomial sum = Polynomial.ZERO;
    for (String name : names) {
      Wire wire = wires.get(name);
      if (wire != null) {
        sum = sum.plus(elements(wire, typing));
      }
    }
    return sum;
  }

  /**
   * The wire in whose memory each wire lies: a rearrangement that only reads otherwise has none.
   */
  private static Map<String, String> storage(Diagram diagram, Map<String, Wire> wires) {
    Map<String, String> storage = new HashMap<>();
    Set<String> scattered = new HashSet<>();
    for (Box box : diagram.boxes()) {
      String in = box.in().getFirst();
      String out = box.out().name();
      Wire x = wires.get(in);
      if (x == null) {
        throw new IllegalStateException("no wire " + in);
      }
      boolean view =
          switch (box.does()) {
            case Morphism.Rename ignored -> true;
            case Morphism.Ungroup ignored -> true;
            case Morphism.Crop ignored -> true;
            case Morphism.Repeat ignored -> true;
            case Morphism.Contract ignored ->
                box.in().size() == 1 && x.axes().size() == box.out().axes().size();
            case Morphism.Group g -> !scattered.contains(in) && adjacent(x, g.axes());
            default -> false;
          };
      if (view) {
        storage.put(out, storage.getOrDefault(in, in));
        boolean keeps = box.does() instanceof Morphism.Rename;
        boolean moves = !keeps && !(box.does() instanceof Morphism.Ungroup);
        if (scattered.contains(in)
            || (moves && !x.axisNames().equals(box.out().axisNames()))
            || box.does() instanceof Morphism.Crop) {
          scattered.add(out);
        }
      }
    }
    return storage;
  }

  private static boolean adjacent(Wire x, List<String> axes) {
    int first = x.place(axes.getFirst());
    return first + axes.size() <= x.axes().size()
        && x.axisNames().subList(first, first + axes.size()).equals(axes);
  }

  /** The most numbers that are held at once. */
  public long peak(Typing sizes) {
    return cuts.stream().mapToLong(c -> sizes.number(c.numbers())).max().orElse(0);
  }

  /** The cut with the most numbers, for some sizes. */
  public Cut widest(Typing sizes) {
    return cuts.stream()
        .max(Comparator.comparingLong(c -> sizes.number(c.numbers())))
        .orElseThrow(() -> new DiagramException("a diagram without boxes has no cut"));
  }
}
