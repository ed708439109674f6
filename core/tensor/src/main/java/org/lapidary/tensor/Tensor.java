package org.lapidary.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;
import org.lapidary.kernels.PackedMatrix;

/**
 * An n-dimensional array over libtorch. Operations make new tensors and never change their
 * operands; the only way to write is {@link #segment}, which optimizers and readers use. Every
 * operation checks element types and shapes first and throws a {@link ShapeException} that says
 * what disagrees.
 *
 * <p>Native memory is freed by {@link Scope}, by {@link #close}, or after garbage collection.
 */
public final class Tensor implements AutoCloseable {
  private org.bytedeco.pytorch.@Nullable Tensor handle;
  private final TensorType type;
  private final Object origin;
  private final long leakId;
  @Nullable Scope scope;

  Tensor(org.bytedeco.pytorch.Tensor handle, TensorType type, Object origin) {
    this.handle = handle;
    this.type = type;
    this.origin = origin;
    this.leakId =
        Leaks.ON ? Leaks.register(this, origin instanceof Op op ? op.label() : "source") : 0;
  }

  org.bytedeco.pytorch.Tensor handle() {
    org.bytedeco.pytorch.Tensor h = handle;
    if (h == null) {
      throw new IllegalStateException(
          "the tensor %s made by %s was freed at the end of its scope; use Scope.keep to let it outlive the scope"
              .formatted(type, origin instanceof Op op ? op.label() : origin));
    }
    return h;
  }

  // ---- what it is ----

  public Shape shape() {
    return type.shape();
  }

  public DType dtype() {
    return type.dtype();
  }

  public TensorType type() {
    return type;
  }

  /** The size of one dimension; negative dimensions count from the last. */
  public long size(int dim) {
    return type.shape().dim(dim);
  }

  public int rank() {
    return type.shape().rank();
  }

  public long elements() {
    return type.shape().elements();
  }

  // ---- making tensors ----

  /** float32 of the given values in row-major order. */
  public static Tensor of(float[] values, long... sizes) {
    return from(
        MemorySegment.ofArray(values),
        DType.FLOAT32,
        sizes.length == 0 ? new long[] {values.length} : sizes);
  }

  /** float64. */
  public static Tensor of(double[] values, long... sizes) {
    return from(
        MemorySegment.ofArray(values),
        DType.FLOAT64,
        sizes.length == 0 ? new long[] {values.length} : sizes);
  }

  /** int64. */
  public static Tensor of(long[] values, long... sizes) {
    return from(
        MemorySegment.ofArray(values),
        DType.INT64,
        sizes.length == 0 ? new long[] {values.length} : sizes);
  }

  /** int64, from ints such as token ids. */
  public static Tensor of(int[] values, long... sizes) {
    return of(Arrays.stream(values).asLongStream().toArray(), sizes);
  }

  /** BOOL. */
  public static Tensor of(boolean[] values, long... sizes) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (values[i] ? 1 : 0);
    }
    return from(
        MemorySegment.ofArray(bytes),
        DType.BOOL,
        sizes.length == 0 ? new long[] {values.length} : sizes);
  }

  /** A float32 scalar. */
  public static Tensor scalar(double value) {
    return full(DType.FLOAT32, Shape.SCALAR, value);
  }

  /**
   * A copy of little-endian elements in row-major order.
   *
   * @throws ShapeException if the segment's length is not that of the type
   */
  public static Tensor from(MemorySegment data, DType dtype, long... sizes) {
    TensorType wanted = TensorType.of(dtype, sizes);
    if (data.byteSize() != wanted.bytes()) {
      throw new ShapeException(
          "%s needs %d bytes, was given %d".formatted(wanted, wanted.bytes(), data.byteSize()));
    }
    Natives.load();
    org.bytedeco.pytorch.Tensor out =
        torch.empty(wanted.shape().raw(), Natives.options(dtype), null);
    MemorySegment.copy(data, 0, Natives.segment(out, wanted.bytes()), 0, wanted.bytes());
    return Evaluator.wrap(wanted, out);
  }

  public static Tensor zeros(long... sizes) {
    return zeros(DType.FLOAT32, Shape.of(sizes));
  }

  public static Tensor zeros(DType dtype, Shape shape) {
    Natives.load();
    return Evaluator.wrap(
        new TensorType(dtype, shape), torch.zeros(shape.raw(), Natives.options(dtype)));
  }

  public static Tensor ones(long... sizes) {
    return ones(DType.FLOAT32, Shape.of(sizes));
  }

  public static Tensor ones(DType dtype, Shape shape) {
    return full(dtype, shape, 1);
  }

  public static Tensor full(DType dtype, Shape shape, double value) {
    Natives.load();
    try (Scalar scalar = new Scalar(value)) {
      return Evaluator.wrap(
          new TensorType(dtype, shape), torch.full(shape.raw(), scalar, Natives.options(dtype)));
    }
  }

  /** The int64 numbers 0..n-1. */
  public static Tensor arange(long n) {
    long[] values = new long[Math.toIntExact(n)];
    Arrays.setAll(values, i -> i);
    return of(values, n);
  }

  /** The identity matrix [n, n]. */
  public static Tensor eye(DType dtype, long n) {
    Natives.load();
    return Evaluator.wrap(TensorType.of(dtype, n, n), torch.eye(n, Natives.options(dtype)));
  }

  // ---- reading values ----

  /** The only element. */
  public double item() {
    if (elements() != 1) {
      throw new ShapeException("item needs one element, was " + type);
    }
    if (dtype().kind() == DType.Kind.COMPLEX) {
      throw new ShapeException("item does not take complex numbers; take a part first");
    }
    return handle().item_double();
  }

  /** All elements in row-major order, as float32. */
  public float[] toFloats() {
    float[] values = new float[Math.toIntExact(elements())];
    read(DType.FLOAT32, ValueLayout.JAVA_FLOAT_UNALIGNED, values, values.length);
    return values;
  }

  /** All elements in row-major order, as float64. */
  public double[] toDoubles() {
    double[] values = new double[Math.toIntExact(elements())];
    read(DType.FLOAT64, ValueLayout.JAVA_DOUBLE_UNALIGNED, values, values.length);
    return values;
  }

  /** All elements in row-major order, as int64; fractions are cut. */
  public long[] toLongs() {
    long[] values = new long[Math.toIntExact(elements())];
    read(DType.INT64, ValueLayout.JAVA_LONG_UNALIGNED, values, values.length);
    return values;
  }

  /** All elements in row-major order, as ints such as token ids. */
  public int[] toInts() {
    return Arrays.stream(toLongs()).mapToInt(Math::toIntExact).toArray();
  }

  /** All elements in row-major order, true where they are not zero. */
  public boolean[] toBooleans() {
    byte[] bytes = bytes(DType.BOOL);
    boolean[] values = new boolean[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      values[i] = bytes[i] != 0;
    }
    return values;
  }

  /** The elements' bytes, little-endian in row-major order, on the heap. */
  public byte[] toBytes() {
    return bytes(dtype());
  }

  private byte[] bytes(DType as) {
    byte[] values = new byte[Math.toIntExact(elements() * as.bytes())];
    read(as, ValueLayout.JAVA_BYTE, values, values.length);
    return values;
  }

  /**
   * Copies all elements into an array of the layout's type. Not by a copy between two segments:
   * that writes a small array in pieces of 8 bytes, and the server compiler of JDK 25.0.3 has been
   * seen to lose one of them, so that two neighbours of eight floats read as 0.
   */
  private void read(DType as, ValueLayout layout, Object array, int length) {
    if (length == 0) {
      return;
    }
    try (var detached = handle().detach();
        var host = detached.cpu();
        var cast = host.to(Natives.scalarType(as));
        var dense = cast.contiguous()) {
      MemorySegment from = Natives.segment(dense, elements() * as.bytes());
      MemorySegment.copy(from, layout, 0, array, 0, length);
    }
  }

  /**
   * The tensor's own memory, for reading and writing in place; valid until the tensor is freed.
   * Autograd does not see what is written, so write only between a backward and the next forward.
   *
   * @throws IllegalStateException if the tensor is not contiguous in main memory
   */
  public MemorySegment segment() {
    if (!handle().is_contiguous() || !handle().is_cpu()) {
      throw new IllegalStateException(
          "segment needs a contiguous tensor in main memory, was a view of "
              + type
              + "; use contiguous() first");
    }
    return Natives.segment(handle(), type.bytes());
  }

  // ---- memory and gradients ----

  /** Frees the native memory now. Closing twice does nothing. */
  @Override
  public void close() {
    if (handle != null) {
      handle.close();
      handle = null;
      scope = null;
      if (Leaks.ON) {
        Leaks.closed(leakId);
      }
    }
  }

  public boolean isClosed() {
    return handle == null;
  }

  /** Takes the tensor out of its scope: it lives as long as it is reachable. Parameters do. */
  public Tensor unscoped() {
    scope = null;
    return this;
  }

  /** A copy with its own contiguous memory, cut from any gradient. */
  public Tensor copy() {
    try (var detached = handle().detach();
        var dense = detached.contiguous()) {
      return Evaluator.wrap(type, dense.clone());
    }
  }

  /** This tensor if its elements lie in row-major order, else a copy that does. */
  public Tensor contiguous() {
    return handle().is_contiguous()
        ? this
        : Evaluator.one(new Op.Reshape(Shape.of(elements())), this).reshape(shape());
  }

  /**
   * Whether results computed from this tensor can be differentiated with respect to it; set it on a
   * leaf, such as a parameter.
   */
  public Tensor requiresGrad(boolean required) {
    if (required && !dtype().differentiable()) {
      throw new ShapeException("only floating point tensors have gradients, was " + type);
    }
    handle().set_requires_grad(required);
    return this;
  }

  public boolean requiresGrad() {
    return handle().requires_grad();
  }

  /** The same values, cut from the computation that made them. */
  public Tensor detach() {
    return Evaluator.one(new Op.Detach(), this);
  }

  // ---- element by element ----

  /** -x. */
  public Tensor neg() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.NEG), this);
  }

  /** |x|. */
  public Tensor abs() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.ABS), this);
  }

  /** -1, 0 or 1. */
  public Tensor sign() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.SIGN), this);
  }

  /** 1 / x. */
  public Tensor reciprocal() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.RECIPROCAL), this);
  }

  /** x^2. */
  public Tensor square() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.SQUARE), this);
  }

  public Tensor sqrt() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.SQRT), this);
  }

  /** 1 / sqrt(x). */
  public Tensor rsqrt() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.RSQRT), this);
  }

  public Tensor exp() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.EXP), this);
  }

  /** exp(x) - 1. */
  public Tensor expm1() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.EXPM1), this);
  }

  /** The natural logarithm. */
  public Tensor log() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.LOG), this);
  }

  /** log(1 + x). */
  public Tensor log1p() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.LOG1P), this);
  }

  public Tensor sin() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.SIN), this);
  }

  public Tensor cos() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.COS), this);
  }

  public Tensor tanh() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.TANH), this);
  }

  public Tensor sigmoid() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.SIGMOID), this);
  }

  public Tensor logSigmoid() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.LOG_SIGMOID), this);
  }

  /** log(1 + exp(x)). */
  public Tensor softplus() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.SOFTPLUS), this);
  }

  public Tensor erf() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.ERF), this);
  }

  public Tensor relu() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.RELU), this);
  }

  /** x sigmoid(x). */
  public Tensor silu() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.SILU), this);
  }

  /** x Phi(x). */
  public Tensor gelu() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.GELU), this);
  }

  /** The tanh approximation of {@link #gelu}, as GPT-2 uses it. */
  public Tensor geluTanh() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.GELU_TANH), this);
  }

  public Tensor floor() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.FLOOR), this);
  }

  public Tensor ceil() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.CEIL), this);
  }

  /** To the nearest integer, ties to even. */
  public Tensor round() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.ROUND), this);
  }

  public Tensor not() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.NOT), this);
  }

  public Tensor isNan() {
    return Evaluator.one(new Op.Unary(Op.Unary.Kind.IS_NAN), this);
  }

  public Tensor add(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.ADD), this, other);
  }

  public Tensor add(double value) {
    return Evaluator.one(new Op.WithScalar(Op.Binary.Kind.ADD, value, false), this);
  }

  public Tensor sub(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.SUB), this, other);
  }

  public Tensor sub(double value) {
    return Evaluator.one(new Op.WithScalar(Op.Binary.Kind.SUB, value, false), this);
  }

  public Tensor mul(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.MUL), this, other);
  }

  public Tensor mul(double value) {
    return Evaluator.one(new Op.WithScalar(Op.Binary.Kind.MUL, value, false), this);
  }

  public Tensor div(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.DIV), this, other);
  }

  public Tensor div(double value) {
    return Evaluator.one(new Op.WithScalar(Op.Binary.Kind.DIV, value, false), this);
  }

  public Tensor pow(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.POW), this, other);
  }

  public Tensor pow(double value) {
    return Evaluator.one(new Op.WithScalar(Op.Binary.Kind.POW, value, false), this);
  }

  public Tensor maximum(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.MAXIMUM), this, other);
  }

  public Tensor maximum(double value) {
    return Evaluator.one(new Op.WithScalar(Op.Binary.Kind.MAXIMUM, value, false), this);
  }

  public Tensor minimum(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.MINIMUM), this, other);
  }

  public Tensor minimum(double value) {
    return Evaluator.one(new Op.WithScalar(Op.Binary.Kind.MINIMUM, value, false), this);
  }

  public Tensor remainder(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.REMAINDER), this, other);
  }

  public Tensor remainder(double value) {
    return Evaluator.one(new Op.WithScalar(Op.Binary.Kind.REMAINDER, value, false), this);
  }

  public Tensor atan2(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.ATAN2), this, other);
  }

  public Tensor eq(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.EQ), this, other);
  }

  public Tensor eq(double value) {
    return Evaluator.one(new Op.WithScalar(Op.Binary.Kind.EQ, value, false), this);
  }

  public Tensor ne(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.NE), this, other);
  }

  public Tensor ne(double value) {
    return Evaluator.one(new Op.WithScalar(Op.Binary.Kind.NE, value, false), this);
  }

  public Tensor lt(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.LT), this, other);
  }

  public Tensor lt(double value) {
    return Evaluator.one(new Op.WithScalar(Op.Binary.Kind.LT, value, false), this);
  }

  public Tensor le(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.LE), this, other);
  }

  public Tensor le(double value) {
    return Evaluator.one(new Op.WithScalar(Op.Binary.Kind.LE, value, false), this);
  }

  public Tensor gt(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.GT), this, other);
  }

  public Tensor gt(double value) {
    return Evaluator.one(new Op.WithScalar(Op.Binary.Kind.GT, value, false), this);
  }

  public Tensor ge(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.GE), this, other);
  }

  public Tensor ge(double value) {
    return Evaluator.one(new Op.WithScalar(Op.Binary.Kind.GE, value, false), this);
  }

  public Tensor and(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.AND), this, other);
  }

  public Tensor or(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.OR), this, other);
  }

  public Tensor xor(Tensor other) {
    return Evaluator.one(new Op.Binary(Op.Binary.Kind.XOR), this, other);
  }

  /** {@code value - x}. */
  public Tensor subtractFrom(double value) {
    return Evaluator.one(new Op.WithScalar(Op.Binary.Kind.SUB, value, true), this);
  }

  /** min(max(x, low), high). */
  public Tensor clamp(double low, double high) {
    return Evaluator.one(new Op.Clamp(low, high), this);
  }

  public Tensor leakyRelu(double slope) {
    return Evaluator.one(new Op.LeakyRelu(slope), this);
  }

  public Tensor elu(double alpha) {
    return Evaluator.one(new Op.Elu(alpha), this);
  }

  /** condition ? a : b. */
  public static Tensor where(Tensor condition, Tensor a, Tensor b) {
    return Evaluator.one(new Op.Where(), condition, a, b);
  }

  /** {@code value} where the BOOL mask is true. */
  public Tensor maskedFill(Tensor mask, double value) {
    return Evaluator.one(new Op.MaskedFill(value), this, mask);
  }

  /** The same numbers in another element type. */
  public Tensor to(DType dtype) {
    return dtype == dtype() ? this : Evaluator.one(new Op.Cast(dtype), this);
  }

  // ---- reductions; without dimensions, over all of them ----

  public Tensor sum() {
    return reduce(Op.Reduce.Kind.SUM, false, everyDim());
  }

  /** Over the given dimensions, which stay as size 1 if {@code keep}. */
  public Tensor sum(boolean keep, int... dims) {
    return reduce(Op.Reduce.Kind.SUM, keep, dims);
  }

  public Tensor mean() {
    return reduce(Op.Reduce.Kind.MEAN, false, everyDim());
  }

  /** Over the given dimensions, which stay as size 1 if {@code keep}. */
  public Tensor mean(boolean keep, int... dims) {
    return reduce(Op.Reduce.Kind.MEAN, keep, dims);
  }

  public Tensor max() {
    return reduce(Op.Reduce.Kind.MAX, false, everyDim());
  }

  /** Over the given dimensions, which stay as size 1 if {@code keep}. */
  public Tensor max(boolean keep, int... dims) {
    return reduce(Op.Reduce.Kind.MAX, keep, dims);
  }

  public Tensor min() {
    return reduce(Op.Reduce.Kind.MIN, false, everyDim());
  }

  /** Over the given dimensions, which stay as size 1 if {@code keep}. */
  public Tensor min(boolean keep, int... dims) {
    return reduce(Op.Reduce.Kind.MIN, keep, dims);
  }

  public Tensor logSumExp() {
    return reduce(Op.Reduce.Kind.LOG_SUM_EXP, false, everyDim());
  }

  /** Over the given dimensions, which stay as size 1 if {@code keep}. */
  public Tensor logSumExp(boolean keep, int... dims) {
    return reduce(Op.Reduce.Kind.LOG_SUM_EXP, keep, dims);
  }

  public Tensor any() {
    return reduce(Op.Reduce.Kind.ANY, false, everyDim());
  }

  /** Over the given dimensions, which stay as size 1 if {@code keep}. */
  public Tensor any(boolean keep, int... dims) {
    return reduce(Op.Reduce.Kind.ANY, keep, dims);
  }

  public Tensor all() {
    return reduce(Op.Reduce.Kind.ALL, false, everyDim());
  }

  /** Over the given dimensions, which stay as size 1 if {@code keep}. */
  public Tensor all(boolean keep, int... dims) {
    return reduce(Op.Reduce.Kind.ALL, keep, dims);
  }

  private Tensor reduce(Op.Reduce.Kind kind, boolean keep, int[] dims) {
    List<Integer> axes = new ArrayList<>(dims.length);
    for (int dim : dims) {
      axes.add(shape().axis(dim));
    }
    return Evaluator.one(new Op.Reduce(kind, axes, keep), this);
  }

  private int[] everyDim() {
    return IntStream.range(0, rank()).toArray();
  }

  /** The mean of the squared distance to the mean (divided by n, not n-1). */
  public Tensor variance(boolean keep, int... dims) {
    return sub(mean(true, dims)).square().mean(keep, dims);
  }

  /** The 2-norm over the given dimensions, all of them if none is given. */
  public Tensor norm(boolean keep, int... dims) {
    return square().sum(keep, dims.length == 0 ? everyDim() : dims).sqrt();
  }

  /** The index of the largest element along a dimension. */
  public Tensor argmax(int dim) {
    return Evaluator.one(new Op.ArgReduce(true, shape().axis(dim), false), this);
  }

  public Tensor argmin(int dim) {
    return Evaluator.one(new Op.ArgReduce(false, shape().axis(dim), false), this);
  }

  public Tensor cumsum(int dim) {
    return Evaluator.one(new Op.CumSum(shape().axis(dim)), this);
  }

  // ---- layout ----

  /** The same elements in another shape; one size may be -1. */
  public Tensor reshape(long... sizes) {
    return reshape(resolve(sizes));
  }

  public Tensor reshape(Shape shape) {
    return Evaluator.one(new Op.Reshape(shape), this);
  }

  private Shape resolve(long[] sizes) {
    int unknown = -1;
    long known = 1;
    for (int i = 0; i < sizes.length; i++) {
      if (sizes[i] == -1) {
        if (unknown >= 0) {
          throw new ShapeException("reshape: only one size may be -1: " + Arrays.toString(sizes));
        }
        unknown = i;
      } else {
        known *= sizes[i];
      }
    }
    if (unknown < 0) {
      return Shape.of(sizes);
    }
    long[] resolved = sizes.clone();
    if (known == 0 || elements() % known != 0) {
      throw new ShapeException(
          "reshape: %s does not divide into %s".formatted(shape(), Arrays.toString(sizes)));
    }
    resolved[unknown] = elements() / known;
    return Shape.of(resolved);
  }

  /** Joins dimensions first..last into one. */
  public Tensor flatten(int first, int last) {
    int a = shape().axis(first);
    int b = shape().axis(last);
    if (b < a) {
      throw new ShapeException("flatten: dimension %d comes after %d".formatted(a, b));
    }
    long[] sizes = new long[rank() - (b - a)];
    long joined = 1;
    for (int i = 0; i < rank(); i++) {
      if (i < a) {
        sizes[i] = size(i);
      } else if (i <= b) {
        joined *= size(i);
      } else {
        sizes[i - (b - a)] = size(i);
      }
    }
    sizes[a] = joined;
    return reshape(Shape.of(sizes));
  }

  public Tensor permute(int... dims) {
    List<Integer> axes = new ArrayList<>(dims.length);
    for (int dim : dims) {
      axes.add(shape().axis(dim));
    }
    return Evaluator.one(new Op.Permute(axes), this);
  }

  /** Exchanges two dimensions. */
  public Tensor transpose(int a, int b) {
    int[] dims = everyDim();
    int i = shape().axis(a);
    int j = shape().axis(b);
    dims[i] = j;
    dims[j] = i;
    return permute(dims);
  }

  /** A matrix [..., m, n] as [..., n, m]. */
  public Tensor t() {
    return transpose(-2, -1);
  }

  public Tensor expand(long... sizes) {
    return Evaluator.one(new Op.Expand(Shape.of(sizes)), this);
  }

  /** Adds a dimension of size 1 before {@code dim}; -1 adds one at the end. */
  public Tensor unsqueeze(int dim) {
    int axis = dim < 0 ? dim + rank() + 1 : dim;
    if (axis < 0 || axis > rank()) {
      throw new ShapeException("unsqueeze: no place %d in %s".formatted(dim, shape()));
    }
    long[] sizes = new long[rank() + 1];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = i == axis ? 1 : size(i < axis ? i : i - 1);
    }
    return reshape(Shape.of(sizes));
  }

  /** Removes a dimension of size 1. */
  public Tensor squeeze(int dim) {
    if (size(dim) != 1) {
      throw new ShapeException(
          "squeeze: dimension %d of %s is not of size 1".formatted(dim, shape()));
    }
    return reshape(shape().without(dim));
  }

  public static Tensor concat(int dim, Tensor... tensors) {
    return concat(dim, Arrays.asList(tensors));
  }

  public static Tensor concat(int dim, List<Tensor> tensors) {
    if (tensors.isEmpty()) {
      throw new ShapeException("concat needs at least one tensor");
    }
    int axis = tensors.getFirst().shape().axis(dim);
    return Evaluator.one(new Op.Concat(axis), tensors.toArray(Tensor[]::new));
  }

  /** Joins tensors of one shape along a new first dimension. */
  public static Tensor stack(List<Tensor> tensors) {
    return concat(0, tensors.stream().map(t -> t.unsqueeze(0)).toList());
  }

  /** Elements start..end-1 along a dimension; negative positions count from the end. */
  public Tensor slice(int dim, long start, long end) {
    return slice(dim, start, end, 1);
  }

  public Tensor slice(int dim, long start, long end, long step) {
    int axis = shape().axis(dim);
    long size = size(axis);
    long from = start < 0 ? start + size : start;
    long to = end < 0 ? end + size : end;
    return Evaluator.one(new Op.Slice(axis, from, to, step), this);
  }

  /**
   * Equal parts along a dimension, in order. A gradient passes through all of them at once: where a
   * loop reads every part, this costs less than a slice for each, whose gradients are as large as
   * the whole.
   */
  public List<Tensor> split(int dim, int parts) {
    return parts == 1
        ? List.of(this)
        : List.of(Evaluator.all(new Op.Split(shape().axis(dim), parts), this));
  }

  /** The slice at one position, without that dimension. */
  public Tensor select(int dim, long position) {
    long at = position < 0 ? position + size(dim) : position;
    return slice(dim, at, at + 1).squeeze(dim);
  }

  /** Pads the last dimension with a value. */
  public Tensor pad(int dim, long before, long after, double value) {
    List<Long> a = new ArrayList<>();
    List<Long> b = new ArrayList<>();
    int axis = shape().axis(dim);
    for (int i = 0; i < rank(); i++) {
      a.add(i == axis ? before : 0);
      b.add(i == axis ? after : 0);
    }
    return Evaluator.one(new Op.Pad(a, b, value), this);
  }

  public Tensor flip(int... dims) {
    return Evaluator.one(
        new Op.Flip(Arrays.stream(dims).map(shape()::axis).boxed().toList()), this);
  }

  /** Zeros what lies above the diagonal of the last two dimensions. */
  public Tensor tril(long diagonal) {
    return Evaluator.one(new Op.Triangle(false, diagonal), this);
  }

  public Tensor triu(long diagonal) {
    return Evaluator.one(new Op.Triangle(true, diagonal), this);
  }

  /** The diagonal of the last two dimensions. */
  public Tensor diagonal() {
    return Evaluator.one(new Op.Diagonal(0), this);
  }

  // ---- indexing ----

  public Tensor gather(int dim, Tensor index) {
    return Evaluator.one(new Op.Gather(shape().axis(dim)), this, index);
  }

  /** A copy with {@code source} written at {@code index}. */
  public Tensor scatter(int dim, Tensor index, Tensor source) {
    return Evaluator.one(new Op.Scatter(shape().axis(dim), false), this, index, source);
  }

  /** A copy with {@code source} added at {@code index}; equal indices add up. */
  public Tensor scatterAdd(int dim, Tensor index, Tensor source) {
    return Evaluator.one(new Op.Scatter(shape().axis(dim), true), this, index, source);
  }

  public Tensor indexSelect(int dim, Tensor index) {
    return Evaluator.one(new Op.IndexSelect(shape().axis(dim)), this, index);
  }

  /** Rows of this [n, d] table at int64 ids [...]: [..., d]. */
  public Tensor embedding(Tensor ids) {
    return Evaluator.one(new Op.Embedding(), this, ids);
  }

  /** Values and where they stood. */
  public record Indexed(Tensor values, Tensor indices) {}

  /** Sorted along a dimension; equal elements keep their order. */
  public Indexed sort(int dim, boolean descending) {
    Tensor[] out = Evaluator.all(new Op.Sort(shape().axis(dim), descending), this);
    return new Indexed(out[0], out[1]);
  }

  /**
   * The k largest along a dimension, largest first. Of equal ones the first comes first, where
   * float32 values lie along the last dimension in main memory; elsewhere their order is open.
   */
  public Indexed topk(long k, int dim) {
    Tensor[] out = Evaluator.all(new Op.TopK(k, shape().axis(dim), true), this);
    return new Indexed(out[0], out[1]);
  }

  public Tensor oneHot(long classes) {
    return Evaluator.one(new Op.OneHot(classes), this);
  }

  // ---- sums of products ----

  /** [..., m, k] times [..., k, n]. */
  public Tensor matmul(Tensor other) {
    return Evaluator.one(new Op.Matmul(), this, other);
  }

  /** x [..., in] times weight [out, in] transposed, plus bias [out] if there is one. */
  public Tensor linear(Tensor weight, @Nullable Tensor bias) {
    return bias == null
        ? Evaluator.one(new Op.Linear(false), this, weight)
        : Evaluator.one(new Op.Linear(true), this, weight, bias);
  }

  /** x [..., in] times a packed [out, in] matrix, by its kernel; float32, no gradient. */
  public Tensor linear(PackedMatrix matrix) {
    return Evaluator.one(new Op.PackedLinear(matrix), this);
  }

  public static Tensor einsum(String equation, Tensor... operands) {
    return Evaluator.one(new Op.Einsum(equation.replace(" ", "")), operands);
  }

  /** x [batch, in, h, w], weight [out, in/groups, kh, kw], bias [out] or null. */
  public Tensor conv2d(
      Tensor weight, @Nullable Tensor bias, long stride, long padding, long groups) {
    return convolution(weight, bias, stride, padding, 1, groups, 2);
  }

  /** x [batch, in, length], weight [out, in/groups, k], bias [out] or null. */
  public Tensor conv1d(
      Tensor weight, @Nullable Tensor bias, long stride, long padding, long dilation, long groups) {
    return convolution(weight, bias, stride, padding, dilation, groups, 1);
  }

  private Tensor convolution(
      Tensor weight,
      @Nullable Tensor bias,
      long stride,
      long padding,
      long dilation,
      long groups,
      int spatial) {
    Op op =
        new Op.Convolution(
            repeat(stride, spatial),
            repeat(padding, spatial),
            repeat(dilation, spatial),
            groups,
            false,
            repeat(0, spatial),
            bias != null);
    return bias == null ? Evaluator.one(op, this, weight) : Evaluator.one(op, this, weight, bias);
  }

  /** A convolution with every setting; see {@link Op.Convolution}. */
  public Tensor convolution(Op.Convolution op, Tensor weight, @Nullable Tensor bias) {
    return bias == null ? Evaluator.one(op, this, weight) : Evaluator.one(op, this, weight, bias);
  }

  private static List<Long> repeat(long value, int n) {
    return IntStream.range(0, n).mapToObj(i -> value).toList();
  }

  public Tensor maxPool2d(long kernel, long stride, long padding) {
    return Evaluator.one(
        new Op.Pool(true, repeat(kernel, 2), repeat(stride, 2), repeat(padding, 2)), this);
  }

  public Tensor avgPool2d(long kernel, long stride, long padding) {
    return Evaluator.one(
        new Op.Pool(false, repeat(kernel, 2), repeat(stride, 2), repeat(padding, 2)), this);
  }

  // ---- fused ----

  public Tensor softmax(int dim) {
    return Evaluator.one(new Op.Softmax(shape().axis(dim)), this);
  }

  public Tensor logSoftmax(int dim) {
    return Evaluator.one(new Op.LogSoftmax(shape().axis(dim)), this);
  }

  /** Normalises the last dimensions, as many as weight has; weight and bias both or neither. */
  public Tensor layerNorm(@Nullable Tensor weight, @Nullable Tensor bias, double epsilon) {
    if (weight == null || bias == null) {
      return Evaluator.one(new Op.LayerNorm(1, epsilon, false), this);
    }
    return Evaluator.one(new Op.LayerNorm(weight.rank(), epsilon, true), this, weight, bias);
  }

  /** x / sqrt(mean(x^2) + epsilon) over the last dimension, times weight if there is one. */
  public Tensor rmsNorm(@Nullable Tensor weight, double epsilon) {
    return weight == null
        ? Evaluator.one(new Op.RmsNorm(epsilon, false), this)
        : Evaluator.one(new Op.RmsNorm(epsilon, true), this, weight);
  }

  public Tensor groupNorm(long groups, Tensor weight, Tensor bias, double epsilon) {
    return Evaluator.one(new Op.GroupNorm(groups, epsilon), this, weight, bias);
  }

  /** With the given statistics, each [channels]. */
  public Tensor batchNorm(
      Tensor weight, Tensor bias, Tensor mean, Tensor variance, double epsilon) {
    return Evaluator.one(new Op.BatchNorm(epsilon, false), this, weight, bias, mean, variance);
  }

  /** A batch normalised by its own statistics. */
  public record BatchNormed(Tensor y, Tensor mean, Tensor variance) {}

  /** With the batch's own statistics, which are returned with it. */
  public BatchNormed batchNormTraining(Tensor weight, Tensor bias, double epsilon) {
    Tensor[] out = Evaluator.all(new Op.BatchNorm(epsilon, true), this, weight, bias);
    return new BatchNormed(out[0], out[1], out[2]);
  }

  /** softmax(q k^T scale + mask) v; see {@link Op.Attention}. */
  public static Tensor attention(
      Tensor q, Tensor k, Tensor v, @Nullable Tensor mask, boolean causal, double scale) {
    Op op = new Op.Attention(scale, causal, mask != null);
    return mask == null ? Evaluator.one(op, q, k, v) : Evaluator.one(op, q, k, v, mask);
  }

  /** The mean of -log softmax(logits)[target]; this is logits [n, classes], target int64 [n]. */
  public Tensor crossEntropy(Tensor target) {
    return Evaluator.one(new Op.CrossEntropy(-100, 0), this, target);
  }

  /** With a share {@code smoothing} of the target spread over all classes. */
  public Tensor crossEntropy(Tensor target, long ignore, double smoothing) {
    return Evaluator.one(new Op.CrossEntropy(ignore, smoothing), this, target);
  }

  /** Type and, where there are few, values. */
  @Override
  public String toString() {
    if (handle == null) {
      return type + " (freed)";
    }
    return elements() <= 16 && dtype().kind() != DType.Kind.COMPLEX
        ? type + " " + Arrays.toString(toDoubles())
        : type.toString();
  }
}
