package org.lapidary.tensor;

import java.util.List;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.StringViewOptional;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * The evaluation reading: each operation as calls of libtorch. Arguments have passed {@link
 * Signatures}; {@code Tensor} here is the binding's.
 */
final class NativeOps {
  private NativeOps() {}

  private static final TensorOptional NONE = new TensorOptional();
  private static final ScalarTypeOptional SAME_TYPE = new ScalarTypeOptional();
  private static final LongOptional NO_LONG = new LongOptional();
  private static final StringViewOptional NO_STRING = new StringViewOptional();
  private static final BoolOptional STABLE = new BoolOptional(true);

  /** Operations with one output. */
  static Tensor eval(Op op, TensorType out, Tensor[] x) {
    return switch (op) {
      case Op.Unary u -> unary(u.kind(), x[0]);
      case Op.Binary b -> binary(b.kind(), x[0], x[1]);
      case Op.WithScalar s -> withScalar(s, x[0]);
      case Op.Clamp c -> {
        try (Scalar low = new Scalar(c.low());
            Scalar high = new Scalar(c.high());
            ScalarOptional a = new ScalarOptional(low);
            ScalarOptional b = new ScalarOptional(high)) {
          yield torch.clamp(x[0], a, b);
        }
      }
      case Op.LeakyRelu l -> {
        try (Scalar slope = new Scalar(l.slope())) {
          yield torch.leaky_relu(x[0], slope);
        }
      }
      case Op.Elu e -> {
        try (Scalar alpha = new Scalar(e.alpha());
            Scalar one = new Scalar(1.0)) {
          yield torch.elu(x[0], alpha, one, one);
        }
      }
      case Op.Where ignored -> torch.where(x[0], x[1], x[2]);
      case Op.MaskedFill m -> {
        try (Scalar value = new Scalar(m.value())) {
          yield torch.masked_fill(x[0], x[1], value);
        }
      }
      case Op.Cast c -> x[0].to(Natives.scalarType(c.to()));
      case Op.Detach ignored -> x[0].detach();
      case Op.Reduce r -> reduce(r, out, x[0]);
      case Op.ArgReduce a -> {
        try (LongOptional dim = new LongOptional(a.dim())) {
          yield a.largest() ? torch.argmax(x[0], dim, a.keep()) : torch.argmin(x[0], dim, a.keep());
        }
      }
      case Op.CumSum c -> torch.cumsum(x[0], c.dim(), SAME_TYPE);
      case Op.Reshape r -> x[0].reshape(r.to().raw());
      case Op.Permute p -> x[0].permute(longs(p.dims()));
      case Op.Expand e -> x[0].expand(e.to().raw(), false);
      case Op.Concat c -> {
        try (TensorVector all = new TensorVector(x)) {
          yield torch.cat(all, c.dim());
        }
      }
      case Op.Slice s -> {
        if (s.step() == 1) {
          yield x[0].narrow(s.dim(), s.start(), s.end() - s.start());
        }
        try (LongOptional start = new LongOptional(s.start());
            LongOptional end = new LongOptional(s.end())) {
          yield torch.slice(x[0], s.dim(), start, end, s.step());
        }
      }
      case Op.Pad p -> {
        int rank = p.before().size();
        long[] amounts = new long[2 * rank];
        for (int i = 0; i < rank; i++) {
          amounts[2 * i] = p.before().get(rank - 1 - i);
          amounts[2 * i + 1] = p.after().get(rank - 1 - i);
        }
        try (Scalar value = new Scalar(p.value())) {
          yield torch.constant_pad_nd(x[0], amounts, value);
        }
      }
      case Op.Flip f -> torch.flip(x[0], longs(f.dims()));
      case Op.Triangle t ->
          t.upper() ? torch.triu(x[0], t.diagonal()) : torch.tril(x[0], t.diagonal());
      case Op.Diagonal d -> torch.diagonal(x[0], d.offset(), -2, -1);
      case Op.Gather g -> torch.gather(x[0], g.dim(), x[1]);
      case Op.Scatter s ->
          s.add()
              ? torch.scatter_add(x[0], s.dim(), x[1], x[2])
              : torch.scatter(x[0], s.dim(), x[1], x[2]);
      case Op.IndexSelect s -> torch.index_select(x[0], s.dim(), x[1]);
      case Op.Embedding ignored -> torch.embedding(x[0], x[1]);
      case Op.OneHot o -> torch.one_hot(x[0], o.classes());
      case Op.Matmul ignored -> torch.matmul(x[0], x[1]);
      case Op.Linear l -> l.bias() ? torch.linear(x[0], x[1], x[2]) : torch.linear(x[0], x[1]);
      case Op.PackedLinear p -> Natives.packedLinear(p.matrix(), x[0], out);
      case Op.Einsum e -> {
        try (TensorVector all = new TensorVector(x)) {
          yield torch.einsum(e.equation(), all);
        }
      }
      case Op.Convolution c -> {
        try (TensorOptional bias = c.bias() ? new TensorOptional(x[2]) : new TensorOptional()) {
          yield torch.convolution(
              x[0],
              x[1],
              bias,
              unbox(c.stride()),
              unbox(c.padding()),
              unbox(c.dilation()),
              c.transposed(),
              unbox(c.outputPadding()),
              c.groups());
        }
      }
      case Op.Pool p ->
          p.max()
              ? torch.max_pool2d(
                  x[0],
                  unbox(p.kernel()),
                  unbox(p.stride()),
                  unbox(p.padding()),
                  new long[] {1, 1},
                  false)
              : torch.avg_pool2d(
                  x[0],
                  unbox(p.kernel()),
                  unbox(p.stride()),
                  unbox(p.padding()),
                  false,
                  true,
                  NO_LONG);
      case Op.Softmax s -> torch.softmax(x[0], s.dim());
      case Op.LogSoftmax s -> torch.log_softmax(x[0], s.dim());
      case Op.LayerNorm n -> {
        long[] normalized = out.shape().last(n.dims()).raw();
        try (TensorOptional w = n.affine() ? new TensorOptional(x[1]) : new TensorOptional();
            TensorOptional b = n.affine() ? new TensorOptional(x[2]) : new TensorOptional()) {
          yield torch.layer_norm(x[0], normalized, w, b, n.epsilon(), false);
        }
      }
      case Op.RmsNorm n -> {
        try (TensorOptional w = n.affine() ? new TensorOptional(x[1]) : new TensorOptional();
            DoubleOptional epsilon = new DoubleOptional(n.epsilon())) {
          yield torch.rms_norm(x[0], out.shape().last(1).raw(), w, epsilon);
        }
      }
      case Op.GroupNorm n -> {
        try (TensorOptional w = new TensorOptional(x[1]);
            TensorOptional b = new TensorOptional(x[2])) {
          yield torch.group_norm(x[0], n.groups(), w, b, n.epsilon(), false);
        }
      }
      case Op.BatchNorm n -> {
        try (TensorOptional w = new TensorOptional(x[1]);
            TensorOptional b = new TensorOptional(x[2]);
            TensorOptional mean = new TensorOptional(x[3]);
            TensorOptional var = new TensorOptional(x[4])) {
          yield torch.batch_norm(x[0], w, b, mean, var, false, 0, n.epsilon(), false);
        }
      }
      case Op.Attention a -> attention(a, x);
      case Op.CrossEntropy c ->
          torch.cross_entropy_loss(x[0], x[1], NONE, 1, c.ignore(), c.smoothing());
      case Op.Cholesky c -> torch.linalg_cholesky(x[0], c.upper());
      case Op.Solve ignored -> torch.linalg_solve(x[0], x[1]);
      case Op.Inverse ignored -> torch.linalg_inv(x[0]);
      case Op.Fft f -> {
        try (LongOptional n = f.n() == -1 ? new LongOptional() : new LongOptional(f.n())) {
          yield switch (f.kind()) {
            case FFT -> torch.fft_fft(x[0], n, f.dim(), NO_STRING);
            case IFFT -> torch.fft_ifft(x[0], n, f.dim(), NO_STRING);
            case RFFT -> torch.fft_rfft(x[0], n, f.dim(), NO_STRING);
            case IRFFT -> torch.fft_irfft(x[0], n, f.dim(), NO_STRING);
          };
        }
      }
      case Op.ComplexPart p -> p.imaginary() ? torch.imag(x[0]) : torch.real(x[0]);
      case Op.MakeComplex ignored -> {
        try (TensorVector parts = new TensorVector(x);
            Tensor stacked = torch.stack(parts, -1)) {
          yield torch.view_as_complex(stacked);
        }
      }
      case Op.Split ignored -> throw several(op);
      case Op.Sort ignored -> throw several(op);
      case Op.TopK ignored -> throw several(op);
      case Op.Svd ignored -> throw several(op);
      case Op.Eigh ignored -> throw several(op);
      case Op.Qr ignored -> throw several(op);
      case Op.SlogDet ignored -> throw several(op);
    };
  }

  private static AssertionError several(Op op) {
    return new AssertionError(op.label() + " has several outputs");
  }

  /** Operations with several outputs. */
  static Tensor[] evalAll(Op op, Tensor[] x) {
    return switch (op) {
      case Op.Split s -> {
        try (TensorVector parts = torch.chunk(x[0], s.parts(), s.dim())) {
          Tensor[] y = new Tensor[s.parts()];
          for (int i = 0; i < y.length; i++) {
            y[i] = new Tensor(parts.get(i));
          }
          yield y;
        }
      }
      case Op.Sort s -> pair(torch.sort(x[0], STABLE, s.dim(), s.descending()));
      case Op.TopK t ->
          Natives.selects(t, x[0])
              ? Natives.topK(t.k(), x[0])
              : pair(torch.topk(x[0], t.k(), t.dim(), t.largest(), true));
      case Op.Svd s -> triple(torch.linalg_svd(x[0], s.fullMatrices(), NO_STRING));
      case Op.Eigh ignored -> pair(torch.linalg_eigh(x[0]));
      case Op.Qr ignored -> pair(torch.linalg_qr(x[0]));
      case Op.SlogDet ignored -> pair(torch.linalg_slogdet(x[0]));
      case Op.BatchNorm n -> {
        try (TensorOptional w = new TensorOptional(x[1]);
            TensorOptional b = new TensorOptional(x[2])) {
          Tensor[] y =
              triple(torch.native_batch_norm(x[0], w, b, NONE, NONE, true, 0, n.epsilon()));
          try (Tensor inverse = y[2];
              Tensor square = torch.square(inverse);
              Tensor variance = torch.reciprocal(square);
              Scalar epsilon = new Scalar(n.epsilon())) {
            y[2] = torch.sub(variance, epsilon);
          }
          yield y;
        }
      }
      default -> throw new AssertionError(op.label() + " has one output");
    };
  }

  private static Tensor[] pair(T_TensorTensor_T tuple) {
    try (tuple) {
      return new Tensor[] {new Tensor(tuple.get0()), new Tensor(tuple.get1())};
    }
  }

  private static Tensor[] triple(T_TensorTensorTensor_T tuple) {
    try (tuple) {
      return new Tensor[] {
        new Tensor(tuple.get0()), new Tensor(tuple.get1()), new Tensor(tuple.get2())
      };
    }
  }

  private static Tensor unary(Op.Unary.Kind kind, Tensor x) {
    return switch (kind) {
      case NEG -> torch.neg(x);
      case ABS -> torch.abs(x);
      case SIGN -> torch.sign(x);
      case RECIPROCAL -> torch.reciprocal(x);
      case SQUARE -> torch.square(x);
      case SQRT -> torch.sqrt(x);
      case RSQRT -> torch.rsqrt(x);
      case EXP -> torch.exp(x);
      case EXPM1 -> torch.expm1(x);
      case LOG -> torch.log(x);
      case LOG1P -> torch.log1p(x);
      case SIN -> torch.sin(x);
      case COS -> torch.cos(x);
      case TANH -> torch.tanh(x);
      case SIGMOID -> torch.sigmoid(x);
      case LOG_SIGMOID -> torch.log_sigmoid(x);
      case SOFTPLUS -> torch.softplus(x);
      case ERF -> torch.erf(x);
      case RELU -> torch.relu(x);
      case SILU -> torch.silu(x);
      case GELU -> torch.gelu(x);
      case GELU_TANH -> torch.gelu(x, "tanh");
      case FLOOR -> torch.floor(x);
      case CEIL -> torch.ceil(x);
      case ROUND -> torch.round(x);
      case NOT -> torch.logical_not(x);
      case IS_NAN -> torch.isnan(x);
    };
  }

  private static Tensor binary(Op.Binary.Kind kind, Tensor a, Tensor b) {
    return switch (kind) {
      case ADD -> torch.add(a, b);
      case SUB -> torch.sub(a, b);
      case MUL -> torch.mul(a, b);
      case DIV -> torch.div(a, b);
      case POW -> torch.pow(a, b);
      case MAXIMUM -> torch.maximum(a, b);
      case MINIMUM -> torch.minimum(a, b);
      case REMAINDER -> torch.remainder(a, b);
      case ATAN2 -> torch.atan2(a, b);
      case EQ -> torch.eq(a, b);
      case NE -> torch.ne(a, b);
      case LT -> torch.lt(a, b);
      case LE -> torch.le(a, b);
      case GT -> torch.gt(a, b);
      case GE -> torch.ge(a, b);
      case AND -> torch.logical_and(a, b);
      case OR -> torch.logical_or(a, b);
      case XOR -> torch.logical_xor(a, b);
    };
  }

  private static Tensor withScalar(Op.WithScalar op, Tensor x) {
    double value = op.value();
    boolean whole = value == Math.rint(value) && Math.abs(value) < 0x1p53;
    try (Scalar s = whole ? new Scalar((long) value) : new Scalar(value)) {
      if (!op.scalarFirst()) {
        switch (op.kind()) {
          case ADD:
            return torch.add(x, s);
          case SUB:
            return torch.sub(x, s);
          case MUL:
            return torch.mul(x, s);
          case DIV:
            return torch.div(x, s);
          case POW:
            return torch.pow(x, s);
          default:
        }
      }
      try (Tensor scalar =
              torch.scalar_tensor(s, Natives.options(whole ? DType.INT64 : DType.FLOAT64));
          Tensor placed = Natives.likeDevice(scalar, x)) {
        return op.scalarFirst() ? binary(op.kind(), placed, x) : binary(op.kind(), x, placed);
      }
    }
  }

  private static Tensor reduce(Op.Reduce op, TensorType out, Tensor x) {
    if (op.dims().isEmpty()) {
      return x.to(Natives.scalarType(out.dtype()));
    }
    long[] dims = longs(op.dims());
    return switch (op.kind()) {
      case SUM -> torch.sum(x, dims, op.keep(), SAME_TYPE);
      case MEAN -> torch.mean(x, dims, op.keep(), SAME_TYPE);
      case MAX -> torch.amax(x, dims, op.keep());
      case MIN -> torch.amin(x, dims, op.keep());
      case LOG_SUM_EXP -> torch.logsumexp(x, dims, op.keep());
      case ANY -> torch.any(x, dims, op.keep());
      case ALL -> torch.all(x, dims, op.keep());
    };
  }

  /** libtorch aligns its causal mask at the first key; ours at the last, as a KV cache needs. */
  private static Tensor attention(Op.Attention a, Tensor[] x) {
    long queries = x[0].size(-2);
    long keys = x[1].size(-2);
    boolean square = queries == keys;
    boolean buildMask = a.causal() && queries > 1 && (!square || a.mask());
    try (DoubleOptional scale = new DoubleOptional(a.scale());
        Tensor causal = buildMask ? causalMask(x[0], queries, keys) : new Tensor();
        Tensor mask =
            buildMask && a.mask() ? torch.add(x[3], causal) : a.mask() ? x[3].alias() : causal;
        TensorOptional optional =
            a.mask() || buildMask ? new TensorOptional(mask) : new TensorOptional()) {
      boolean nativeCausal = a.causal() && queries > 1 && !buildMask;
      return torch.scaled_dot_product_attention(
          x[0], x[1], x[2], optional, 0.0, nativeCausal, scale, false);
    }
  }

  private static Tensor causalMask(Tensor like, long queries, long keys) {
    try (Scalar minus = new Scalar(Double.NEGATIVE_INFINITY);
        Tensor full = torch.full(new long[] {queries, keys}, minus, like.options())) {
      return torch.triu(full, keys - queries + 1);
    }
  }

  private static long[] longs(List<Integer> values) {
    return values.stream().mapToLong(Integer::longValue).toArray();
  }

  private static long[] unbox(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }
}
