package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Op;
import org.lapidary.tensor.Op.Unary.Kind;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

/**
 * The diagram reading of a recorded graph: constants become weights, sizes numbers, and every
 * operation the boxes that it is made of.
 */
public final class GraphDiagram {
  private final Graph graph;
  private final Sketch sketch;
  private final Map<Graph.Value, Wire> wires = new HashMap<>();
  private final Map<String, Tensor> weights = new LinkedHashMap<>();
  private int fresh;

  /**
   * A diagram and what its weight wires hold in the graph that it was read from.
   *
   * @param weights by wire, of the wire's shape
   */
  public record Reading(Diagram diagram, Map<String, Tensor> weights) {
    public Reading {
      weights = Collections.unmodifiableMap(new LinkedHashMap<>(weights));
    }

    /** Compiled, with these weights. */
    public DiagramLayer compile() {
      DiagramLayer layer = diagram.compile(Map.of());
      weights.forEach((wire, tensor) -> layer.held(wire).set(tensor.detach().copy()));
      return layer;
    }
  }

  private GraphDiagram(Graph graph, String name) {
    this.graph = graph;
    this.sketch = new Sketch(name);
  }

  /**
   * Reads a graph.
   *
   * @throws DiagramException naming the first operation that no box stands for: sorting, linear
   *     algebra, logic, and layouts that are not made of grouping, turning, cutting and padding
   */
  public static Reading of(Graph graph) {
    return new GraphDiagram(graph, "graph").read();
  }

  /** Reads what a model does to an example input. */
  public static Reading of(Model model, Tensor input) {
    return of(model.graph(input));
  }

  private Reading read() {
    int n = 0;
    for (Graph.Value input : graph.inputs()) {
      Wire wire = Wire.data("input" + n++, axes(input.type().shape()));
      wires.put(
          input,
          sketch.input(
              input.type().dtype().isFloat()
                  ? wire
                  : new Wire(wire.name(), wire.axes(), Wire.Role.INDEX, setOf(input))));
    }
    for (Graph.Node node : graph.nodes()) {
      List<Wire> in = node.inputs().stream().map(this::wire).toList();
      List<Wire> out = node(node, in);
      for (int i = 0; i < node.outputs().size(); i++) {
        wires.put(node.outputs().get(i), out.get(i));
      }
    }
    Wire[] outputs = graph.outputs().stream().map(this::wire).toArray(Wire[]::new);
    return new Reading(sketch.giving(outputs), weights);
  }

  /** The size of the set of which an input holds members: rows of the table that it looks up. */
  private Polynomial setOf(Graph.Value input) {
    return graph.nodes().stream()
        .filter(n -> n.op() instanceof Op.Embedding && n.inputs().get(1).equals(input))
        .findFirst()
        .map(n -> Polynomial.of(n.inputs().getFirst().type().shape().dim(0)))
        .orElseThrow(() ->
            new DiagramException(
                "input %s holds integers, and no embedding says of what set".formatted(input)));
  }

  /** A value's wire; a constant comes in where it is first read. */
  private Wire wire(Graph.Value value) {
    return wires.computeIfAbsent(
        value,
        v -> {
          Tensor constant = graph.constants().get(v);
          if (constant == null || !v.type().dtype().isFloat()) {
            throw new DiagramException(
                "%s is no constant of numbers; no box makes or reads it".formatted(v));
          }
          String path = graph.name(v);
          String name =
              path == null || !path.matches("[A-Za-z][A-Za-z0-9_.]*") ? "constant" + fresh++ : path;
          weights.put(name, constant);
          Wire.Role role = path == null ? Wire.Role.BUFFER : Wire.Role.WEIGHT;
          return sketch.input(new Wire(name, axes(v.type().shape()), role, null));
        });
  }

  private List<Axis> axes(Shape shape) {
    return IntStream.range(0, shape.rank()).mapToObj(i -> axis(shape.dim(i))).toList();
  }

  /** An axis that no other wire has. */
  private Axis axis(long size) {
    return new Axis("a" + fresh++, Polynomial.of(size));
  }

  private Wire box(List<Axis> axes, Morphism does, Wire... in) {
    return sketch.box("w" + fresh++, axes, does, in);
  }

  private Wire keep(Morphism does, Wire in) {
    return box(in.axes(), does, in);
  }

  private Wire contract(List<Axis> axes, Wire... in) {
    return box(axes, new Morphism.Contract(), in);
  }

  /** The same array with other names of axes. */
  private Wire renamed(Wire wire, Map<String, String> names) {
    Wire at = wire;
    for (Map.Entry<String, String> name : names.entrySet()) {
      if (!name.getKey().equals(name.getValue())) {
        List<Axis> axes = new ArrayList<>(at.axes());
        int place = at.place(name.getKey());
        axes.set(place, axes.get(place).named(name.getValue()));
        at = box(axes, new Morphism.Rename(name.getKey(), name.getValue()), at);
      }
    }
    return at;
  }

  /** The same array with axes that no other wire has. */
  private Wire fresh(Wire wire) {
    Map<String, String> names = new LinkedHashMap<>();
    wire.axisNames().forEach(a -> names.put(a, "a" + fresh++));
    return renamed(wire, names);
  }

  private static long size(Axis axis) {
    return axis.size().number();
  }

  // ---- operations ----

  private DiagramException none(Graph.Node node) {
    return new DiagramException(
        "no box stands for %s of %s"
            .formatted(node.op().label(), Arrays.toString(node.inputTypes())));
  }

  private List<Wire> node(Graph.Node node, List<Wire> in) {
    if (node.op() instanceof Op.Split split) {
      List<Wire> parts = new ArrayList<>();
      long size = size(in.getFirst().axes().get(split.dim())) / split.parts();
      for (int i = 0; i < split.parts(); i++) {
        parts.add(cut(in.getFirst(), split.dim(), i * size, (i + 1) * size));
      }
      return parts;
    }
    return List.of(one(node, in));
  }

  private Wire one(Graph.Node node, List<Wire> in) {
    Wire x = in.getFirst();
    Shape out = node.output().type().shape();
    return switch (node.op()) {
      case Op.Unary u -> keep(new Morphism.Pointwise(u.kind()), x);
      case Op.Binary b -> binary(node, b.kind(), x, in.get(1), out);
      case Op.WithScalar w -> scalar(node, w, x);
      case Op.Detach ignored -> x;
      case Op.Reduce r -> reduce(node, r, x, out);
      case Op.Reshape r -> reshape(x, r.to());
      case Op.Permute p -> contract(p.dims().stream().map(x.axes()::get).toList(), x);
      case Op.Expand e -> expand(x, e.to());
      case Op.Concat c -> join(in, c.dim());
      case Op.Slice s -> slice(x, s);
      case Op.Pad p when p.value() == 0 -> pad(x, p.before(), p.after());
      case Op.Matmul ignored -> matmul(x, in.get(1), out);
      case Op.Linear l -> linear(x, in.get(1), l.bias() ? in.get(2) : null);
      case Op.Embedding ignored -> {
        Wire table = fresh(x);
        List<Axis> axes = new ArrayList<>(in.get(1).axes());
        axes.add(table.axes().getLast());
        yield box(axes, new Morphism.Gather(table.axisNames().getFirst()), table, in.get(1));
      }
      case Op.Einsum e -> einsum(node, e, in);
      case Op.Convolution c when c.stride().size() == 2 && !c.transposed() ->
          convolution(c, x, in, out);
      case Op.Pool p -> pool(node, p, x, out);
      case Op.Softmax s -> keep(new Morphism.Softmax(x.axes().get(s.dim()).name()), x);
      case Op.LayerNorm n -> {
        int from = x.axes().size() - n.dims();
        List<String> over = x.axisNames().subList(from, x.axes().size());
        Wire y = keep(new Morphism.Normalise(over, n.epsilon()), x);
        yield n.affine() ? affine(y, in.get(1), in.get(2), from) : y;
      }
      case Op.RmsNorm n -> {
        List<Axis> rest = x.axes().subList(0, x.axes().size() - 1);
        Wire sum = contract(rest, keep(new Morphism.Pointwise(Kind.SQUARE), x));
        Wire mean = keep(new Morphism.Scale(1, x.axes().getLast().size()), sum);
        Wire shifted = keep(new Morphism.Shift(n.epsilon()), mean);
        Wire scale = keep(new Morphism.Pointwise(Kind.RSQRT), shifted);
        Wire y = contract(x.axes(), x, scale);
        yield n.affine() ? contract(y.axes(), y, like(in.get(1), y, rest.size())) : y;
      }
      case Op.BatchNorm n when !n.training() -> {
        Wire minus = keep(new Morphism.Scale(-1), like(in.get(3), x, 1));
        Wire centred = box(x.axes(), new Morphism.Add(), x, minus);
        Wire shifted = keep(new Morphism.Shift(n.epsilon()), like(in.get(4), x, 1));
        Wire scale = keep(new Morphism.Pointwise(Kind.RSQRT), shifted);
        Wire gained = contract(x.axes(), centred, scale, like(in.get(1), x, 1));
        yield box(x.axes(), new Morphism.Add(), gained, like(in.get(2), x, 1));
      }
      case Op.Attention a -> attention(a, in, out);
      default -> throw none(node);
    };
  }

  private Wire binary(Graph.Node node, Op.Binary.Kind kind, Wire a, Wire b, Shape out) {
    List<Axis> axes = same(a, out) ? a.axes() : same(b, out) ? b.axes() : axes(out);
    Wire left = a.axes().equals(axes) ? a : broadcast(fresh(a), axes);
    Wire right = b.axes().equals(axes) ? b : broadcast(fresh(b), axes);
    return switch (kind) {
      case ADD -> box(axes, new Morphism.Add(), left, right);
      case SUB -> box(axes, new Morphism.Add(), left, keep(new Morphism.Scale(-1), right));
      case MUL -> contract(axes, left, right);
      case DIV -> contract(axes, left, keep(new Morphism.Pointwise(Kind.RECIPROCAL), right));
      default -> throw none(node);
    };
  }

  private static boolean same(Wire wire, Shape out) {
    return wire.axes().size() == out.rank()
        && IntStream.range(0, out.rank()).allMatch(i -> size(wire.axes().get(i)) == out.dim(i));
  }

  /** Under the names of the last of these axes, without those of size 1 that stand for many. */
  private Wire broadcast(Wire wire, List<Axis> to) {
    List<Axis> own = new ArrayList<>();
    Map<String, String> names = new LinkedHashMap<>();
    int shift = to.size() - wire.axes().size();
    for (int i = 0; i < wire.axes().size(); i++) {
      Axis axis = wire.axes().get(i);
      if (axis.size().equals(to.get(i + shift).size())) {
        own.add(axis);
        names.put(axis.name(), to.get(i + shift).name());
      }
    }
    Wire thin = own.size() == wire.axes().size() ? wire : contract(own, wire);
    return renamed(thin, names);
  }

  private Wire scalar(Graph.Node node, Op.WithScalar w, Wire x) {
    double v = w.value();
    return switch (w.kind()) {
      case ADD -> keep(new Morphism.Shift(v), x);
      case SUB ->
          w.scalarFirst()
              ? keep(new Morphism.Shift(v), keep(new Morphism.Scale(-1), x))
              : keep(new Morphism.Shift(-v), x);
      case MUL -> keep(new Morphism.Scale(v), x);
      case DIV ->
          w.scalarFirst()
              ? keep(new Morphism.Scale(v), keep(new Morphism.Pointwise(Kind.RECIPROCAL), x))
              : keep(new Morphism.Scale(1 / v), x);
      default -> throw none(node);
    };
  }

  private Wire reduce(Graph.Node node, Op.Reduce r, Wire x, Shape out) {
    List<Axis> rest =
        IntStream.range(0, x.axes().size())
            .filter(i -> !r.dims().contains(i))
            .mapToObj(x.axes()::get)
            .toList();
    Polynomial size =
        r.dims().stream()
            .map(d -> x.axes().get(d).size())
            .reduce(Polynomial.ONE, Polynomial::times);
    Wire y =
        switch (r.kind()) {
          case SUM -> contract(rest, x);
          case MEAN -> keep(new Morphism.Scale(1, size), contract(rest, x));
          case MAX -> {
            Wire at = x;
            for (int d : r.dims()) {
              String gone = x.axes().get(d).name();
              List<Axis> left = at.axes().stream().filter(a -> !a.name().equals(gone)).toList();
              at = box(left, new Morphism.Max(gone), at);
            }
            yield at;
          }
          default -> throw none(node);
        };
    return r.keep() ? reshape(y, out) : y;
  }

  /** Runs of axes whose sizes multiply to the same are grouped and taken apart again. */
  private Wire reshape(Wire x, Shape to) {
    Wire at = x;
    List<Axis> ones = at.axes().stream().filter(a -> size(a) != 1).toList();
    at = ones.size() == at.axes().size() ? at : contract(ones, at);
    List<Axis> done = new ArrayList<>();
    int i = 0;
    int j = 0;
    List<Axis> from = at.axes();
    while (i < from.size()) {
      List<Axis> left = new ArrayList<>(List.of(from.get(i)));
      long a = size(from.get(i++));
      List<Axis> right = new ArrayList<>();
      long b = 1;
      while (a != b) {
        if (b < a) {
          if (to.dim(j) != 1) {
            right.add(axis(to.dim(j)));
            b *= to.dim(j);
          }
          j++;
        } else {
          left.add(from.get(i));
          a *= size(from.get(i++));
        }
      }
      at = regrouped(at, left, right);
      done.addAll(right.size() == 1 && left.size() == 1 ? left : right);
    }
    List<Axis> whole = new ArrayList<>();
    int next = 0;
    for (int d = 0; d < to.rank(); d++) {
      whole.add(to.dim(d) == 1 ? axis(1) : done.get(next++));
    }
    return whole.size() == at.axes().size() ? at : box(whole, new Morphism.Repeat(), at);
  }

  private Wire regrouped(Wire at, List<Axis> left, List<Axis> right) {
    if (left.size() == 1 && right.size() == 1) {
      return at;
    }
    Axis whole = right.size() == 1 ? right.getFirst() : axis(product(left));
    Wire y = at;
    String name = left.getFirst().name();
    if (left.size() > 1) {
      List<String> names = left.stream().map(Axis::name).toList();
      y = box(with(y, names, List.of(whole)), new Morphism.Group(names, whole.name()), y);
      name = whole.name();
    }
    if (right.size() > 1) {
      List<String> names = right.stream().map(Axis::name).toList();
      y = box(with(y, List.of(name), right), new Morphism.Ungroup(name, names), y);
    }
    return y;
  }

  private static long product(List<Axis> axes) {
    return axes.stream().mapToLong(GraphDiagram::size).reduce(1, (a, b) -> a * b);
  }

  /** The axes of a wire with others in the place of some. */
  private static List<Axis> with(Wire wire, List<String> gone, List<Axis> by) {
    List<Axis> axes = new ArrayList<>();
    for (Axis axis : wire.axes()) {
      if (axis.name().equals(gone.getFirst())) {
        axes.addAll(by);
      } else if (!gone.contains(axis.name())) {
        axes.add(axis);
      }
    }
    return axes;
  }

  private Wire expand(Wire x, Shape to) {
    List<Axis> axes = axes(to);
    Wire thin = broadcast(x, axes);
    return thin.axes().size() == axes.size() ? thin : box(axes, new Morphism.Repeat(), thin);
  }

  private Wire join(List<Wire> in, int dim) {
    Wire first = in.getFirst();
    List<Wire> parts = new ArrayList<>();
    long size = 0;
    for (Wire wire : in) {
      Map<String, String> names = new LinkedHashMap<>();
      Wire own = wire == first ? wire : fresh(wire);
      for (int i = 0; i < own.axes().size(); i++) {
        names.put(own.axisNames().get(i), first.axisNames().get(i));
      }
      parts.add(renamed(own, names));
      size += size(wire.axes().get(dim));
    }
    List<Axis> axes = new ArrayList<>(first.axes());
    axes.set(dim, new Axis(axes.get(dim).name(), Polynomial.of(size)));
    return box(axes, new Morphism.Join(axes.get(dim).name()), parts.toArray(Wire[]::new));
  }

  private Wire cut(Wire x, int dim, long from, long to) {
    Axis axis = x.axes().get(dim);
    List<Axis> axes = new ArrayList<>(x.axes());
    axes.set(dim, new Axis(axis.name(), Polynomial.of(to - from)));
    return from == 0 && to == size(axis)
        ? x
        : box(
            axes,
            new Morphism.Crop(axis.name(), Polynomial.of(from), Polynomial.of(size(axis) - to)),
            x);
  }

  private Wire slice(Wire x, Op.Slice s) {
    Wire cut = cut(x, s.dim(), s.start(), Math.min(s.end(), size(x.axes().get(s.dim()))));
    if (s.step() == 1) {
      return cut;
    }
    Axis axis = cut.axes().get(s.dim());
    Axis place = axis((size(axis) - 1) / s.step() + 1);
    Axis tap = axis(1);
    Wire every =
        box(
            with(cut, List.of(axis.name()), List.of(place, tap)),
            new Morphism.Window(
                axis.name(), place.name(), tap.name(), Math.toIntExact(s.step()), 1),
            cut);
    return contract(with(cut, List.of(axis.name()), List.of(place)), every);
  }

  private Wire pad(Wire x, List<Long> before, List<Long> after) {
    Wire at = x;
    for (int d = 0; d < x.axes().size(); d++) {
      if (before.get(d) != 0 || after.get(d) != 0) {
        Axis axis = at.axes().get(d);
        List<Axis> axes = new ArrayList<>(at.axes());
        axes.set(
            d, new Axis(axis.name(), Polynomial.of(size(axis) + before.get(d) + after.get(d))));
        at =
            box(
                axes,
                new Morphism.Pad(
                    axis.name(), Polynomial.of(before.get(d)), Polynomial.of(after.get(d))),
                at);
      }
    }
    return at;
  }

  private Wire matmul(Wire a, Wire b, Shape out) {
    List<Axis> axes = axes(out);
    Axis shared = a.axes().getLast();
    List<Axis> left = new ArrayList<>(axes.subList(0, axes.size() - 1));
    left.add(shared);
    List<Axis> right = new ArrayList<>(axes.subList(0, axes.size() - 2));
    right.add(shared);
    right.add(axes.getLast());
    return contract(axes, broadcast(a, left), broadcast(fresh(b), right));
  }

  private Wire linear(Wire x, Wire weight, @Nullable Wire bias) {
    Wire w = fresh(weight); // several operations may read it
    w = renamed(w, Map.of(w.axisNames().get(1), x.axes().getLast().name()));
    List<Axis> axes = new ArrayList<>(x.axes().subList(0, x.axes().size() - 1));
    axes.add(w.axes().getFirst());
    Wire y = contract(axes, x, w);
    return bias == null ? y : box(axes, new Morphism.Add(), y, like(bias, y, y.axes().size() - 1));
  }

  /** Under the names of another wire's axes from a place on. */
  private Wire like(Wire wire, Wire other, int from) {
    Wire own = fresh(wire);
    Map<String, String> names = new LinkedHashMap<>();
    for (int i = 0; i < own.axes().size(); i++) {
      names.put(own.axisNames().get(i), other.axisNames().get(from + i));
    }
    return renamed(own, names);
  }

  private Wire affine(Wire x, Wire weight, Wire bias, int from) {
    Wire gained = contract(x.axes(), x, like(weight, x, from));
    return box(x.axes(), new Morphism.Add(), gained, like(bias, x, from));
  }

  private Wire einsum(Graph.Node node, Op.Einsum e, List<Wire> in) {
    String[] sides = e.equation().split("->", -1);
    String[] terms = sides[0].split(",", -1);
    Map<Character, Axis> byLetter = new HashMap<>();
    List<Wire> factors = new ArrayList<>();
    for (int i = 0; i < terms.length; i++) {
      Wire own = fresh(in.get(i));
      Map<String, String> names = new LinkedHashMap<>();
      for (int j = 0; j < terms[i].length(); j++) {
        Axis axis = own.axes().get(j);
        if (terms[i].indexOf(terms[i].charAt(j)) != j) {
          throw none(node); // a diagonal
        }
        Axis first = byLetter.computeIfAbsent(terms[i].charAt(j), c -> axis);
        names.put(axis.name(), first.name());
      }
      factors.add(renamed(own, names));
    }
    List<Axis> axes = new ArrayList<>();
    for (char c : sides[1].toCharArray()) {
      Axis axis = byLetter.get(c);
      if (axis == null) {
        throw none(node);
      }
      axes.add(axis);
    }
    return contract(axes, factors.toArray(Wire[]::new));
  }

  /** [batch, channels, y, ky, x, kx] of an image [batch, channels, height, width]. */
  private Wire windows(
      Wire image, List<Long> kernel, List<Long> stride, List<Long> dilation, Shape out) {
    Wire at = image;
    for (int d = 0; d < 2; d++) {
      Axis axis = image.axes().get(2 + d);
      Axis place = axis(out.dim(2 + d));
      Axis tap = axis(kernel.get(d));
      at =
          box(
              with(at, List.of(axis.name()), List.of(place, tap)),
              new Morphism.Window(
                  axis.name(),
                  place.name(),
                  tap.name(),
                  Math.toIntExact(stride.get(d)),
                  Math.toIntExact(dilation.get(d))),
              at);
    }
    return at;
  }

  private Wire padded(Wire image, List<Long> padding) {
    List<Long> both = List.of(0L, 0L, padding.get(0), padding.get(1));
    return pad(image, both, both);
  }

  private Wire convolution(Op.Convolution c, Wire x, List<Wire> in, Shape out) {
    Wire weight = fresh(in.get(1));
    List<Long> kernel = List.of(size(weight.axes().get(2)), size(weight.axes().get(3)));
    Wire opened = windows(padded(x, c.padding()), kernel, c.stride(), c.dilation(), out);
    List<Axis> o = opened.axes();
    Map<String, String> taps = new LinkedHashMap<>();
    taps.put(weight.axisNames().get(2), o.get(3).name());
    taps.put(weight.axisNames().get(3), o.get(5).name());
    Wire y;
    if (c.groups() == 1) {
      taps.put(weight.axisNames().get(1), o.get(1).name());
      Wire w = renamed(weight, taps);
      y = contract(List.of(o.get(0), w.axes().getFirst(), o.get(2), o.get(4)), opened, w);
    } else {
      Axis group = axis(c.groups());
      Axis inner = axis(size(o.get(1)) / c.groups());
      Axis outer = axis(out.dim(1) / c.groups());
      Wire apart =
          box(
              with(opened, List.of(o.get(1).name()), List.of(group, inner)),
              new Morphism.Ungroup(o.get(1).name(), List.of(group.name(), inner.name())),
              opened);
      taps.put(weight.axisNames().get(1), inner.name());
      Wire named = renamed(weight, taps);
      Wire w =
          box(
              with(named, List.of(named.axisNames().getFirst()), List.of(group, outer)),
              new Morphism.Ungroup(
                  named.axisNames().getFirst(), List.of(group.name(), outer.name())),
              named);
      Wire each = contract(List.of(o.get(0), group, outer, o.get(2), o.get(4)), apart, w);
      Axis channels = axis(out.dim(1));
      List<String> parts = List.of(group.name(), outer.name());
      y =
          box(
              with(each, parts, List.of(channels)),
              new Morphism.Group(parts, channels.name()),
              each);
    }
    return c.bias() ? box(y.axes(), new Morphism.Add(), y, like(in.get(2), y, 1)) : y;
  }

  private Wire pool(Graph.Node node, Op.Pool p, Wire x, Shape out) {
    boolean pads = p.padding().stream().anyMatch(n -> n > 0);
    if (p.max() && pads) {
      throw none(node); // what is padded must never win; zeros might
    }
    Wire opened = windows(padded(x, p.padding()), p.kernel(), p.stride(), List.of(1L, 1L), out);
    List<Axis> o = opened.axes();
    List<Axis> rest = List.of(o.get(0), o.get(1), o.get(2), o.get(4));
    if (!p.max()) {
      Polynomial size = o.get(3).size().times(o.get(5).size());
      return keep(new Morphism.Scale(1, size), contract(rest, opened));
    }
    List<Axis> half = List.of(o.get(0), o.get(1), o.get(2), o.get(4), o.get(5));
    Wire tallest = box(half, new Morphism.Max(o.get(3).name()), opened);
    return box(rest, new Morphism.Max(o.get(5).name()), tallest);
  }

  private Wire attention(Op.Attention a, List<Wire> in, Shape out) {
    List<Axis> axes = axes(out);
    int batch = axes.size() - 2;
    Axis width = in.get(0).axes().getLast();
    Axis keys = axis(size(in.get(1).axes().get(in.get(1).axes().size() - 2)));
    List<Axis> lifted = axes.subList(0, batch);
    Wire q = broadcast(fresh(in.get(0)), joined(lifted, axes.get(batch), axis(size(width))));
    Axis shared = q.axes().getLast();
    Wire k = broadcast(fresh(in.get(1)), joined(lifted, keys, shared));
    Wire v = broadcast(fresh(in.get(2)), joined(lifted, keys, axes.getLast()));
    List<Axis> pairs = joined(lifted, axes.get(batch), keys);
    Wire scores = keep(new Morphism.Scale(a.scale()), contract(pairs, q, k));
    if (a.mask()) {
      scores = box(pairs, new Morphism.Add(), scores, broadcast(fresh(in.get(3)), pairs));
    }
    if (a.causal()) {
      scores =
          keep(
              new Morphism.Causal(axes.get(batch).name(), keys.name(), Double.NEGATIVE_INFINITY),
              scores);
    }
    return contract(axes, keep(new Morphism.Softmax(keys.name()), scores), v);
  }

  private static List<Axis> joined(List<Axis> lifted, Axis... more) {
    List<Axis> all = new ArrayList<>(lifted);
    all.addAll(List.of(more));
    return all;
  }
}
