package org.lapidary.tensor;

import java.util.List;
import org.lapidary.kernels.PackedMatrix;

/**
 * Every operation on tensors, as a value. Evaluating, recording and every reading of a {@link
 * Graph} go over these records by one exhaustive {@code switch}; a new record does not compile
 * until every reading has answered for it.
 *
 * <p>Shapes are written {@code [batch, position, dModel]}; {@code ...} stands for any leading
 * dimensions. Dimensions in records are counted from 0.
 */
public sealed interface Op {

  /** Name used in diagrams and errors. */
  default String label() {
    String name = getClass().getSimpleName();
    return Character.toLowerCase(name.charAt(0)) + name.substring(1);
  }

  /** One input read element by element, the output has its shape. */
  sealed interface Pointwise extends Op {}

  /** y = f(x), element by element. */
  record Unary(Kind kind) implements Pointwise {
    public enum Kind {
      NEG,
      ABS,
      SIGN,
      RECIPROCAL,
      SQUARE,
      SQRT,
      RSQRT,
      EXP,
      EXPM1,
      LOG,
      LOG1P,
      SIN,
      COS,
      TANH,
      SIGMOID,
      LOG_SIGMOID,
      SOFTPLUS,
      ERF,
      RELU,
      SILU,
      /** x Phi(x), Phi the normal distribution function. */
      GELU,
      /** The tanh approximation of GELU used by GPT-2. */
      GELU_TANH,
      FLOOR,
      CEIL,
      /** To the nearest integer, ties to even. */
      ROUND,
      NOT,
      IS_NAN
    }

    @Override
    public String label() {
      return kind.name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** y = f(a, b) with broadcasting. Comparisons and logic give BOOL. */
  record Binary(Kind kind) implements Pointwise {
    public enum Kind {
      ADD,
      SUB,
      MUL,
      DIV,
      POW,
      MAXIMUM,
      MINIMUM,
      REMAINDER,
      ATAN2,
      EQ,
      NE,
      LT,
      LE,
      GT,
      GE,
      AND,
      OR,
      XOR;

      boolean givesBool() {
        return ordinal() >= EQ.ordinal();
      }
    }

    @Override
    public String label() {
      return kind.name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** f(x, value), or f(value, x) if {@code scalarFirst}. */
  record WithScalar(Binary.Kind kind, double value, boolean scalarFirst) implements Pointwise {
    @Override
    public String label() {
      return kind.name().toLowerCase(java.util.Locale.ROOT) + " " + value;
    }
  }

  /** min(max(x, low), high). */
  record Clamp(double low, double high) implements Pointwise {}

  /** x where x &gt; 0, else {@code slope} x. */
  record LeakyRelu(double slope) implements Pointwise {}

  /** x where x &gt; 0, else {@code alpha} (exp(x) - 1). */
  record Elu(double alpha) implements Pointwise {}

  /** condition ? a : b, with broadcasting. Inputs: BOOL condition, a, b. */
  record Where() implements Pointwise {}

  /** {@code value} where the mask is true. Inputs: x, BOOL mask that broadcasts to x. */
  record MaskedFill(double value) implements Pointwise {}

  /** The same numbers in another element type. */
  record Cast(DType to) implements Pointwise {}

  /** The same numbers with no gradient flowing back. */
  record Detach() implements Pointwise {}

  /** Several elements become one, or a running one. */
  sealed interface Reduction extends Op {}

  /** Reduces {@code dims}; with {@code keep} they stay as size 1. */
  record Reduce(Kind kind, List<Integer> dims, boolean keep) implements Reduction {
    public enum Kind {
      SUM,
      MEAN,
      MAX,
      MIN,
      LOG_SUM_EXP,
      ANY,
      ALL
    }

    @Override
    public String label() {
      return kind.name().toLowerCase(java.util.Locale.ROOT) + dims;
    }
  }

  /** The index (INT64) of the largest or smallest element along {@code dim}. */
  record ArgReduce(boolean largest, int dim, boolean keep) implements Reduction {}

  /** The running sum along {@code dim}. */
  record CumSum(int dim) implements Reduction {}

  /** The same elements, placed differently. */
  sealed interface Layout extends Op {}

  record Reshape(Shape to) implements Layout {
    @Override
    public String label() {
      return "reshape " + to;
    }
  }

  record Permute(List<Integer> dims) implements Layout {
    @Override
    public String label() {
      return "permute " + dims;
    }
  }

  /** Repeats dimensions of size 1, and adds leading ones. */
  record Expand(Shape to) implements Layout {}

  record Concat(int dim) implements Layout {}

  /** Elements start, start+step, ... before end, along {@code dim}. */
  record Slice(int dim, long start, long end, long step) implements Layout {
    @Override
    public String label() {
      return "slice dim %d %d:%d".formatted(dim, start, end);
    }
  }

  /** All of {@code parts} equal parts along {@code dim}, in order: as many outputs. */
  record Split(int dim, int parts) implements Layout {}

  /** Adds {@code before[i]} and {@code after[i]} elements of {@code value} at the ends of dim i. */
  record Pad(List<Long> before, List<Long> after, double value) implements Layout {}

  record Flip(List<Integer> dims) implements Layout {}

  /** Keeps the triangle of the last two dimensions on one side of a diagonal, zeros the rest. */
  record Triangle(boolean upper, long diagonal) implements Layout {}

  /** The diagonal of the last two dimensions, as a new last dimension. */
  record Diagonal(long offset) implements Layout {}

  /** Places addressed by integers. */
  sealed interface Indexing extends Op {}

  /** out[i][j] = x[index[i][j]][j] for dim 0, and so on. Inputs: x, INT64 index. */
  record Gather(int dim) implements Indexing {}

  /** A copy of x with source written (or added) at index along dim. Inputs: x, index, source. */
  record Scatter(int dim, boolean add) implements Indexing {}

  /** Whole slices of x along {@code dim}. Inputs: x, INT64 index [n]. */
  record IndexSelect(int dim) implements Indexing {}

  /** Rows of a table. Inputs: weight [vocab, dModel], INT64 ids [...]; output [..., dModel]. */
  record Embedding() implements Indexing {}

  /** Sorted values and their INT64 indices along {@code dim}; equal elements keep their order. */
  record Sort(int dim, boolean descending) implements Indexing {}

  /** The k largest (or smallest) values, in order, and their INT64 indices along {@code dim}. */
  record TopK(long k, int dim, boolean largest) implements Indexing {}

  /** 1 at the index, 0 elsewhere, INT64, as a new last dimension of size {@code classes}. */
  record OneHot(long classes) implements Indexing {}

  /** Sums of products. */
  sealed interface Contraction extends Op {}

  /** [..., m, k] times [..., k, n], leading dimensions broadcast. */
  record Matmul() implements Contraction {}

  /** Inputs: x [..., in], weight [out, in] and, with {@code bias}, bias [out]. */
  record Linear(boolean bias) implements Contraction {}

  /** x [..., in] times a packed [out, in] matrix, evaluated by a kernel; no gradient. */
  record PackedLinear(PackedMatrix matrix) implements Contraction {
    @Override
    public String label() {
      return "linear " + matrix.format();
    }
  }

  /** A sum of products in Einstein notation, such as {@code bqhd,bkhd->bhqk}. */
  record Einsum(String equation) implements Contraction {
    @Override
    public String label() {
      return "einsum " + equation;
    }
  }

  /**
   * Inputs: x [batch, inChannels, spatial...], weight [outChannels, inChannels/groups, kernel...]
   * (transposed: [inChannels, outChannels/groups, kernel...]) and, with {@code bias},
   * [outChannels].
   */
  record Convolution(
      List<Long> stride,
      List<Long> padding,
      List<Long> dilation,
      long groups,
      boolean transposed,
      List<Long> outputPadding,
      boolean bias)
      implements Contraction {}

  /** The largest or the mean element of windows over [batch, channels, height, width]. */
  record Pool(boolean max, List<Long> kernel, List<Long> stride, List<Long> padding)
      implements Contraction {}

  /** Operations that decompose into others, see {@link Decomposition}. */
  sealed interface Fused extends Op {}

  record Softmax(int dim) implements Fused {}

  record LogSoftmax(int dim) implements Fused {}

  /**
   * Normalises the last {@code dims} dimensions. Inputs: x, and with {@code affine} weight, bias.
   */
  record LayerNorm(int dims, double epsilon, boolean affine) implements Fused {}

  /** x / sqrt(mean(x^2) + epsilon) over the last dimension; with {@code affine} times weight. */
  record RmsNorm(double epsilon, boolean affine) implements Fused {}

  /** Inputs: x [batch, channels, ...], weight [channels], bias [channels]. */
  record GroupNorm(long groups, double epsilon) implements Fused {}

  /**
   * Inputs: x [batch, channels, ...], weight, bias, and unless {@code training} mean and variance
   * [channels]. In training the batch's own statistics serve, and the outputs are y, the mean and
   * the biased variance.
   */
  record BatchNorm(double epsilon, boolean training) implements Fused {}

  /**
   * softmax(q k^T scale + mask) v. Inputs: q [..., queries, dHead], k [..., keys, dHead], v [...,
   * keys, dValue] and, with {@code mask}, an additive mask that broadcasts to [..., queries, keys].
   * {@code causal} lets query i see keys up to i + keys - queries.
   */
  record Attention(double scale, boolean causal, boolean mask) implements Fused {}

  /**
   * Mean over rows of -log softmax(logits)[target]. Inputs: logits [n, classes], INT64 target [n];
   * rows whose target is {@code ignore} count for nothing.
   */
  record CrossEntropy(long ignore, double smoothing) implements Fused {}

  /** Matrix factorisations and solvers, over leading batch dimensions; float32 or float64. */
  sealed interface LinearAlgebra extends Op {}

  /** x = U diag(S) V^T. Outputs: U [..., m, k], S [..., k] descending, Vt [..., k, n]. */
  record Svd(boolean fullMatrices) implements LinearAlgebra {}

  /** Symmetric x = Q diag(L) Q^T. Outputs: L [..., n] ascending, Q [..., n, n]. */
  record Eigh() implements LinearAlgebra {}

  /** Reduced x = Q R. Outputs: Q [..., m, k], R [..., k, n]. */
  record Qr() implements LinearAlgebra {}

  /** Positive definite x = L L^T (or U^T U if {@code upper}). */
  record Cholesky(boolean upper) implements LinearAlgebra {}

  /** The x with a x = b. Inputs: a [..., n, n], b [..., n, k]. */
  record Solve() implements LinearAlgebra {}

  record Inverse() implements LinearAlgebra {}

  /** Outputs: the sign [...] and the log of the absolute value [...] of the determinant. */
  record SlogDet() implements LinearAlgebra {}

  /** Discrete Fourier transforms along {@code dim}; {@code n} points (-1: as many as there are). */
  record Fft(Kind kind, long n, int dim) implements LinearAlgebra {
    public enum Kind {
      FFT,
      IFFT,
      RFFT,
      IRFFT
    }
  }

  /** The real or the imaginary part of a complex tensor. */
  record ComplexPart(boolean imaginary) implements LinearAlgebra {}

  /** A complex tensor from its real and imaginary parts. */
  record MakeComplex() implements LinearAlgebra {}
}
