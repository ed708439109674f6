package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is known of the sizes of a diagram's axes once its boxes have been read: equations between
 * sizes, solved by unification.
 */
public final class Typing {
  private final Map<String, Polynomial> known = new LinkedHashMap<>();
  private List<Open> open = new ArrayList<>();

  /** A condition that what is known does not decide yet. */
  private record Open(String said, Runnable again) {}

  private Typing(Map<String, Long> sizes) {
    sizes.forEach((symbol, size) -> known.put(symbol, Polynomial.of(size)));
  }

  /** Sizes as they are given, with nothing checked. */
  static Typing unchecked(Map<String, Long> sizes) {
    return new Typing(sizes);
  }

  static Typing of(Diagram diagram, Map<String, Long> sizes) {
    Typing typing = new Typing(sizes);
    Map<String, Wire> wires = new HashMap<>();
    diagram.inputs().forEach(w -> wires.put(w.name(), w));
    for (Box box : diagram.boxes()) {
      List<Wire> in = box.in().stream().map(wires::get).toList();
      typing.box(box, in);
      wires.put(box.out().name(), box.out());
    }
    typing.settle();
    wires.values().forEach(typing::positive);
    return typing;
  }

  private void positive(Wire wire) {
    for (Axis axis : wire.axes()) {
      Polynomial size = size(axis);
      if (size.isNumber() && size.number() < 1) {
        throw new DiagramException(
            "wire '%s': axis %s would have the size %d"
                .formatted(wire.name(), axis.name(), size.number()));
      }
    }
  }

  /** The size of an axis with all that is known put in. */
  public Polynomial size(Axis axis) {
    return resolve(axis.size());
  }

  /** The size of an axis, as a number. */
  public long number(Axis axis) {
    return number(axis.size());
  }

  /** A size, as a number. */
  public long number(Polynomial size) {
    Polynomial value = resolve(size);
    if (!value.isNumber()) {
      throw new DiagramException(
          "the size %s is not known; say what %s are".formatted(size, value.symbols()));
    }
    return value.number();
  }

  /** Sizes of symbols that follow, numbers and other symbols. */
  public Map<String, Polynomial> known() {
    Map<String, Polynomial> all = new LinkedHashMap<>();
    known.forEach((symbol, value) -> all.put(symbol, resolve(value)));
    return Collections.unmodifiableMap(all);
  }

  /** Equations that only numbers can decide, in words. */
  public List<String> undecided() {
    return open.stream().map(Open::said).toList();
  }

  // ---- equations ----

  Polynomial resolve(Polynomial size) {
    Polynomial at = size;
    for (Polynomial next = at.with(known); !next.equals(at); next = at.with(known)) {
      at = next;
    }
    return at;
  }

  private void equate(Polynomial a, Polynomial b, String where) {
    Polynomial left = resolve(a);
    Polynomial right = resolve(b);
    if (left.equals(right)) {
      return;
    }
    if (!bind(left, right) && !bind(right, left)) {
      Polynomial difference = left.minus(right);
      if (difference.isNumber()) {
        throw new DiagramException(
            "%s: %s and %s are different sizes".formatted(where, said(a, left), said(b, right)));
      }
      open.add(new Open(left + " = " + right + " (" + where + ")", () -> equate(a, b, where)));
    }
  }

  private static String said(Polynomial size, Polynomial value) {
    return size.equals(value) ? size.toString() : size + " (" + value + ")";
  }

  private boolean bind(Polynomial left, Polynomial right) {
    String symbol = left.lone();
    if (symbol == null || right.symbols().contains(symbol)) {
      return false;
    }
    known.put(symbol, right);
    return true;
  }

  /** Tries what was left open again, as long as that tells something new. */
  private void settle() {
    int before;
    do {
      before = open.size();
      List<Open> again = open;
      open = new ArrayList<>();
      again.forEach(o -> o.again.run());
    } while (open.size() < before);
  }

  // ---- boxes ----

  private void box(Box box, List<Wire> in) {
    Wire out = box.out();
    arity(box, in);
    List<Axis> expected = expected(box, in);
    List<String> names = expected.stream().map(Axis::name).toList();
    if (!names.equals(out.axisNames())) {
      throw new DiagramException(
          "wire '%s' is drawn with the axes %s, the %s box gives %s"
              .formatted(out.name(), out.axisNames(), box.does().word(), names));
    }
    for (int i = 0; i < expected.size(); i++) {
      equate(
          expected.get(i).size(),
          out.axes().get(i).size(),
          "wire '%s', axis %s".formatted(out.name(), names.get(i)));
    }
  }

  private static void arity(Box box, List<Wire> in) {
    int least = 1;
    int most = 1;
    switch (box.does()) {
      case Morphism.Contract ignored -> most = Integer.MAX_VALUE;
      case Morphism.Add ignored -> {
        least = 2;
        most = Integer.MAX_VALUE;
      }
      case Morphism.Join ignored -> {
        least = 2;
        most = Integer.MAX_VALUE;
      }
      case Morphism.Gather ignored -> {
        least = 2;
        most = 2;
      }
      default -> {}
    }
    if (in.size() < least || in.size() > most) {
      throw new DiagramException(
          "wire '%s': a %s box takes %s wires, %d enter"
              .formatted(
                  box.out().name(),
                  box.does().word(),
                  least == most ? "" + least : least + " or more",
                  in.size()));
    }
    for (int i = 0; i < in.size(); i++) {
      boolean index = in.get(i).role() == Wire.Role.INDEX;
      boolean wanted =
          box.does() instanceof Morphism.OneHot
              || (box.does() instanceof Morphism.Gather && i == 1);
      if (index != wanted) {
        throw new DiagramException(
            "wire '%s': %s enters where %s are wanted"
                .formatted(box.out().name(), in.get(i), wanted ? "indices" : "numbers"));
      }
    }
  }

  /** The axes that a box gives, in the order in which it gives them. */
  private List<Axis> expected(Box box, List<Wire> in) {
    Wire out = box.out();
    Wire x = in.getFirst();
    return switch (box.does()) {
      case Morphism.Contract ignored -> {
        agree(box, in);
        yield out.axes().stream().map(a -> source(a.name(), in, out)).toList();
      }
      case Morphism.Add ignored -> {
        agree(box, in);
        for (Wire wire : in) {
          for (Axis axis : wire.axes()) {
            present(out, axis.name(), "a sum has all axes of its parts, here of " + wire.name());
          }
        }
        yield out.axes().stream().map(a -> source(a.name(), in, out)).toList();
      }
      case Morphism.Repeat ignored -> {
        for (Axis axis : x.axes()) {
          present(out, axis.name(), "repeating keeps all axes of " + x.name());
        }
        yield out.axes().stream().map(a -> x.axis(a.name()).orElse(a)).toList();
      }
      case Morphism.Rename r ->
          replaced(x, out, r.from(), List.of(of(x, out, r.from()).named(r.to())));
      case Morphism.Group g -> grouped(x, out, g);
      case Morphism.Ungroup u -> {
        List<Axis> parts = u.into().stream().map(n -> declared(out, n)).toList();
        equate(
            of(x, out, u.axis()).size(),
            product(parts),
            "wire '%s', axes %s of %s".formatted(out.name(), u.into(), x));
        yield replaced(x, out, u.axis(), parts);
      }
      case Morphism.Window w -> {
        Axis place = declared(out, w.place());
        Axis tap = declared(out, w.tap());
        reach(of(x, out, w.axis()), place, tap, w.stride(), w.dilation(), out);
        yield replaced(x, out, w.axis(), List.of(place, tap));
      }
      case Morphism.Fold f -> {
        Axis axis = declared(out, f.axis());
        Axis place = of(x, out, f.place());
        reach(axis, place, of(x, out, f.tap()), f.stride(), f.dilation(), out);
        List<Axis> all = new ArrayList<>(replaced(x, out, f.place(), List.of(axis)));
        all.removeIf(a -> a.name().equals(f.tap()));
        yield all;
      }
      case Morphism.Pad p -> {
        Axis axis = of(x, out, p.axis());
        Polynomial size = axis.size().plus(p.before()).plus(p.after());
        yield replaced(x, out, p.axis(), List.of(new Axis(axis.name(), size)));
      }
      case Morphism.Crop c -> {
        Axis axis = of(x, out, c.axis());
        Polynomial size = axis.size().minus(c.before()).minus(c.after());
        yield replaced(x, out, c.axis(), List.of(new Axis(axis.name(), size)));
      }
      case Morphism.Join j -> joined(in, out, j.axis());
      case Morphism.Softmax s -> touching(x, out, List.of(s.axis()));
      case Morphism.Normalise n -> touching(x, out, n.axes());
      case Morphism.Winner w -> touching(x, out, List.of(w.axis()));
      case Morphism.Causal c -> touching(x, out, List.of(c.query(), c.key()));
      case Morphism.InverseDeviation d -> without(touching(x, out, d.axes()), d.axes());
      case Morphism.Max m -> without(touching(x, out, List.of(m.axis())), List.of(m.axis()));
      case Morphism.Scale ignored -> x.axes();
      case Morphism.Shift ignored -> x.axes();
      case Morphism.Pointwise ignored -> x.axes();
      case Morphism.Slope ignored -> x.axes();
      case Morphism.Gather g -> {
        Wire ids = in.get(1);
        members(of(x, out, g.axis()), ids, out);
        List<Axis> all = new ArrayList<>(ids.axes());
        all.addAll(without(x.axes(), List.of(g.axis())));
        yield all;
      }
      case Morphism.OneHot o -> {
        Axis axis = declared(out, o.axis());
        members(axis, x, out);
        List<Axis> all = new ArrayList<>(x.axes());
        all.add(axis);
        yield all;
      }
    };
  }

  private void members(Axis axis, Wire ids, Wire out) {
    Polynomial of = ids.indexOf();
    if (of != null) {
      equate(
          axis.size(),
          of,
          "wire '%s': indices '%s' into axis %s".formatted(out.name(), ids.name(), axis.name()));
    }
  }

  /** Axes of one name have one size in all wires that enter a box. */
  private void agree(Box box, List<Wire> in) {
    Map<String, Wire> first = new HashMap<>();
    for (Wire wire : in) {
      for (Axis axis : wire.axes()) {
        Wire other = first.putIfAbsent(axis.name(), wire);
        if (other != null) {
          equate(
              other.axis(axis.name()).orElseThrow().size(),
              axis.size(),
              "wire '%s': axis %s of '%s' and of '%s'"
                  .formatted(box.out().name(), axis.name(), other.name(), wire.name()));
        }
      }
    }
  }

  private static Axis source(String name, List<Wire> in, Wire out) {
    return in.stream()
        .map(w -> w.axis(name))
        .flatMap(Optional::stream)
        .findFirst()
        .orElseThrow(() ->
            new DiagramException(
                "wire '%s' is drawn with an axis %s that none of %s has"
                    .formatted(out.name(), name, in)));
  }

  private static void present(Wire out, String axis, String why) {
    if (!out.has(axis)) {
      throw new DiagramException(
          "wire '%s' lacks the axis %s; %s".formatted(out.name(), axis, why));
    }
  }

  private static Axis declared(Wire out, String axis) {
    present(out, axis, "the box makes it");
    return out.axis(axis).orElseThrow();
  }

  private static Axis of(Wire in, Wire out, String axis) {
    return in.axis(axis)
        .orElseThrow(() ->
            new DiagramException(
                "wire '%s': its box acts on an axis %s, and %s has none"
                    .formatted(out.name(), axis, in)));
  }

  private static List<Axis> touching(Wire in, Wire out, List<String> axes) {
    axes.forEach(a -> of(in, out, a));
    return in.axes();
  }

  private static List<Axis> replaced(Wire in, Wire out, String axis, List<Axis> by) {
    of(in, out, axis);
    List<Axis> all = new ArrayList<>();
    for (Axis a : in.axes()) {
      if (a.name().equals(axis)) {
        all.addAll(by);
      } else {
        all.add(a);
      }
    }
    return all;
  }

  private static List<Axis> without(List<Axis> axes, List<String> gone) {
    return axes.stream().filter(a -> !gone.contains(a.name())).toList();
  }

  private static Polynomial product(List<Axis> axes) {
    return axes.stream().map(Axis::size).reduce(Polynomial.ONE, Polynomial::times);
  }

  private static List<Axis> grouped(Wire x, Wire out, Morphism.Group g) {
    List<Axis> parts = g.axes().stream().map(n -> of(x, out, n)).toList();
    Axis whole = new Axis(g.into(), product(parts));
    List<Axis> all = replaced(x, out, g.axes().getFirst(), List.of(whole));
    return without(all, g.axes().subList(1, g.axes().size()));
  }

  private List<Axis> joined(List<Wire> in, Wire out, String axis) {
    Wire x = in.getFirst();
    Polynomial size = Polynomial.ZERO;
    for (Wire wire : in) {
      if (!wire.axisNames().equals(x.axisNames())) {
        throw new DiagramException(
            "wire '%s': %s and %s cannot be joined, their axes differ"
                .formatted(out.name(), x, wire));
      }
      for (Axis a : wire.axes()) {
        if (!a.name().equals(axis)) {
          equate(
              of(x, out, a.name()).size(),
              a.size(),
              "wire '%s': axis %s of '%s' and of '%s'"
                  .formatted(out.name(), a.name(), x.name(), wire.name()));
        }
      }
      size = size.plus(of(wire, out, axis).size());
    }
    return replaced(x, out, axis, List.of(new Axis(axis, size)));
  }

  /** stride (places - 1) + dilation (taps - 1) + 1 fits and another place does not. */
  private void reach(Axis axis, Axis place, Axis tap, int stride, int dilation, Wire out) {
    Polynomial span =
        tap.size()
            .minus(Polynomial.ONE)
            .times(Polynomial.of(dilation))
            .plus(place.size().minus(Polynomial.ONE).times(Polynomial.of(stride)))
            .plus(Polynomial.ONE);
    String where =
        "wire '%s', windows of %s along %s".formatted(out.name(), tap.name(), axis.name());
    Polynomial left = resolve(axis.size()).minus(resolve(span));
    if (left.isNumber()) {
      if (left.number() < 0 || left.number() >= stride) {
        throw new DiagramException(
            "%s: %s places with stride %d reach over %s, the axis has %s"
                .formatted(where, size(place), stride, resolve(span), size(axis)));
      }
    } else if (stride == 1) {
      equate(axis.size(), span, where);
    } else if (size(axis).isNumber()
        && size(tap).isNumber()
        && size(place).lone() instanceof String unknown) {
      long room = number(axis) - dilation * (number(tap) - 1) - 1;
      if (room < 0) {
        throw new DiagramException(
            "%s: they reach over more than the %s there are".formatted(where, size(axis)));
      }
      known.put(unknown, Polynomial.of(room / stride + 1));
    } else {
      open.add(
          new Open(
              "%s reaches over %s (%s)".formatted(axis.size(), span, where),
              () -> reach(axis, place, tap, stride, dilation, out)));
    }
  }
}
