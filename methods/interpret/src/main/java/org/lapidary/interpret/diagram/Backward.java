package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The reverse pass of a diagram, as a diagram: boxes are replaced by the transposes of their
 * derivatives, read from right to left. Linear boxes turn round (a window becomes a fold, a sum
 * over an axis a repetition), a copy becomes a sum, a product needs the other factors, and a
 * nonlinear box needs what entered or left it.
 *
 * @param diagram from the cached wires (under their own names) and a cotangent {@code d.x} for
 *     every output x to a cotangent {@code d.y} for every input y that is data or a weight
 * @param cached the wires of the forward pass that it reads
 */
public record Backward(Diagram diagram, List<String> cached) {

  public Backward {
    cached = List.copyOf(cached);
  }

  static Backward of(Diagram forward) {
    return new Builder(forward).build();
  }

  /** Forward and then back: inputs and cotangents to outputs and cotangents. */
  public Diagram whole(Diagram forward) {
    List<Wire> in = new ArrayList<>(forward.inputs());
    diagram.inputs().stream().filter(w -> w.name().startsWith("d.")).forEach(in::add);
    List<Box> boxes = new ArrayList<>(forward.boxes());
    boxes.addAll(diagram.boxes());
    List<String> out = new ArrayList<>(forward.outputs());
    out.addAll(diagram.outputs());
    return new Diagram(forward.name() + ".trained", in, boxes, out);
  }

  private static final class Builder {
    private final Diagram forward;
    private final Map<String, Wire> wires;
    private final Map<String, List<String>> parts = new HashMap<>();
    private final Set<String> cached = new LinkedHashSet<>();
    private final List<Box> boxes = new ArrayList<>();
    private final Set<String> wanted = new HashSet<>();
    private int fresh;

    Builder(Diagram forward) {
      this.forward = forward;
      this.wires = forward.wires();
    }

    Backward build() {
      List<Wire> seeds = new ArrayList<>();
      for (String output : new LinkedHashSet<>(forward.outputs())) {
        Wire seed = Wire.data("d." + output, wire(output).axes());
        seeds.add(seed);
        parts.computeIfAbsent(output, k -> new ArrayList<>()).add(seed.name());
      }
      depends();
      for (Box box : forward.boxes().reversed()) {
        if (wanted.contains(box.out().name()) && parts.containsKey(box.out().name())) {
          back(box, total(box.out()));
        }
      }
      List<String> outputs = new ArrayList<>();
      for (Wire input : forward.inputs()) {
        if (differentiable(input) && parts.containsKey(input.name())) {
          outputs.add(total(input));
        }
      }
      List<Wire> in = new ArrayList<>();
      cached.forEach(c -> in.add(wire(c)));
      in.addAll(seeds);
      List<Wire> read =
          in.stream()
              .map(w -> w.role() == Wire.Role.INDEX ? w : Wire.data(w.name(), w.axes()))
              .toList();
      return new Backward(
          new Diagram(forward.name() + ".back", read, boxes, outputs), List.copyOf(cached));
    }

    private static boolean differentiable(Wire wire) {
      return wire.role() == Wire.Role.DATA || wire.role() == Wire.Role.WEIGHT;
    }

    /** Marks what depends on data or weights. */
    private void depends() {
      forward.inputs().stream().filter(Builder::differentiable).forEach(w -> wanted.add(w.name()));
      for (Box box : forward.boxes()) {
        boolean flat =
            box.does() instanceof Morphism.OneHot || box.does() instanceof Morphism.Winner;
        if (!flat && box.in().stream().anyMatch(wanted::contains)) {
          wanted.add(box.out().name());
        }
      }
    }

    private Wire wire(String name) {
      Wire wire = wires.get(name);
      if (wire == null) {
        throw new IllegalStateException("no wire " + name);
      }
      return wire;
    }

    private String keep(String wire) {
      cached.add(wire);
      return wire;
    }

    /** Adds a box and gives the name of what it makes. */
    private String box(Morphism does, List<Axis> axes, String... in) {
      Wire out = Wire.data("back." + fresh++, axes);
      boxes.add(new Box(does, List.of(in), out));
      return out.name();
    }

    /** The cotangent of a wire: the sum over all who read it. */
    private String total(Wire wire) {
      List<String> all = parts.getOrDefault(wire.name(), List.of());
      String name = "d." + wire.name();
      if (all.contains(name)) { // an output's own
        return all.size() == 1
            ? name
            : box(new Morphism.Add(), wire.axes(), all.toArray(String[]::new));
      }
      if (all.size() > 1) {
        boxes.add(new Box(new Morphism.Add(), all, Wire.data(name, wire.axes())));
      } else { // under the wire's name and with its order of axes
        boxes.add(new Box(new Morphism.Contract(), all, Wire.data(name, wire.axes())));
      }
      return name;
    }

    private void give(String to, String cotangent) {
      if (wanted.contains(to)) {
        parts.computeIfAbsent(to, k -> new ArrayList<>()).add(cotangent);
      }
    }

    private void back(Box box, String dy) {
      String name = box.in().getFirst();
      Wire x = wire(name);
      Wire y = box.out();
      switch (box.does()) {
        case Morphism.Contract ignored -> contract(box, dy);
        case Morphism.Add ignored -> {
          for (String part : box.in()) {
            Wire p = wire(part);
            give(
                part,
                p.axes().size() == y.axes().size()
                    ? dy
                    : box(new Morphism.Contract(), p.axes(), dy));
          }
        }
        case Morphism.Repeat ignored -> give(name, box(new Morphism.Contract(), x.axes(), dy));
        case Morphism.Scale s -> give(name, box(s, x.axes(), dy));
        case Morphism.Rename r ->
            give(name, box(new Morphism.Rename(r.to(), r.from()), x.axes(), dy));
        case Morphism.Group g -> {
          List<Axis> apart = new ArrayList<>();
          for (Axis axis : y.axes()) {
            if (axis.name().equals(g.into())) {
              g.axes().forEach(a -> apart.add(x.axis(a).orElseThrow()));
            } else {
              apart.add(axis);
            }
          }
          give(name, box(new Morphism.Ungroup(g.into(), g.axes()), apart, dy));
        }
        case Morphism.Ungroup u ->
            give(name, box(new Morphism.Group(u.into(), u.axis()), x.axes(), dy));
        case Morphism.Window w ->
            give(
                name,
                box(
                    new Morphism.Fold(w.axis(), w.place(), w.tap(), w.stride(), w.dilation()),
                    x.axes(),
                    dy));
        case Morphism.Fold f -> fold(f, name, x, y, dy);
        case Morphism.Pad p ->
            give(name, box(new Morphism.Crop(p.axis(), p.before(), p.after()), x.axes(), dy));
        case Morphism.Crop c ->
            give(name, box(new Morphism.Pad(c.axis(), c.before(), c.after()), x.axes(), dy));
        case Morphism.Join j -> join(box, j, dy);
        case Morphism.Shift ignored -> give(name, dy);
        case Morphism.Pointwise p -> {
          Slopes.check(p.function(), y.name());
          String slope = box(new Morphism.Slope(p.function()), x.axes(), keep(name));
          give(name, box(new Morphism.Contract(), x.axes(), dy, slope));
        }
        case Morphism.Softmax s -> {
          String weighted = box(new Morphism.Contract(), y.axes(), dy, keep(y.name()));
          List<Axis> rest = y.axes().stream().filter(a -> !a.name().equals(s.axis())).toList();
          String mean = box(new Morphism.Contract(), rest, weighted);
          String along = box(new Morphism.Contract(), y.axes(), mean, y.name());
          String minus = box(new Morphism.Scale(-1), y.axes(), along);
          give(name, box(new Morphism.Add(), y.axes(), weighted, minus));
        }
        case Morphism.Normalise n -> normalise(n, name, x, y, dy);
        case Morphism.InverseDeviation d -> {
          // d x = -dy r^2 normalised(x) / size
          String normed = box(new Morphism.Normalise(d.axes(), d.epsilon()), x.axes(), keep(name));
          String r = keep(y.name());
          String product = box(new Morphism.Contract(), x.axes(), dy, r, r, normed);
          give(name, box(new Morphism.Scale(-1, size(x, d.axes())), x.axes(), product));
        }
        case Morphism.Max m -> {
          String one = box(new Morphism.Winner(m.axis()), x.axes(), keep(name));
          give(name, box(new Morphism.Contract(), x.axes(), dy, one));
        }
        case Morphism.Causal c ->
            give(name, box(new Morphism.Causal(c.query(), c.key(), 0), x.axes(), dy));
        case Morphism.Gather g -> {
          Wire ids = wire(box.in().get(1));
          List<Axis> marked = new ArrayList<>(ids.axes());
          marked.add(x.axis(g.axis()).orElseThrow());
          String one = box(new Morphism.OneHot(g.axis()), marked, keep(ids.name()));
          give(name, box(new Morphism.Contract(), x.axes(), dy, one));
        }
        case Morphism.Slope s ->
            throw new DiagramException(
                "wire '%s': there is no second derivative of %s as a box"
                    .formatted(y.name(), s.function()));
        case Morphism.Winner ignored -> {}
        case Morphism.OneHot ignored -> {}
      }
    }

    private void contract(Box box, String dy) {
      Wire y = box.out();
      for (int i = 0; i < box.in().size(); i++) {
        Wire x = wire(box.in().get(i));
        if (!wanted.contains(x.name())) {
          continue;
        }
        List<String> factors = new ArrayList<>(List.of(dy));
        Set<String> there = new HashSet<>(y.axisNames());
        for (int j = 0; j < box.in().size(); j++) {
          if (j != i) {
            factors.add(keep(box.in().get(j)));
            there.addAll(wire(box.in().get(j)).axisNames());
          }
        }
        List<Axis> reached = x.axes().stream().filter(a -> there.contains(a.name())).toList();
        String product = box(new Morphism.Contract(), reached, factors.toArray(String[]::new));
        give(
            x.name(),
            reached.size() == x.axes().size()
                ? product
                : box(new Morphism.Repeat(), x.axes(), product));
      }
    }

    private void fold(Morphism.Fold f, String name, Wire x, Wire y, String dy) {
      List<Axis> opened = new ArrayList<>();
      for (Axis axis : y.axes()) {
        if (axis.name().equals(f.axis())) {
          opened.add(x.axis(f.place()).orElseThrow());
          opened.add(x.axis(f.tap()).orElseThrow());
        } else {
          opened.add(axis);
        }
      }
      give(
          name,
          box(
              new Morphism.Window(f.axis(), f.place(), f.tap(), f.stride(), f.dilation()),
              opened,
              dy));
    }

    private void join(Box box, Morphism.Join j, String dy) {
      Polynomial before = Polynomial.ZERO;
      Polynomial all = Polynomial.ZERO;
      for (String part : box.in()) {
        all = all.plus(wire(part).axis(j.axis()).orElseThrow().size());
      }
      for (String part : box.in()) {
        Wire p = wire(part);
        Polynomial length = p.axis(j.axis()).orElseThrow().size();
        Polynomial after = all.minus(before).minus(length);
        give(part, box(new Morphism.Crop(j.axis(), before, after), p.axes(), dy));
        before = before.plus(length);
      }
    }

    /** d x = r (dy - mean dy - y mean(dy y)). */
    private void normalise(Morphism.Normalise n, String name, Wire x, Wire y, String dy) {
      List<Axis> rest = x.axes().stream().filter(a -> !n.axes().contains(a.name())).toList();
      String sum = box(new Morphism.Contract(), rest, dy);
      String mean = box(new Morphism.Scale(-1, size(x, n.axes())), rest, sum);
      String product = box(new Morphism.Contract(), rest, dy, keep(y.name()));
      String share = box(new Morphism.Scale(-1, size(x, n.axes())), rest, product);
      String along = box(new Morphism.Contract(), x.axes(), share, y.name());
      String inner = box(new Morphism.Add(), x.axes(), dy, mean, along);
      String r = box(new Morphism.InverseDeviation(n.axes(), n.epsilon()), rest, keep(name));
      give(name, box(new Morphism.Contract(), x.axes(), inner, r));
    }

    private static Polynomial size(Wire wire, List<String> axes) {
      return axes.stream()
          .map(a -> wire.axis(a).orElseThrow().size())
          .reduce(Polynomial.ONE, Polynomial::times);
    }
  }

  /** Sizes of the cached arrays, by name. */
  public Map<String, Polynomial> memory() {
    Map<String, Polynomial> sizes = new LinkedHashMap<>();
    cached.forEach(c -> sizes.put(c, diagram.wire(c).elements()));
    return sizes;
  }
}
