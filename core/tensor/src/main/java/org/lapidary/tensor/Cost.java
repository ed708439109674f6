package org.lapidary.tensor;

/**
 * The cost reading: floating point operations and bytes moved. A multiplication and an addition
 * count as one operation each; transcendental functions count as one; layout costs no arithmetic.
 *
 * @param flops floating point operations
 * @param bytes read and written, if nothing stays in a cache; views cost nothing
 */
public record Cost(double flops, double bytes) {
  public static final Cost NONE = new Cost(0, 0);

  public Cost plus(Cost other) {
    return new Cost(flops + other.flops, bytes + other.bytes);
  }

  /** Of a whole graph. */
  public static Cost of(Graph graph) {
    Cost total = NONE;
    for (Graph.Node node : graph.nodes()) {
      total = total.plus(of(node));
    }
    return total;
  }

  /** Of one operation of a graph. */
  public static Cost of(Graph.Node node) {
    return of(node.op(), node.inputTypes());
  }

  /** Of one operation on inputs of given types. */
  public static Cost of(Op op, TensorType... in) {
    TensorType[] out = Signatures.infer(op, in);
    return new Cost(flops(op, in, out), bytes(op, in, out));
  }

  private static double flops(Op op, TensorType[] in, TensorType[] out) {
    double n = out[0].shape().elements();
    return switch (op) {
      case Op.Cast ignored -> 0;
      case Op.Detach ignored -> 0;
      case Op.Unary u ->
          switch (u.kind()) {
            case GELU, GELU_TANH, SILU, SOFTPLUS, LOG_SIGMOID -> 8 * n;
            default -> n;
          };
      case Op.Elu ignored -> 3 * n;
      case Op.Clamp ignored -> 2 * n;
      case Op.LeakyRelu ignored -> 2 * n;
      case Op.Pointwise ignored -> n;
      case Op.Reduction ignored -> elements(in[0]);
      case Op.Layout ignored -> 0;
      case Op.Scatter s -> s.add() ? elements(in[2]) : 0;
      case Op.Sort ignored -> sorting(in[0]);
      case Op.TopK ignored -> sorting(in[0]);
      case Op.Indexing ignored -> 0;
      case Op.Matmul ignored -> 2 * n * in[0].shape().dim(-1);
      case Op.Linear l -> 2 * n * in[0].shape().dim(-1) + (l.bias() ? n : 0);
      case Op.PackedLinear p -> 2 * n / Math.max(1, p.matrix().rows()) * p.matrix().nonZeros();
      case Op.Einsum e -> einsum(e, in);
      case Op.Convolution c -> {
        double window = (double) in[1].shape().elements() / in[1].shape().dim(0);
        double positions = c.transposed() ? elements(in[0]) : n;
        yield 2 * positions * window + (c.bias() ? n : 0);
      }
      case Op.Pool p -> n * p.kernel().get(0) * p.kernel().get(1);
      case Op.Softmax ignored -> 5 * n;
      case Op.LogSoftmax ignored -> 5 * n;
      case Op.LayerNorm ignored -> 8 * n;
      case Op.RmsNorm ignored -> 5 * n;
      case Op.GroupNorm ignored -> 8 * n;
      case Op.BatchNorm b -> (b.training() ? 8 : 4) * n;
      case Op.Attention ignored -> {
        double scores = n / out[0].shape().dim(-1) * in[1].shape().dim(-2);
        yield 2 * scores * in[0].shape().dim(-1) + 6 * scores + 2 * scores * in[2].shape().dim(-1);
      }
      case Op.CrossEntropy ignored -> 5 * elements(in[0]);
      case Op.LinearAlgebra a -> linearAlgebra(a, in);
    };
  }

  private static double elements(TensorType type) {
    return type.shape().elements();
  }

  private static double sorting(TensorType type) {
    double n = elements(type);
    return n <= 1 ? 0 : n * Math.log(n) / Math.log(2);
  }

  /** Every combination of index values is one product for each operand, and one sum. */
  private static double einsum(Op.Einsum op, TensorType[] in) {
    String[] terms = op.equation().split("->", -1)[0].split(",", -1);
    java.util.Map<Character, Long> sizes = new java.util.HashMap<>();
    for (int i = 0; i < terms.length; i++) {
      for (int j = 0; j < terms[i].length(); j++) {
        sizes.put(terms[i].charAt(j), in[i].shape().dim(j));
      }
    }
    double combinations =
        sizes.values().stream().mapToDouble(Long::doubleValue).reduce(1, (a, b) -> a * b);
    return combinations * terms.length;
  }

  /** Leading terms of the textbook algorithms; constants differ between libraries. */
  private static double linearAlgebra(Op.LinearAlgebra op, TensorType[] in) {
    Shape s = in[0].shape();
    double n = elements(in[0]);
    return switch (op) {
      case Op.Svd ignored -> 14 * n * Math.min(s.dim(-1), s.dim(-2));
      case Op.Eigh ignored -> 9 * n * s.dim(-1);
      case Op.Qr ignored -> 4 * n * Math.min(s.dim(-1), s.dim(-2));
      case Op.Cholesky ignored -> n * s.dim(-1) / 3;
      case Op.Solve ignored -> 2 * n * s.dim(-1) / 3 + 2 * n * in[1].shape().dim(-1);
      case Op.Inverse ignored -> 2 * n * s.dim(-1);
      case Op.SlogDet ignored -> 2 * n * s.dim(-1) / 3;
      case Op.Fft f -> 5 * n * Math.log(Math.max(2, s.dim(f.dim()))) / Math.log(2);
      case Op.ComplexPart ignored -> 0;
      case Op.MakeComplex ignored -> 0;
    };
  }

  private static double bytes(Op op, TensorType[] in, TensorType[] out) {
    double written = 0;
    for (TensorType t : out) {
      written += t.bytes();
    }
    double read = 0;
    for (TensorType t : in) {
      read += t.bytes();
    }
    return switch (op) {
      case Op.Reshape ignored -> 0;
      case Op.Permute ignored -> 0;
      case Op.Expand ignored -> 0;
      case Op.Slice ignored -> 0;
      case Op.Split ignored -> 0;
      case Op.Diagonal ignored -> 0;
      case Op.Detach ignored -> 0;
      case Op.ComplexPart ignored -> 0;
      case Op.Embedding ignored -> 2 * written + in[1].bytes();
      case Op.IndexSelect ignored -> 2 * written + in[1].bytes();
      case Op.Gather ignored -> 2 * written + in[1].bytes();
      case Op.PackedLinear p -> read + written + p.matrix().bytes();
      default -> read + written;
    };
  }
}
