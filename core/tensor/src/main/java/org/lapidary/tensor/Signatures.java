package org.lapidary.tensor;

import static org.lapidary.tensor.DType.BOOL;
import static org.lapidary.tensor.DType.FLOAT32;
import static org.lapidary.tensor.DType.INT64;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.tensor.Op.Fft;

/**
 * The shape reading: what an operation gives for inputs of given types. It is also the argument
 * check that stands before every native call, so that a wrong shape is a {@link ShapeException} and
 * never reaches libtorch.
 */
public final class Signatures {
  private Signatures() {}

  /**
   * The types of an operation's outputs.
   *
   * @throws ShapeException naming the operation, the shapes and the dimensions that disagree
   */
  public static TensorType[] infer(Op op, TensorType... in) {
    return switch (op) {
      case Op.Pointwise p -> one(pointwise(p, in));
      case Op.Reduction r -> one(reduction(r, in));
      case Op.Split s -> {
        TensorType part = layout(s, in); // refuses a number of parts that makes no sense
        TensorType[] parts = new TensorType[s.parts()];
        Arrays.fill(parts, part);
        yield parts;
      }
      case Op.Layout l -> one(layout(l, in));
      case Op.Indexing i -> indexing(i, in);
      case Op.Contraction c -> one(contraction(c, in));
      case Op.Fused f -> fused(f, in);
      case Op.LinearAlgebra a -> linearAlgebra(a, in);
    };
  }

  private static TensorType[] one(TensorType type) {
    return new TensorType[] {type};
  }

  private static TensorType pointwise(Op.Pointwise op, TensorType[] in) {
    return switch (op) {
      case Op.Unary u -> unary(u, in);
      case Op.Binary b -> {
        arity(op, in, 2);
        Shape shape = Shape.broadcast(op.label(), in[0].shape(), in[1].shape());
        yield new TensorType(
            b.kind().givesBool() ? BOOL : arithmetic(b.kind(), promote(in[0], in[1])), shape);
      }
      case Op.WithScalar s -> {
        arity(op, in, 1);
        if (s.kind().givesBool()) {
          yield in[0].as(BOOL);
        }
        boolean whole = s.value() == Math.rint(s.value()) && !Double.isInfinite(s.value());
        DType dtype = in[0].dtype();
        if (dtype == BOOL) {
          dtype = whole ? INT64 : FLOAT32;
        } else if (dtype.kind() == DType.Kind.INTEGER && !whole) {
          dtype = FLOAT32;
        }
        yield in[0].as(arithmetic(s.kind(), dtype));
      }
      case Op.Clamp c -> {
        arity(op, in, 1);
        if (!(c.low() <= c.high())) {
          throw new ShapeException(
              "clamp: the lower bound %s must not exceed the upper bound %s"
                  .formatted(c.low(), c.high()));
        }
        floating(op, in[0]);
        yield in[0];
      }
      case Op.LeakyRelu ignored -> floatingOne(op, in);
      case Op.Elu ignored -> floatingOne(op, in);
      case Op.Where ignored -> {
        arity(op, in, 3);
        dtype(op, in[0], BOOL, "condition");
        Shape values = Shape.broadcast("where", in[1].shape(), in[2].shape());
        yield new TensorType(
            promote(in[1], in[2]), Shape.broadcast("where", in[0].shape(), values));
      }
      case Op.MaskedFill ignored -> {
        arity(op, in, 2);
        dtype(op, in[1], BOOL, "mask");
        Shape shape = Shape.broadcast("maskedFill", in[0].shape(), in[1].shape());
        if (!shape.equals(in[0].shape())) {
          throw new ShapeException(
              "maskedFill: the mask %s does not broadcast to %s"
                  .formatted(in[1].shape(), in[0].shape()));
        }
        yield in[0];
      }
      case Op.Cast c -> {
        arity(op, in, 1);
        yield in[0].as(c.to());
      }
      case Op.Detach ignored -> {
        arity(op, in, 1);
        yield in[0];
      }
    };
  }

  private static TensorType unary(Op.Unary op, TensorType[] in) {
    arity(op, in, 1);
    DType.Kind kind = in[0].dtype().kind();
    return switch (op.kind()) {
      case NOT -> {
        dtype(op, in[0], BOOL, "operand");
        yield in[0];
      }
      case IS_NAN -> in[0].as(BOOL);
      case NEG, ABS, SIGN, SQUARE -> {
        if (kind == DType.Kind.BOOL
            || (kind == DType.Kind.COMPLEX && op.kind() != Op.Unary.Kind.NEG)) {
          throw new ShapeException(op.label() + " does not take " + in[0]);
        }
        yield in[0];
      }
      case FLOOR, CEIL, ROUND -> floatingOne(op, in);
      default -> floatingOne(op, in);
    };
  }

  private static TensorType reduction(Op.Reduction op, TensorType[] in) {
    arity(op, in, 1);
    Shape shape = in[0].shape();
    return switch (op) {
      case Op.Reduce r -> {
        boolean[] reduced = new boolean[shape.rank()];
        for (int dim : r.dims()) {
          int axis = axis(op, dim, shape);
          if (reduced[axis]) {
            throw new ShapeException(op.label() + ": dimension " + axis + " is named twice");
          }
          reduced[axis] = true;
          if (shape.dim(axis) == 0
              && (r.kind() == Op.Reduce.Kind.MAX || r.kind() == Op.Reduce.Kind.MIN)) {
            throw new ShapeException(op.label() + " of an empty dimension in " + shape);
          }
        }
        DType dtype =
            switch (r.kind()) {
              case SUM ->
                  in[0].dtype().kind() == DType.Kind.BOOL
                          || in[0].dtype().kind() == DType.Kind.INTEGER
                      ? INT64
                      : in[0].dtype();
              case MEAN, LOG_SUM_EXP -> {
                if (!in[0].dtype().differentiable()) {
                  throw new ShapeException(
                      op.label() + " needs floating point, was " + in[0] + "; cast first");
                }
                yield in[0].dtype();
              }
              case MAX, MIN -> in[0].dtype();
              case ANY, ALL -> {
                dtype(op, in[0], BOOL, "operand");
                yield BOOL;
              }
            };
        yield new TensorType(dtype, reducedShape(shape, reduced, r.keep()));
      }
      case Op.ArgReduce a -> {
        int axis = axis(op, a.dim(), shape);
        if (shape.dim(axis) == 0) {
          throw new ShapeException("argReduce of an empty dimension in " + shape);
        }
        number(op, in[0]);
        boolean[] reduced = new boolean[shape.rank()];
        reduced[axis] = true;
        yield new TensorType(INT64, reducedShape(shape, reduced, a.keep()));
      }
      case Op.CumSum c -> {
        axis(op, c.dim(), shape);
        yield in[0].dtype().kind() == DType.Kind.FLOAT ? in[0] : in[0].as(INT64);
      }
    };
  }

  private static Shape reducedShape(Shape shape, boolean[] reduced, boolean keep) {
    long[] out = new long[shape.rank()];
    int n = 0;
    for (int i = 0; i < reduced.length; i++) {
      if (!reduced[i]) {
        out[n++] = shape.dim(i);
      } else if (keep) {
        out[n++] = 1;
      }
    }
    return Shape.trusted(Arrays.copyOf(out, n));
  }

  private static TensorType layout(Op.Layout op, TensorType[] in) {
    if (!(op instanceof Op.Concat)) {
      arity(op, in, 1);
    }
    Shape shape = in.length == 0 ? Shape.SCALAR : in[0].shape();
    return switch (op) {
      case Op.Reshape r -> {
        if (r.to().elements() != shape.elements()) {
          throw new ShapeException(
              "reshape: %s has %d elements, %s has %d"
                  .formatted(shape, shape.elements(), r.to(), r.to().elements()));
        }
        yield in[0].as(r.to());
      }
      case Op.Permute p -> {
        List<Integer> dims = p.dims();
        boolean[] seen = new boolean[shape.rank()];
        long[] out = new long[shape.rank()];
        if (dims.size() != shape.rank()) {
          throw new ShapeException(
              "permute %s names %d dimensions, %s has %d"
                  .formatted(dims, dims.size(), shape, shape.rank()));
        }
        for (int i = 0; i < out.length; i++) {
          int axis = axis(op, dims.get(i), shape);
          if (seen[axis]) {
            throw new ShapeException("permute " + dims + " names dimension " + axis + " twice");
          }
          seen[axis] = true;
          out[i] = shape.dim(axis);
        }
        yield in[0].as(Shape.trusted(out));
      }
      case Op.Expand e -> {
        if (e.to().rank() < shape.rank()
            || !Shape.broadcast("expand", shape, e.to()).equals(e.to())) {
          throw new ShapeException("expand: %s does not expand to %s".formatted(shape, e.to()));
        }
        yield in[0].as(e.to());
      }
      case Op.Concat c -> {
        if (in.length == 0) {
          throw new ShapeException("concat needs at least one tensor");
        }
        int axis = axis(op, c.dim(), shape);
        long total = 0;
        for (TensorType t : in) {
          if (t.dtype() != in[0].dtype()) {
            throw new ShapeException("concat: element types differ: " + Arrays.toString(in));
          }
          if (t.shape().rank() != shape.rank()
              || !t.shape().without(axis).equals(shape.without(axis))) {
            throw new ShapeException(
                "concat along dimension %d: %s and %s differ elsewhere"
                    .formatted(axis, shape, t.shape()));
          }
          total += t.shape().dim(axis);
        }
        yield in[0].as(shape.with(axis, total));
      }
      case Op.Slice s -> {
        int axis = axis(op, s.dim(), shape);
        long size = shape.dim(axis);
        if (s.start() < 0 || s.end() < s.start() || s.end() > size || s.step() < 1) {
          throw new ShapeException(
              "slice %d:%d step %d does not lie in dimension %d of %s"
                  .formatted(s.start(), s.end(), s.step(), axis, shape));
        }
        yield in[0].as(shape.with(axis, (s.end() - s.start() + s.step() - 1) / s.step()));
      }
      case Op.Split s -> {
        int axis = axis(op, s.dim(), shape);
        if (s.parts() < 1 || shape.dim(axis) % s.parts() != 0) {
          throw new ShapeException(
              "split: dimension %d of %s has no %d equal parts".formatted(axis, shape, s.parts()));
        }
        yield in[0].as(shape.with(axis, shape.dim(axis) / s.parts()));
      }
      case Op.Pad p -> {
        if (p.before().size() != shape.rank() || p.after().size() != shape.rank()) {
          throw new ShapeException(
              "pad: needs an amount for each dimension of " + shape + ", was " + p);
        }
        long[] out = shape.toArray();
        for (int i = 0; i < out.length; i++) {
          long before = p.before().get(i);
          long after = p.after().get(i);
          if (before < 0 || after < 0) {
            throw new ShapeException("pad: amounts are not negative, was " + p);
          }
          out[i] = Math.addExact(out[i], Math.addExact(before, after));
        }
        yield in[0].as(Shape.of(out));
      }
      case Op.Flip f -> {
        boolean[] flipped = new boolean[shape.rank()];
        for (int dim : f.dims()) {
          int axis = axis(op, dim, shape);
          if (flipped[axis]) {
            throw new ShapeException(op.label() + ": dimension " + axis + " is named twice");
          }
          flipped[axis] = true;
        }
        yield in[0];
      }
      case Op.Triangle ignored -> {
        matrix(op, in[0], "operand");
        yield in[0];
      }
      case Op.Diagonal d -> {
        matrix(op, in[0], "operand");
        long m = shape.dim(-2);
        long n = shape.dim(-1);
        long length = d.offset() >= 0 ? Math.min(m, n - d.offset()) : Math.min(m + d.offset(), n);
        if (length < 0) {
          throw new ShapeException("diagonal %d lies outside %s".formatted(d.offset(), shape));
        }
        yield in[0].as(shape.first(shape.rank() - 2).append(length));
      }
    };
  }

  private static TensorType[] indexing(Op.Indexing op, TensorType[] in) {
    return switch (op) {
      case Op.Gather g -> {
        arity(op, in, 2);
        dtype(op, in[1], INT64, "index");
        indexShape(op, g.dim(), in[0].shape(), in[1].shape());
        yield one(in[0].as(in[1].shape()));
      }
      case Op.Scatter s -> {
        arity(op, in, 3);
        dtype(op, in[1], INT64, "index");
        dtype(op, in[2], in[0].dtype(), "source");
        indexShape(op, s.dim(), in[0].shape(), in[1].shape());
        same(op, in[1].shape(), in[2].shape(), "index", "source");
        yield one(in[0]);
      }
      case Op.IndexSelect s -> {
        arity(op, in, 2);
        dtype(op, in[1], INT64, "index");
        rank(op, in[1], 1, "index");
        int axis = axis(op, s.dim(), in[0].shape());
        yield one(in[0].as(in[0].shape().with(axis, in[1].shape().dim(0))));
      }
      case Op.Embedding ignored -> {
        arity(op, in, 2);
        rank(op, in[0], 2, "weight");
        dtype(op, in[1], INT64, "ids");
        yield one(in[0].as(in[1].shape().append(in[0].shape().dim(1))));
      }
      case Op.Sort s -> {
        arity(op, in, 1);
        axis(op, s.dim(), in[0].shape());
        yield new TensorType[] {in[0], in[0].as(INT64)};
      }
      case Op.TopK t -> {
        arity(op, in, 1);
        number(op, in[0]);
        int axis = axis(op, t.dim(), in[0].shape());
        if (t.k() < 0 || t.k() > in[0].shape().dim(axis)) {
          throw new ShapeException(
              "topK: k = %d, but dimension %d of %s allows 0..%d"
                  .formatted(t.k(), axis, in[0].shape(), in[0].shape().dim(axis)));
        }
        TensorType values = in[0].as(in[0].shape().with(axis, t.k()));
        yield new TensorType[] {values, values.as(INT64)};
      }
      case Op.OneHot o -> {
        arity(op, in, 1);
        dtype(op, in[0], INT64, "index");
        yield one(in[0].as(in[0].shape().append(o.classes())));
      }
    };
  }

  private static void indexShape(Op op, int dim, Shape x, Shape index) {
    int axis = axis(op, dim, x);
    if (index.rank() != x.rank()) {
      throw new ShapeException(
          "%s: index %s and tensor %s must have the same rank".formatted(op.label(), index, x));
    }
    for (int i = 0; i < x.rank(); i++) {
      if (i != axis && index.dim(i) > x.dim(i)) {
        throw new ShapeException(
            "%s along dimension %d: index %s exceeds tensor %s in dimension %d"
                .formatted(op.label(), axis, index, x, i));
      }
    }
  }

  private static TensorType contraction(Op.Contraction op, TensorType[] in) {
    return switch (op) {
      case Op.Matmul ignored -> {
        arity(op, in, 2);
        matrix(op, in[0], "left operand");
        matrix(op, in[1], "right operand");
        sameDtype(op, in);
        number(op, in[0]);
        Shape a = in[0].shape();
        Shape b = in[1].shape();
        if (a.dim(-1) != b.dim(-2)) {
          throw new ShapeException(
              "matmul: %s times %s: the left has %d columns, the right has %d rows"
                  .formatted(a, b, a.dim(-1), b.dim(-2)));
        }
        Shape batch = Shape.broadcast("matmul", a.first(a.rank() - 2), b.first(b.rank() - 2));
        yield in[0].as(batch.append(a.dim(-2), b.dim(-1)));
      }
      case Op.Linear l -> {
        arity(op, in, l.bias() ? 3 : 2);
        sameDtype(op, in);
        number(op, in[0]);
        rank(op, in[1], 2, "weight");
        Shape w = in[1].shape();
        atLeast(op, in[0], 1, "x");
        if (in[0].shape().dim(-1) != w.dim(1)) {
          throw new ShapeException(
              "linear: x %s has %d features last, weight %s [out, in] takes %d"
                  .formatted(in[0].shape(), in[0].shape().dim(-1), w, w.dim(1)));
        }
        if (l.bias()) {
          same(op, in[2].shape(), Shape.of(w.dim(0)), "bias", "outputs");
        }
        yield in[0].as(in[0].shape().with(-1, w.dim(0)));
      }
      case Op.PackedLinear p -> {
        arity(op, in, 1);
        dtype(op, in[0], FLOAT32, "x");
        atLeast(op, in[0], 1, "x");
        if (in[0].shape().dim(-1) != p.matrix().columns()) {
          throw new ShapeException(
              "packedLinear: x %s has %d features last, the packed matrix [%d, %d] takes %d"
                  .formatted(
                      in[0].shape(),
                      in[0].shape().dim(-1),
                      p.matrix().rows(),
                      p.matrix().columns(),
                      p.matrix().columns()));
        }
        yield in[0].as(in[0].shape().with(-1, p.matrix().rows()));
      }
      case Op.Einsum e -> einsum(e, in);
      case Op.Convolution c -> convolution(c, in);
      case Op.Pool p -> {
        arity(op, in, 1);
        rank(op, in[0], 4, "x [batch, channels, height, width]");
        floating(op, in[0]);
        Shape out = in[0].shape();
        for (int i = 0; i < 2; i++) {
          long kernel = p.kernel().get(i);
          long pad = p.padding().get(i);
          if (kernel < 1 || p.stride().get(i) < 1 || pad < 0 || pad * 2 > kernel) {
            throw new ShapeException(
                "pool: kernel and stride are at least 1, padding 0 to half the kernel, was " + p);
          }
          long size = out.dim(2 + i) + 2 * pad - kernel;
          if (out.dim(1) == 0 || out.dim(2 + i) == 0) {
            throw new ShapeException("pool of an empty image in " + in[0].shape());
          }
          if (size < 0) {
            throw new ShapeException(
                "pool: window %s is larger than %s".formatted(p.kernel(), in[0].shape()));
          }
          out = out.with(2 + i, size / p.stride().get(i) + 1);
        }
        yield in[0].as(out);
      }
    };
  }

  private static TensorType einsum(Op.Einsum op, TensorType[] in) {
    String[] sides = op.equation().split("->", -1);
    String[] terms = sides[0].split(",", -1);
    if (sides.length != 2 || !op.equation().matches("[a-zA-Z,]*->[a-zA-Z]*")) {
      throw new ShapeException(
          "einsum: '%s' is not of the form ab,bc->ac".formatted(op.equation()));
    }
    if (terms.length != in.length) {
      throw new ShapeException(
          "einsum '%s' names %d operands, got %d"
              .formatted(op.equation(), terms.length, in.length));
    }
    sameDtype(op, in);
    number(op, in[0]);
    Map<Character, Long> sizes = new HashMap<>();
    for (int i = 0; i < in.length; i++) {
      rank(op, in[i], terms[i].length(), "operand " + i + " '" + terms[i] + "'");
      for (int j = 0; j < terms[i].length(); j++) {
        Long before = sizes.put(terms[i].charAt(j), in[i].shape().dim(j));
        if (before != null && before != in[i].shape().dim(j)) {
          throw new ShapeException(
              "einsum '%s': '%c' is %d and %d in %s"
                  .formatted(
                      op.equation(),
                      terms[i].charAt(j),
                      before,
                      in[i].shape().dim(j),
                      Arrays.toString(in)));
        }
      }
    }
    long[] out = new long[sides[1].length()];
    for (int i = 0; i < out.length; i++) {
      Long size = sizes.get(sides[1].charAt(i));
      if (size == null || sides[1].indexOf(sides[1].charAt(i)) != i) {
        throw new ShapeException(
            "einsum '%s': output index '%c' is repeated or not in the operands"
                .formatted(op.equation(), sides[1].charAt(i)));
      }
      out[i] = size;
    }
    return in[0].as(Shape.trusted(out));
  }

  private static TensorType convolution(Op.Convolution c, TensorType[] in) {
    arity(c, in, c.bias() ? 3 : 2);
    sameDtype(c, in);
    int spatial = c.stride().size();
    rank(c, in[0], spatial + 2, "x [batch, channels, spatial...]");
    rank(c, in[1], spatial + 2, "weight");
    if (spatial < 1 || spatial > 3) {
      throw new ShapeException("convolution: 1 to 3 spatial dimensions, was " + spatial);
    }
    Shape x = in[0].shape();
    Shape w = in[1].shape();
    long inChannels = c.transposed() ? w.dim(0) : w.dim(1) * c.groups();
    long outChannels = c.transposed() ? w.dim(1) * c.groups() : w.dim(0);
    if (c.groups() < 1 || x.dim(1) != inChannels || w.dim(0) % c.groups() != 0) {
      throw new ShapeException(
          "convolution: x %s has %d channels, weight %s with %d groups takes %d"
              .formatted(x, x.dim(1), w, c.groups(), inChannels));
    }
    if (c.bias()) {
      same(c, in[2].shape(), Shape.of(outChannels), "bias", "output channels");
    }
    long[] out = new long[spatial + 2];
    out[0] = x.dim(0);
    out[1] = outChannels;
    floating(c, in[0]);
    for (int i = 0; i < spatial + 2; i++) {
      if (w.dim(i) < 1 || (i > 0 && x.dim(i) < 1)) {
        throw new ShapeException("convolution of %s with %s: nothing to sum".formatted(x, w));
      }
    }
    for (int i = 0; i < spatial; i++) {
      long stride = c.stride().get(i);
      long pad = c.padding().get(i);
      long dilation = c.dilation().get(i);
      if (stride < 1 || pad < 0 || dilation < 1) {
        throw new ShapeException(
            "convolution: stride and dilation are at least 1, padding at least 0, was " + c);
      }
      long window = dilation * (w.dim(i + 2) - 1) + 1;
      out[i + 2] =
          c.transposed()
              ? (x.dim(i + 2) - 1) * stride - 2 * pad + window + c.outputPadding().get(i)
              : Math.floorDiv(x.dim(i + 2) + 2 * pad - window, stride) + 1;
      if (out[i + 2] < 1) {
        throw new ShapeException(
            "convolution: kernel %s is larger than the padded input %s".formatted(w, x));
      }
    }
    return in[0].as(Shape.of(out));
  }

  private static TensorType[] fused(Op.Fused op, TensorType[] in) {
    return switch (op) {
      case Op.Softmax s -> {
        TensorType x = floatingOne(op, in);
        axis(op, s.dim(), x.shape());
        yield one(x);
      }
      case Op.LogSoftmax s -> {
        TensorType x = floatingOne(op, in);
        axis(op, s.dim(), x.shape());
        yield one(x);
      }
      case Op.LayerNorm n -> {
        arity(op, in, n.affine() ? 3 : 1);
        atLeast(op, in[0], n.dims(), "x");
        if (n.dims() < 1) {
          throw new ShapeException("layerNorm normalises at least the last dimension");
        }
        floating(op, in[0]);
        for (int i = 1; i < in.length; i++) {
          same(op, in[i].shape(), in[0].shape().last(n.dims()), "parameter", "normalised part");
        }
        sameDtype(op, in);
        yield one(in[0]);
      }
      case Op.RmsNorm n -> {
        arity(op, in, n.affine() ? 2 : 1);
        atLeast(op, in[0], 1, "x");
        floating(op, in[0]);
        if (n.affine()) {
          same(op, in[1].shape(), in[0].shape().last(1), "weight", "last dimension");
        }
        sameDtype(op, in);
        yield one(in[0]);
      }
      case Op.GroupNorm n -> {
        arity(op, in, 3);
        channels(op, in);
        if (n.groups() < 1 || in[0].shape().dim(1) % n.groups() != 0) {
          throw new ShapeException(
              "groupNorm: %d groups do not divide the %d channels of %s"
                  .formatted(n.groups(), in[0].shape().dim(1), in[0].shape()));
        }
        yield one(in[0]);
      }
      case Op.BatchNorm n -> {
        arity(op, in, n.training() ? 3 : 5);
        channels(op, in);
        yield n.training() ? new TensorType[] {in[0], in[1], in[1]} : new TensorType[] {in[0]};
      }
      case Op.Attention a -> {
        arity(op, in, a.mask() ? 4 : 3);
        sameDtype(op, Arrays.copyOf(in, 3));
        floating(op, in[0]);
        for (int i = 0; i < 3; i++) {
          matrix(op, in[i], i == 0 ? "q" : i == 1 ? "k" : "v");
        }
        Shape q = in[0].shape();
        Shape k = in[1].shape();
        Shape v = in[2].shape();
        Shape lead = q.first(q.rank() - 2);
        if (q.dim(-1) != k.dim(-1)
            || k.dim(-2) != v.dim(-2)
            || !lead.equals(k.first(k.rank() - 2))
            || !lead.equals(v.first(v.rank() - 2))) {
          throw new ShapeException(
              "attention: q %s [..., queries, dHead], k %s [..., keys, dHead] and v %s [..., keys, dValue] disagree"
                  .formatted(q, k, v));
        }
        if (a.causal() && k.dim(-2) < q.dim(-2)) {
          throw new ShapeException(
              "attention: causal attention needs at least as many keys as queries, q %s, k %s"
                  .formatted(q, k));
        }
        if (a.mask()) {
          Shape scores = lead.append(q.dim(-2), k.dim(-2));
          if (!Shape.broadcast("attention mask", in[3].shape(), scores).equals(scores)) {
            throw new ShapeException(
                "attention: mask %s does not broadcast to the scores %s"
                    .formatted(in[3].shape(), scores));
          }
          dtype(op, in[3], in[0].dtype(), "mask");
        }
        yield one(in[0].as(q.with(-1, v.dim(-1))));
      }
      case Op.CrossEntropy c -> {
        arity(op, in, 2);
        floating(op, in[0]);
        rank(op, in[0], 2, "logits [n, classes]");
        dtype(op, in[1], INT64, "target");
        same(op, in[1].shape(), in[0].shape().first(1), "target", "rows of logits");
        if (!(c.smoothing() >= 0 && c.smoothing() <= 1)) {
          throw new ShapeException("crossEntropy: smoothing lies in [0, 1], was " + c.smoothing());
        }
        yield one(in[0].as(Shape.SCALAR));
      }
    };
  }

  private static void channels(Op op, TensorType[] in) {
    atLeast(op, in[0], 2, "x [batch, channels, ...]");
    floating(op, in[0]);
    for (int i = 1; i < in.length; i++) {
      same(op, in[i].shape(), Shape.of(in[0].shape().dim(1)), "parameter", "channels");
    }
    sameDtype(op, in);
  }

  private static TensorType[] linearAlgebra(Op.LinearAlgebra op, TensorType[] in) {
    arity(op, in, op instanceof Op.Solve || op instanceof Op.MakeComplex ? 2 : 1);
    Shape s = in[0].shape();
    return switch (op) {
      case Op.Svd svd -> {
        matrix(op, in[0], "operand");
        real(op, in[0]);
        long m = s.dim(-2);
        long n = s.dim(-1);
        long k = Math.min(m, n);
        Shape lead = s.first(s.rank() - 2);
        yield new TensorType[] {
          in[0].as(lead.append(m, svd.fullMatrices() ? m : k)),
          in[0].as(lead.append(k)),
          in[0].as(lead.append(svd.fullMatrices() ? n : k, n))
        };
      }
      case Op.Eigh ignored -> {
        square(op, in[0]);
        yield new TensorType[] {in[0].as(s.without(-1)), in[0]};
      }
      case Op.Qr ignored -> {
        matrix(op, in[0], "operand");
        real(op, in[0]);
        long k = Math.min(s.dim(-2), s.dim(-1));
        yield new TensorType[] {in[0].as(s.with(-1, k)), in[0].as(s.with(-2, k))};
      }
      case Op.Cholesky ignored -> {
        square(op, in[0]);
        yield one(in[0]);
      }
      case Op.Solve ignored -> {
        square(op, in[0]);
        matrix(op, in[1], "right-hand side");
        sameDtype(op, in);
        if (in[1].shape().dim(-2) != s.dim(-1)
            || !in[1].shape().first(in[1].shape().rank() - 2).equals(s.first(s.rank() - 2))) {
          throw new ShapeException(
              "solve: a %s [..., n, n] and b %s [..., n, k] disagree".formatted(s, in[1].shape()));
        }
        yield one(in[1]);
      }
      case Op.Inverse ignored -> {
        square(op, in[0]);
        yield one(in[0]);
      }
      case Op.SlogDet ignored -> {
        square(op, in[0]);
        TensorType out = in[0].as(s.first(s.rank() - 2));
        yield new TensorType[] {out, out};
      }
      case Op.Fft f -> {
        int axis = axis(op, f.dim(), s);
        long n = f.n() == -1 ? s.dim(axis) : f.n();
        if (f.kind() == Fft.Kind.IRFFT && f.n() == -1) {
          n = 2 * (s.dim(axis) - 1);
        }
        if (n < 1) {
          throw new ShapeException("fft: needs at least one point, was %d in %s".formatted(n, s));
        }
        DType complex = complexOf(op, in[0]);
        yield one(
            switch (f.kind()) {
              case FFT, IFFT -> new TensorType(complex, s.with(axis, n));
              case RFFT -> {
                real(op, in[0]);
                yield new TensorType(complex, s.with(axis, n / 2 + 1));
              }
              case IRFFT -> new TensorType(realOf(complex), s.with(axis, n));
            });
      }
      case Op.ComplexPart ignored -> {
        if (in[0].dtype().kind() != DType.Kind.COMPLEX) {
          throw new ShapeException("complexPart needs a complex tensor, was " + in[0]);
        }
        yield one(in[0].as(realOf(in[0].dtype())));
      }
      case Op.MakeComplex ignored -> {
        sameDtype(op, in);
        real(op, in[0]);
        same(op, s, in[1].shape(), "real part", "imaginary part");
        yield one(in[0].as(complexOf(op, in[0])));
      }
    };
  }

  // ---- the checks themselves ----

  private static void arity(Op op, TensorType[] in, int n) {
    if (in.length != n) {
      throw new ShapeException("%s takes %d tensors, got %d".formatted(op.label(), n, in.length));
    }
  }

  private static int axis(Op op, int dim, Shape shape) {
    if (dim < 0 || dim >= shape.rank()) {
      throw new ShapeException(
          "%s: dimension %d does not exist in shape %s".formatted(op.label(), dim, shape));
    }
    return dim;
  }

  private static void rank(Op op, TensorType t, int rank, String what) {
    if (t.shape().rank() != rank) {
      throw new ShapeException(
          "%s: %s needs %d dimensions, was %s".formatted(op.label(), what, rank, t.shape()));
    }
  }

  private static void atLeast(Op op, TensorType t, int rank, String what) {
    if (t.shape().rank() < rank) {
      throw new ShapeException(
          "%s: %s needs at least %d dimensions, was %s"
              .formatted(op.label(), what, rank, t.shape()));
    }
  }

  private static void matrix(Op op, TensorType t, String what) {
    atLeast(op, t, 2, what);
  }

  private static void square(Op op, TensorType t) {
    matrix(op, t, "operand");
    real(op, t);
    if (t.shape().dim(-1) != t.shape().dim(-2)) {
      throw new ShapeException(op.label() + " needs square matrices, was " + t.shape());
    }
  }

  private static void real(Op op, TensorType t) {
    if (t.dtype() != FLOAT32 && t.dtype() != DType.FLOAT64) {
      throw new ShapeException(op.label() + " needs float32 or float64, was " + t);
    }
  }

  private static void number(Op op, TensorType type) {
    if (type.dtype() == BOOL) {
      throw new ShapeException(
          "%s takes numbers, was %s; convert it with to(DType.FLOAT32)"
              .formatted(op.label(), type));
    }
  }

  private static void floating(Op op, TensorType t) {
    if (!t.dtype().differentiable()) {
      throw new ShapeException(
          op.label() + " needs floating point numbers, was " + t + "; cast first");
    }
  }

  private static TensorType floatingOne(Op op, TensorType[] in) {
    arity(op, in, 1);
    floating(op, in[0]);
    return in[0];
  }

  private static void dtype(Op op, TensorType t, DType dtype, String what) {
    if (t.dtype() != dtype) {
      throw new ShapeException(
          "%s: %s needs element type %s, was %s".formatted(op.label(), what, dtype, t));
    }
  }

  private static void sameDtype(Op op, TensorType[] in) {
    for (TensorType t : in) {
      if (t.dtype() != in[0].dtype()) {
        throw new ShapeException(
            op.label() + ": element types differ: " + Arrays.toString(in) + "; cast first");
      }
    }
  }

  private static void same(Op op, Shape a, Shape b, String what, String other) {
    if (!a.equals(b)) {
      throw new ShapeException(
          "%s: %s %s does not fit %s %s".formatted(op.label(), what, a, other, b));
    }
  }

  private static DType complexOf(Op op, TensorType t) {
    return switch (t.dtype()) {
      case FLOAT32, COMPLEX64 -> DType.COMPLEX64;
      case FLOAT64, COMPLEX128 -> DType.COMPLEX128;
      default ->
          throw new ShapeException(op.label() + " needs float32, float64 or complex, was " + t);
    };
  }

  private static DType realOf(DType complex) {
    return complex == DType.COMPLEX64 ? FLOAT32 : DType.FLOAT64;
  }

  /** Division of integers gives float32, as everywhere. */
  private static DType arithmetic(Op.Binary.Kind kind, DType dtype) {
    boolean fractional = kind == Op.Binary.Kind.DIV || kind == Op.Binary.Kind.ATAN2;
    return fractional && !dtype.differentiable() ? FLOAT32 : dtype;
  }

  /**
   * The common element type of two operands: the later family wins (bool, integer, float, complex);
   * within one family a tensor wins over a scalar, and the wider over the narrower.
   */
  static DType promote(TensorType a, TensorType b) {
    DType x = a.dtype();
    DType y = b.dtype();
    if (x == y) {
      return x;
    }
    if (x.kind() != y.kind()) {
      DType higher = x.kind().compareTo(y.kind()) > 0 ? x : y;
      DType lower = higher == x ? y : x;
      return higher == DType.COMPLEX64 && lower == DType.FLOAT64 ? DType.COMPLEX128 : higher;
    }
    boolean scalarA = a.shape().rank() == 0;
    boolean scalarB = b.shape().rank() == 0;
    if (scalarA != scalarB) {
      return scalarA ? y : x;
    }
    if (x.bytes() != y.bytes()) {
      DType wide = x.bytes() > y.bytes() ? x : y;
      return wide;
    }
    return x == DType.FLOAT16 || x == DType.BFLOAT16 ? FLOAT32 : DType.INT16;
  }
}
