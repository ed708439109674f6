package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/**
 * A diagram with one mistake in it.
 *
 * @param kind of mistake
 * @param wire where it was made
 * @param near that wire and those that boxes which read it make
 */
record Mutation(Kind kind, String wire, Set<String> near, Diagram diagram) {

  enum Kind {
    /** A box reads a wire with two of its axes exchanged. */
    AXIS_SWAP,
    /** An axis of a wire or a weight is drawn one longer. */
    WRONG_SIZE,
    /** A wire is drawn without an axis over which its box is lifted. */
    DROPPED_BROADCAST,
    /** A box lacks one of the parts that it read. */
    MISSING_PART
  }

  /** A mistake somewhere, or nothing where the diagram has no place for that kind. */
  static Optional<Mutation> draw(Diagram d, Kind kind, Rng rng) {
    return switch (kind) {
      case AXIS_SWAP -> axisSwap(d, rng);
      case WRONG_SIZE -> wrongSize(d, rng);
      case DROPPED_BROADCAST -> droppedBroadcast(d, rng);
      case MISSING_PART -> missingPart(d, rng);
    };
  }

  private static <T> Optional<T> any(List<T> from, Rng rng) {
    return from.isEmpty() ? Optional.empty() : Optional.of(from.get(rng.nextInt(from.size())));
  }

  private static Mutation of(Kind kind, String wire, Diagram d) {
    Set<String> near = new TreeSet<>(Set.of(wire));
    for (int i = 0; i < 4; i++) { // a swap is drawn by three boxes
      for (Box box : d.boxes()) {
        if (box.in().stream().anyMatch(near::contains) && (i == 0 || kind == Kind.AXIS_SWAP)) {
          near.add(box.out().name());
        }
      }
    }
    return new Mutation(kind, wire, near, d);
  }

  private static Optional<Mutation> axisSwap(Diagram d, Rng rng) {
    Map<String, Wire> wires = d.wires();
    record Place(int box, int in) {}
    List<Place> places = new ArrayList<>();
    for (int b = 0; b < d.boxes().size(); b++) {
      for (int i = 0; i < d.boxes().get(b).in().size(); i++) {
        Wire in = wires.get(d.boxes().get(b).in().get(i));
        if (in != null && in.axes().size() > 1 && in.role() != Wire.Role.INDEX) {
          places.add(new Place(b, i));
        }
      }
    }
    return any(places, rng)
        .map(p -> {
          Box box = d.boxes().get(p.box);
          Wire in = d.wire(box.in().get(p.in));
          int first = rng.nextInt(in.axes().size());
          int second = (first + 1 + rng.nextInt(in.axes().size() - 1)) % in.axes().size();
          List<Box> boxes = new ArrayList<>(d.boxes().subList(0, p.box));
          String a = in.axes().get(first).name();
          String b = in.axes().get(second).name();
          Wire at = in;
          int step = 0;
          for (String[] names : new String[][] {{a, "swapped"}, {b, a}, {"swapped", b}}) {
            List<Axis> axes = new ArrayList<>(at.axes());
            int place = at.place(names[0]);
            axes.set(place, axes.get(place).named(names[1]));
            Wire next = Wire.data(in.name() + ".swapped" + step++, axes);
            boxes.add(new Box(new Morphism.Rename(names[0], names[1]), List.of(at.name()), next));
            at = next;
          }
          List<String> read = new ArrayList<>(box.in());
          read.set(p.in, at.name());
          boxes.add(new Box(box.does(), read, box.out()));
          boxes.addAll(d.boxes().subList(p.box + 1, d.boxes().size()));
          return of(
              Kind.AXIS_SWAP, in.name(), new Diagram(d.name(), d.inputs(), boxes, d.outputs()));
        });
  }

  private static Diagram drawn(Diagram d, String name, List<Axis> axes) {
    return new Diagram(
        d.name(),
        d.inputs().stream().map(w -> w.name().equals(name) ? w.withAxes(axes) : w).toList(),
        d.boxes().stream()
            .map(b ->
                b.out().name().equals(name) ? new Box(b.does(), b.in(), b.out().withAxes(axes)) : b)
            .toList(),
        d.outputs());
  }

  private static Optional<Mutation> wrongSize(Diagram d, Rng rng) {
    List<Wire> wires = new ArrayList<>(d.inputs(Wire.Role.WEIGHT));
    d.boxes().forEach(b -> wires.add(b.out()));
    return any(wires.stream().filter(w -> !w.axes().isEmpty()).toList(), rng)
        .map(w -> {
          int i = rng.nextInt(w.axes().size());
          List<Axis> axes = new ArrayList<>(w.axes());
          Axis axis = axes.get(i);
          axes.set(i, new Axis(axis.name(), axis.size().plus(Polynomial.ONE)));
          return of(Kind.WRONG_SIZE, w.name(), drawn(d, w.name(), axes));
        });
  }

  private static Optional<Mutation> droppedBroadcast(Diagram d, Rng rng) {
    record Place(Wire wire, Axis axis) {}
    List<Place> places = new ArrayList<>();
    for (Box box : d.boxes()) {
      for (Axis axis : box.out().axes()) {
        if (box.in().stream().anyMatch(in -> d.wire(in).has(axis.name()))) {
          places.add(new Place(box.out(), axis));
        }
      }
    }
    return any(places, rng)
        .map(p -> {
          List<Axis> axes = new ArrayList<>(p.wire.axes());
          axes.remove(p.axis);
          return of(Kind.DROPPED_BROADCAST, p.wire.name(), drawn(d, p.wire.name(), axes));
        });
  }

  private static Optional<Mutation> missingPart(Diagram d, Rng rng) {
    return any(d.boxes().stream().filter(b -> b.in().size() > 1).toList(), rng)
        .map(box -> {
          List<String> in = new ArrayList<>(box.in());
          in.remove(rng.nextInt(in.size()));
          Box shorter = new Box(box.does(), in, box.out());
          List<Box> boxes = d.boxes().stream().map(b -> b == box ? shorter : b).toList();
          return of(
              Kind.MISSING_PART,
              box.out().name(),
              new Diagram(d.name(), d.inputs(), boxes, d.outputs()));
        });
  }

  /**
   * The boxes that run without any check before one fails or gives an array that is not what is
   * drawn; nothing where all run.
   */
  Optional<Integer> failsAtRunTime(Counterpart with) {
    Execution execution = new Execution(Typing.unchecked(with.sizes()), DType.FLOAT64);
    Map<String, Tensor> live = new HashMap<>();
    int open = 0;
    for (Wire wire : diagram.inputs()) {
      Tensor given = with.weights().get(wire.name());
      Tensor x = given == null ? with.inputs().get(open++) : given.detach();
      long[] drawn = execution.shape(wire);
      if (x.elements() != Arrays.stream(drawn).reduce(1, (a, b) -> a * b)) {
        return Optional.of(0);
      }
      live.put(wire.name(), x.reshape(drawn));
    }
    for (int i = 0; i < diagram.boxes().size(); i++) {
      Box box = diagram.boxes().get(i);
      List<Wire> in = box.in().stream().map(diagram::wire).toList();
      List<Tensor> x = new ArrayList<>();
      box.in().forEach(n -> x.add(Objects.requireNonNull(live.get(n))));
      try {
        Tensor out = execution.run(box.does(), in, box.out(), x);
        if (!Arrays.equals(out.shape().toArray(), execution.shape(box.out()))) {
          return Optional.of(i);
        }
        live.put(box.out().name(), out);
      } catch (RuntimeException e) {
        return Optional.of(i);
      }
    }
    return Optional.empty();
  }
}
