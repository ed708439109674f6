package org.lapidary.interpret.linearinterpreter;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Decomposition;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Op;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

/**
 * One operation with the decisions that it took for the image: an affine function of its inputs
 * that gives the image's own output for the image's own inputs.
 *
 * <ul>
 *   <li>linear operations stay as they are, with their biases;
 *   <li>y = h(u), element by element: y = s u + h(0) with s = (h(u_0) - h(0)) / u_0, where u_0 is
 *       the image's; h'(0) at u_0 = 0; where h(0) is not finite, y = u h(u_0) / u_0;
 *   <li>choices (max, pooling, clamp, where, sorting) choose as for the image;
 *   <li>norms subtract the mean of what they get, and divide by the deviation of the image;
 *   <li>of a product of two signals the second is the image's, of a matrix product or an attention
 *       the first (the pattern), of a quotient the divisor; softmax gives what it gave.
 * </ul>
 */
final class Frozen {
  private static final double NEAR = 1e-3;

  private final Graph.Node node;
  private final Tensor[] image; // the image's inputs
  private final List<Tensor> output; // and outputs
  private final boolean[] signal; // which inputs depend on the image

  Frozen(Graph.Node node, Tensor[] image, List<Tensor> output, boolean[] signal) {
    this.node = node;
    this.image = image;
    this.output = output;
    this.signal = signal;
  }

  /** The outputs for a probe's inputs; of inputs that are no signal, the image's are taken. */
  List<Tensor> run(Tensor[] probe) {
    return switch (node.op()) {
      case Op.Unary o -> one(unary(o, probe[0]));
      case Op.Binary o -> one(binary(o.kind(), probe));
      case Op.WithScalar o -> one(withScalar(o, probe[0]));
      case Op.Clamp o -> {
        Tensor inside = image[0].ge(o.low()).and(image[0].le(o.high()));
        yield one(Tensor.where(inside, probe[0], output.getFirst()));
      }
      case Op.LeakyRelu o -> one(probe[0].mul(sloped(image[0].gt(0), o.slope())));
      case Op.Elu o -> one(pointwise(probe[0]));
      case Op.Where o -> same(image[0], probe[1], probe[2]);
      case Op.MaskedFill o -> same(probe[0], image[1]);
      case Op.Cast o -> signalDtype(o.to()) ? same(probe[0]) : output;
      case Op.Detach o -> one(probe[0]);
      case Op.Reduce o -> one(reduce(o, probe[0]));
      case Op.ArgReduce o -> output;
      case Op.CumSum o -> same(probe[0]);
      case Op.Layout o -> same(probe);
      case Op.Gather o -> same(probe[0], image[1]);
      case Op.Scatter o -> same(probe[0], image[1], probe[2]);
      case Op.IndexSelect o -> same(probe[0], image[1]);
      case Op.Embedding o -> same(probe[0], image[1]);
      case Op.Sort o -> List.of(probe[0].gather(o.dim(), output.get(1)), output.get(1));
      case Op.TopK o -> List.of(probe[0].gather(o.dim(), output.get(1)), output.get(1));
      case Op.OneHot o -> output;
      case Op.Matmul o -> signal[1] ? same(image[0], probe[1]) : same(probe[0], image[1]);
      case Op.Linear o -> same(withFrozen(probe, 0));
      case Op.PackedLinear o -> same(probe[0]);
      case Op.Einsum o -> same(withFrozen(probe, lastSignal()));
      case Op.Convolution o -> same(withFrozen(probe, 0));
      case Op.Pool o -> o.max() ? one(maxPool(o, probe[0])) : same(probe[0]);
      case Op.Softmax o -> output;
      case Op.LogSoftmax o -> one(probe[0].sub(image[0].sub(output.getFirst())));
      case Op.LayerNorm o -> one(layerNorm(o, probe[0]));
      case Op.RmsNorm o -> {
        Tensor scale = image[0].square().mean(true, -1).add(o.epsilon()).rsqrt();
        Tensor y = probe[0].mul(scale);
        yield one(o.affine() ? y.mul(image[1]) : y);
      }
      case Op.GroupNorm o -> one(groupNorm(o, probe[0]));
      case Op.BatchNorm o -> {
        if (o.training()) {
          throw new IllegalArgumentException(
              "batch norm in training mixes images; put the model out of training mode");
        }
        yield same(withFrozen(probe, 0));
      }
      case Op.Attention o -> one(attention(o, probe[2]));
      case Op.CrossEntropy o -> output;
      case Op.Solve o -> same(image[0], probe[1]);
      case Op.Fft o -> same(probe[0]);
      case Op.ComplexPart o -> same(probe[0]);
      case Op.MakeComplex o -> same(probe);
      case Op.Svd o -> throw unknown();
      case Op.Eigh o -> throw unknown();
      case Op.Qr o -> throw unknown();
      case Op.Cholesky o -> throw unknown();
      case Op.Inverse o -> throw unknown();
      case Op.SlogDet o -> throw unknown();
    };
  }

  private IllegalArgumentException unknown() {
    return new IllegalArgumentException(
        "a '%s' of a signal has no linear reading; take the part of the model before it"
            .formatted(node.op().label()));
  }

  private static List<Tensor> one(Tensor y) {
    return List.of(y);
  }

  /** The operation itself on these inputs. */
  private List<Tensor> same(Tensor... inputs) {
    return node.run(inputs);
  }

  /** The probe's input at one place, the image's at all others. */
  private Tensor[] withFrozen(Tensor[] probe, int live) {
    Tensor[] inputs = image.clone();
    inputs[live] = probe[live];
    return inputs;
  }

  private int lastSignal() {
    for (int i = signal.length - 1; i > 0; i--) {
      if (signal[i]) {
        return i;
      }
    }
    return 0;
  }

  private static boolean signalDtype(DType type) {
    return type == DType.FLOAT32 || type == DType.FLOAT64;
  }

  private static Tensor sloped(Tensor above, double slope) {
    return above.to(DType.FLOAT32).mul(1 - slope).add(slope);
  }

  private Tensor unary(Op.Unary op, Tensor u) {
    return switch (op.kind()) {
      case NEG -> u.neg();
      case RELU -> u.mul(image[0].gt(0).to(u.dtype()));
      case ABS -> u.mul(image[0].sign());
      case NOT, IS_NAN, SIGN, FLOOR, CEIL, ROUND -> output.getFirst();
      default -> pointwise(u);
    };
  }

  /** s u + h(0), see above. */
  private Tensor pointwise(Tensor u) {
    Tensor u0 = image[0];
    Tensor y0 = output.getFirst();
    double atZero = at(0);
    double offset = Double.isFinite(atZero) ? atZero : 0;
    double around = (at(NEAR) - at(-NEAR)) / (2 * NEAR);
    double slopeAtZero = Double.isFinite(around) ? around : 0;
    Tensor zero = u0.eq(0);
    Tensor divisor = u0.maskedFill(zero, 1);
    Tensor slope = y0.sub(offset).div(divisor).maskedFill(zero, slopeAtZero);
    return u.mul(slope).add(offset);
  }

  private double at(double u) {
    return node.run(Tensor.of(new double[] {u}, 1)).getFirst().item();
  }

  private Tensor binary(Op.Binary.Kind kind, Tensor[] p) {
    return switch (kind) {
      case ADD, SUB -> same(p).getFirst();
      case MUL -> signal[0] ? p[0].mul(image[1]) : image[0].mul(p[1]);
      case DIV ->
          signal[0]
              ? p[0].div(image[1])
              : p[1].mul(image[0].div(image[1].square())); // c / u as (c / u_0^2) u
      case MAXIMUM -> Tensor.where(image[0].ge(image[1]), p[0], p[1]);
      case MINIMUM -> Tensor.where(image[0].le(image[1]), p[0], p[1]);
      case POW, ATAN2, REMAINDER -> {
        int live = signal[0] ? 0 : 1;
        Tensor zero = image[live].eq(0);
        Tensor share = output.getFirst().div(image[live].maskedFill(zero, 1)).maskedFill(zero, 0);
        yield share.mul(p[live]);
      }
      case EQ, NE, LT, LE, GT, GE, AND, OR, XOR -> output.getFirst();
    };
  }

  private Tensor withScalar(Op.WithScalar op, Tensor u) {
    return switch (op.kind()) {
      case ADD, SUB, MUL -> same(u).getFirst();
      case DIV -> op.scalarFirst() ? pointwise(u) : same(u).getFirst();
      case MAXIMUM -> Tensor.where(image[0].ge(op.value()), u, output.getFirst());
      case MINIMUM -> Tensor.where(image[0].le(op.value()), u, output.getFirst());
      case POW -> pointwise(u);
      case ATAN2, REMAINDER, EQ, NE, LT, LE, GT, GE, AND, OR, XOR -> output.getFirst();
    };
  }

  private Tensor reduce(Op.Reduce op, Tensor u) {
    return switch (op.kind()) {
      case SUM, MEAN -> same(u).getFirst();
      case MAX, MIN -> {
        int[] dims = op.dims().stream().mapToInt(d -> d).toArray();
        Tensor y0 = op.keep() ? output.getFirst() : kept(output.getFirst(), dims);
        Tensor chosen = image[0].eq(y0).to(u.dtype());
        Tensor share = chosen.div(chosen.sum(true, dims)); // equal ones share
        yield u.mul(share).sum(op.keep(), dims);
      }
      case LOG_SUM_EXP -> {
        int[] dims = op.dims().stream().mapToInt(d -> d).toArray();
        Tensor y0 = op.keep() ? output.getFirst() : kept(output.getFirst(), dims);
        Tensor share = image[0].sub(y0).exp();
        Tensor own = image[0].mul(share).sum(op.keep(), dims);
        yield u.mul(share).sum(op.keep(), dims).add(output.getFirst().sub(own));
      }
      case ANY, ALL -> output.getFirst();
    };
  }

  /** With the reduced dimensions as size 1. */
  private Tensor kept(Tensor y, int[] dims) {
    long[] sizes = image[0].shape().toArray();
    for (int d : dims) {
      sizes[d] = 1;
    }
    return y.reshape(sizes);
  }

  private Tensor layerNorm(Op.LayerNorm op, Tensor u) {
    int rank = u.rank();
    int[] dims = java.util.stream.IntStream.range(rank - op.dims(), rank).toArray();
    UnaryOperator<Tensor> centre = x -> x.sub(x.mean(true, dims));
    Tensor scale = centre.apply(image[0]).square().mean(true, dims).add(op.epsilon()).rsqrt();
    Tensor y = centre.apply(u).mul(scale);
    return op.affine() ? y.mul(image[1]).add(image[2]) : y;
  }

  private Tensor groupNorm(Op.GroupNorm op, Tensor u) {
    Shape s = u.shape();
    long size = s.elements() / (s.dim(0) * op.groups());
    UnaryOperator<Tensor> centre =
        x -> {
          Tensor grouped = x.reshape(s.dim(0), op.groups(), size);
          return grouped.sub(grouped.mean(true, 2));
        };
    Tensor scale = centre.apply(image[0]).square().mean(true, 2).add(op.epsilon()).rsqrt();
    long[] perChannel = new long[s.rank()];
    java.util.Arrays.fill(perChannel, 1);
    perChannel[1] = s.dim(1);
    return centre
        .apply(u)
        .mul(scale)
        .reshape(s)
        .mul(image[1].reshape(perChannel))
        .add(image[2].reshape(perChannel));
  }

  private Tensor attention(Op.Attention op, Tensor values) {
    Tensor scores = image[0].matmul(image[1].transpose(-2, -1)).mul(op.scale());
    if (op.mask()) {
      scores = scores.add(image[3]);
    }
    if (op.causal()) {
      Tensor hidden = Decomposition.causalMask(scores.size(-2), scores.size(-1));
      scores = scores.maskedFill(hidden, Double.NEGATIVE_INFINITY);
    }
    return scores.softmax(-1).matmul(values);
  }

  /** Every window takes the element that was the largest of the image's. */
  private Tensor maxPool(Op.Pool op, Tensor u) {
    Tensor places = windows(op, image[0], Double.NEGATIVE_INFINITY).argmax(0).unsqueeze(0);
    return windows(op, u, 0).gather(0, places).squeeze(0);
  }

  /** The elements of all windows, [place in the window, batch, channel, row, column]. */
  private Tensor windows(Op.Pool op, Tensor x, double edge) {
    long ph = op.padding().getFirst();
    long pw = op.padding().getLast();
    Tensor padded = x.pad(2, ph, ph, edge).pad(3, pw, pw, edge);
    long rows = output.getFirst().size(2);
    long columns = output.getFirst().size(3);
    long sh = op.stride().getFirst();
    long sw = op.stride().getLast();
    List<Tensor> all = new ArrayList<>();
    for (long i = 0; i < op.kernel().getFirst(); i++) {
      for (long j = 0; j < op.kernel().getLast(); j++) {
        all.add(
            padded
                .slice(2, i, i + sh * (rows - 1) + 1, sh)
                .slice(3, j, j + sw * (columns - 1) + 1, sw));
      }
    }
    return Tensor.stack(all);
  }
}
