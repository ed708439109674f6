package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Decomposition;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Op;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

/** What each box does to tensors; an axis of a wire is the dimension at its place. */
final class Execution {
  private final Typing typing;
  private final DType dtype;

  /** {@code dtype} of the numbers, for boxes that make some from indices. */
  Execution(Typing typing, DType dtype) {
    this.typing = typing;
    this.dtype = dtype;
  }

  Tensor run(Morphism does, List<Wire> in, Wire out, List<Tensor> x) {
    Wire a = in.getFirst();
    Tensor t = x.getFirst();
    return switch (does) {
      case Morphism.Contract ignored -> contract(in, out, x);
      case Morphism.Repeat ignored -> aligned(t, a, out).expand(shape(out));
      case Morphism.Add ignored -> sum(in, out, x);
      case Morphism.Scale s -> t.mul(s.by() / typing.number(s.over()));
      case Morphism.Rename ignored -> t;
      case Morphism.Group g -> {
        List<String> order = new ArrayList<>();
        for (String name : out.axisNames()) {
          order.addAll(name.equals(g.into()) ? g.axes() : List.of(name));
        }
        yield ordered(t, a.axisNames(), order).reshape(shape(out));
      }
      case Morphism.Ungroup ignored -> t.reshape(shape(out));
      case Morphism.Window w ->
          t.indexSelect(a.place(w.axis()), reach(w.stride(), w.dilation(), out, w.place(), w.tap()))
              .reshape(shape(out));
      case Morphism.Fold f -> fold(t, a, out, f);
      case Morphism.Pad p ->
          t.pad(a.place(p.axis()), typing.number(p.before()), typing.number(p.after()), 0);
      case Morphism.Crop c -> {
        int dim = a.place(c.axis());
        yield t.slice(dim, typing.number(c.before()), t.size(dim) - typing.number(c.after()));
      }
      case Morphism.Join j -> Tensor.concat(a.place(j.axis()), x);
      case Morphism.Shift s -> t.add(s.by());
      case Morphism.Pointwise p -> unary(p.function(), t);
      case Morphism.Slope s -> Slopes.of(s.function(), t);
      case Morphism.Softmax s -> t.softmax(a.place(s.axis()));
      case Morphism.Normalise n -> normalise(t, a, n);
      case Morphism.InverseDeviation d -> {
        int[] dims = places(a, d.axes());
        yield t.sub(t.mean(true, dims)).square().mean(false, dims).add(d.epsilon()).rsqrt();
      }
      case Morphism.Max m -> t.max(false, a.place(m.axis()));
      case Morphism.Winner w -> {
        int dim = a.place(w.axis());
        List<String> last = new ArrayList<>(a.axisNames());
        last.remove(dim);
        last.add(w.axis());
        Tensor one = t.argmax(dim).oneHot(t.size(dim)).to(t.dtype());
        yield ordered(one, last, out.axisNames());
      }
      case Morphism.Causal c -> t.maskedFill(mask(t, a, c), c.fill());
      case Morphism.Gather g -> gather(in, x, g.axis());
      case Morphism.OneHot o -> t.oneHot(typing.number(out.axis(o.axis()).orElseThrow())).to(dtype);
    };
  }

  static Tensor unary(Op.Unary.Kind kind, Tensor x) {
    return new Graph.Node(new Op.Unary(kind), List.of(), List.of()).run(x).getFirst();
  }

  long[] shape(Wire wire) {
    return wire.axes().stream().mapToLong(typing::number).toArray();
  }

  private static int[] places(Wire wire, List<String> axes) {
    return axes.stream().mapToInt(wire::place).toArray();
  }

  /** The same tensor with its dimensions in another order. */
  private static Tensor ordered(Tensor x, List<String> from, List<String> to) {
    return from.equals(to) ? x : x.permute(to.stream().mapToInt(from::indexOf).toArray());
  }

  /** In the order of another wire, with dimensions of size 1 for the axes that this one lacks. */
  private static Tensor aligned(Tensor x, Wire from, Wire to) {
    List<String> shared = to.axisNames().stream().filter(from::has).toList();
    Tensor y = ordered(x, from.axisNames(), shared);
    if (shared.size() == to.axes().size()) {
      return y;
    }
    long[] sizes = new long[to.axes().size()];
    int at = 0;
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = from.has(to.axes().get(i).name()) ? y.size(at++) : 1;
    }
    return y.reshape(sizes);
  }

  private static Tensor contract(List<Wire> in, Wire out, List<Tensor> x) {
    if (in.size() == 1) {
      Wire a = in.getFirst();
      List<String> kept = a.axisNames().stream().filter(out::has).toList();
      int[] gone =
          IntStream.range(0, a.axes().size()).filter(i -> !out.has(a.axisNames().get(i))).toArray();
      Tensor y = gone.length == 0 ? x.getFirst() : x.getFirst().sum(false, gone);
      return ordered(y, kept, out.axisNames());
    }
    Map<String, Character> letters = new HashMap<>();
    StringBuilder equation = new StringBuilder();
    for (int i = 0; i < in.size(); i++) {
      equation.append(i == 0 ? "" : ",");
      for (String axis : in.get(i).axisNames()) {
        int n = letters.size();
        equation.append(
            (char) letters.computeIfAbsent(axis, k -> (char) (n < 26 ? 'a' + n : 'A' + n - 26)));
      }
    }
    equation.append("->");
    for (String axis : out.axisNames()) {
      equation.append(letters.getOrDefault(axis, '?').charValue());
    }
    return Tensor.einsum(equation.toString(), x.toArray(Tensor[]::new));
  }

  private static Tensor sum(List<Wire> in, Wire out, List<Tensor> x) {
    Tensor sum = aligned(x.getFirst(), in.getFirst(), out);
    for (int i = 1; i < x.size(); i++) {
      sum = sum.add(aligned(x.get(i), in.get(i), out));
    }
    return sum;
  }

  /** The indices stride place + dilation tap, INT64 [place * tap]. */
  private Tensor reach(int stride, int dilation, Wire wire, String place, String tap) {
    int places = Math.toIntExact(typing.number(wire.axis(place).orElseThrow()));
    int taps = Math.toIntExact(typing.number(wire.axis(tap).orElseThrow()));
    long[] index = new long[Math.multiplyExact(places, taps)];
    Arrays.setAll(index, i -> (long) stride * (i / taps) + (long) dilation * (i % taps));
    return Tensor.of(index, index.length);
  }

  private Tensor fold(Tensor x, Wire a, Wire out, Morphism.Fold f) {
    Tensor index = reach(f.stride(), f.dilation(), a, f.place(), f.tap());
    List<String> order = new ArrayList<>(a.axisNames());
    order.remove(f.tap());
    order.add(order.indexOf(f.place()) + 1, f.tap());
    int dim = out.place(f.axis());
    long[] flat = shape(out);
    flat[dim] = index.elements();
    Tensor source = ordered(x, a.axisNames(), order).reshape(flat);
    long[] line = new long[flat.length];
    Arrays.fill(line, 1);
    line[dim] = flat[dim];
    Tensor zeros = Tensor.full(x.dtype(), Shape.of(shape(out)), 0);
    return zeros.scatterAdd(dim, index.reshape(line).expand(flat), source);
  }

  private static Tensor normalise(Tensor x, Wire a, Morphism.Normalise n) {
    List<String> order = new ArrayList<>(a.axisNames());
    order.removeAll(n.axes());
    int kept = order.size();
    order.addAll(n.axes());
    Tensor last = ordered(x, a.axisNames(), order);
    Tensor flat = n.axes().size() == 1 ? last : last.flatten(kept, order.size() - 1);
    Tensor y = flat.layerNorm(null, null, n.epsilon());
    return ordered(n.axes().size() == 1 ? y : y.reshape(last.shape()), order, a.axisNames());
  }

  private static Tensor mask(Tensor x, Wire a, Morphism.Causal c) {
    int query = a.place(c.query());
    int key = a.place(c.key());
    Tensor hidden = Decomposition.causalMask(x.size(query), x.size(key));
    long[] sizes = new long[a.axes().size()];
    Arrays.fill(sizes, 1);
    sizes[query] = x.size(query);
    sizes[key] = x.size(key);
    return (query < key ? hidden : hidden.permute(1, 0)).reshape(sizes);
  }

  private static Tensor gather(List<Wire> in, List<Tensor> x, String axis) {
    List<String> order = new ArrayList<>(in.getFirst().axisNames());
    order.remove(axis);
    order.addFirst(axis);
    Tensor table = ordered(x.getFirst(), in.getFirst().axisNames(), order);
    if (order.size() == 1) {
      return table.indexSelect(0, x.get(1).flatten(0, -1)).reshape(x.get(1).shape());
    }
    Tensor rows = table.rank() == 2 ? table : table.flatten(1, -1);
    Tensor taken =
        x.get(1).rank() == 0 ? rows.embedding(x.get(1).reshape(1)) : rows.embedding(x.get(1));
    List<Long> sizes = new ArrayList<>();
    in.get(1).axes().forEach(a -> sizes.add(x.get(1).size(in.get(1).place(a.name()))));
    for (int i = 1; i < order.size(); i++) {
      sizes.add(table.size(i));
    }
    return taken.reshape(sizes.stream().mapToLong(Long::longValue).toArray());
  }
}
