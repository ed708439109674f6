package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;

/**
 * Products of many arrays in pairs, in the order with the fewest multiplications: among all binary
 * trees, by dynamic programming over the subsets of factors (3^factors steps). A factor's own axes
 * may be summed before or with its product.
 */
final class ContractionPlan {
  private static final int MOST = 12;

  private final Box box;
  private final List<Wire> in;
  private final ToLongFunction<Axis> sizes;
  private final Map<Integer, Step> best = new HashMap<>();

  /** The cheapest way to a product of some factors; {@code left} is 0 for a factor by itself. */
  private record Step(double cost, int left, boolean presum) {}

  private ContractionPlan(Box box, List<Wire> in, ToLongFunction<Axis> sizes) {
    this.box = box;
    this.in = in;
    this.sizes = sizes;
  }

  /** The diagram with every product of three factors or more taken in pairs. */
  static Diagram binary(Diagram diagram, ToLongFunction<Axis> sizes) {
    Map<String, Wire> wires = diagram.wires();
    List<Box> boxes = new ArrayList<>();
    for (Box box : diagram.boxes()) {
      List<Wire> in = box.in().stream().map(wires::get).toList();
      if (box.does() instanceof Morphism.Contract && in.size() > 1) {
        boxes.addAll(new ContractionPlan(box, in, sizes).boxes());
      } else {
        boxes.add(box);
      }
    }
    return new Diagram(diagram.name(), diagram.inputs(), boxes, diagram.outputs());
  }

  private List<Box> boxes() {
    int n = in.size();
    if (n > MOST) {
      throw new DiagramException(
          "wire '%s' is a product of %d wires; at most %d can be planned, make two boxes of it"
              .formatted(box.out().name(), n, MOST));
    }
    int all = (1 << n) - 1;
    for (int set = 1; set <= all; set++) {
      best.put(set, Integer.bitCount(set) == 1 ? leaf(set) : node(set));
    }
    List<Box> made = new ArrayList<>();
    emit(all, made);
    return made;
  }

  /** A factor as it is; summing its own axes first is decided where it is used. */
  private Step leaf(int set) {
    boolean presum = own(set).size() < axes(set).size();
    return new Step(0, 0, presum);
  }

  private Step node(int set) {
    Step found = new Step(Double.POSITIVE_INFINITY, 0, false);
    for (int left = (set - 1) & set; left > 0; left = (left - 1) & set) {
      int right = set ^ left;
      if (left < right) {
        continue; // each pair once
      }
      double cost = step(left).cost + step(right).cost + pair(left, right);
      if (cost < found.cost) {
        found = new Step(cost, left, false);
      }
    }
    return found;
  }

  private Step step(int set) {
    Step step = best.get(set);
    if (step == null) {
      throw new IllegalStateException("no plan for the factors " + Integer.toBinaryString(set));
    }
    return step;
  }

  private double pair(int left, int right) {
    return product(union(entering(left, right), entering(right, left)))
        + before(left, right)
        + before(right, left);
  }

  /** The axes with which a side enters a product: summed before where that is cheaper. */
  private Set<Axis> entering(int side, int other) {
    return presummed(side, other) ? own(side) : axes(side);
  }

  private double before(int side, int other) {
    return presummed(side, other) ? product(axes(side)) : 0;
  }

  private boolean presummed(int side, int other) {
    if (!step(side).presum) {
      return false;
    }
    Set<Axis> shared = axes(other);
    return product(axes(side)) + product(union(own(side), shared))
        < product(union(axes(side), shared));
  }

  /** The axes of the product of a set of factors before any of its own are summed. */
  private Set<Axis> axes(int set) {
    if (Integer.bitCount(set) > 1) {
      return own(set);
    }
    return new LinkedHashSet<>(named(in.get(Integer.numberOfTrailingZeros(set))));
  }

  /** The axes that the output or a factor outside still needs. */
  private Set<Axis> own(int set) {
    Set<String> needed = new HashSet<>(box.out().axisNames());
    Set<Axis> here = new LinkedHashSet<>();
    for (int i = 0; i < in.size(); i++) {
      if ((set >> i & 1) == 1) {
        here.addAll(named(in.get(i)));
      } else {
        needed.addAll(in.get(i).axisNames());
      }
    }
    here.removeIf(a -> !needed.contains(a.name()));
    return here;
  }

  /** Axes under the first size that a factor gives them, so that equal ones are equal. */
  private List<Axis> named(Wire wire) {
    return wire.axes().stream()
        .map(a ->
            in.stream()
                .filter(w -> w.has(a.name()))
                .findFirst()
                .orElse(wire)
                .axis(a.name())
                .orElse(a))
        .toList();
  }

  private static Set<Axis> union(Set<Axis> a, Set<Axis> b) {
    Set<Axis> all = new LinkedHashSet<>(a);
    all.addAll(b);
    return all;
  }

  private double product(Set<Axis> axes) {
    double product = 1;
    for (Axis axis : axes) {
      product *= sizes.applyAsLong(axis);
    }
    return product;
  }

  private String emit(int set, List<Box> made) {
    if (Integer.bitCount(set) == 1) {
      return in.get(Integer.numberOfTrailingZeros(set)).name();
    }
    int left = step(set).left;
    int right = set ^ left;
    List<String> sides = new ArrayList<>();
    for (int[] pair : new int[][] {{left, right}, {right, left}}) {
      String name = emit(pair[0], made);
      if (presummed(pair[0], pair[1])) {
        String summed = box.out().name() + ".sum" + made.size();
        made.add(
            new Box(
                new Morphism.Contract(),
                List.of(name),
                Wire.data(summed, List.copyOf(own(pair[0])))));
        name = summed;
      }
      sides.add(name);
    }
    boolean last = set == (1 << in.size()) - 1;
    Wire out =
        last
            ? box.out()
            : Wire.data(box.out().name() + ".part" + made.size(), List.copyOf(own(set)));
    made.add(new Box(new Morphism.Contract(), sides, out));
    return out.name();
  }
}
