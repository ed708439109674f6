package org.lapidary.tensor;

import java.util.stream.IntStream;

/** What fused operations are made of. Tests hold values and gradients of both forms equal. */
public final class Decomposition {
  private Decomposition() {}

  /** Ends what {@link #on} began. */
  public interface Ending extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Until closed, this thread evaluates and records fused operations in parts. Needed for second
   * derivatives of attention, which libtorch's kernel does not give.
   */
  public static Ending on() {
    Context context = Context.current();
    boolean before = context.decompose;
    context.decompose = true;
    return () -> context.decompose = before;
  }

  /** The outputs of a fused operation, computed by its parts. */
  static Tensor[] apply(Op.Fused op, Tensor[] in) {
    Tensor x = in[0];
    return switch (op) {
      case Op.Softmax s -> one(softmax(x, s.dim()));
      case Op.LogSoftmax s -> one(logSoftmax(x, s.dim()));
      case Op.LayerNorm n -> {
        int[] dims = IntStream.range(x.shape().rank() - n.dims(), x.shape().rank()).toArray();
        Tensor centred = x.sub(x.mean(true, dims));
        Tensor y = centred.mul(centred.square().mean(true, dims).add(n.epsilon()).rsqrt());
        yield one(n.affine() ? y.mul(in[1]).add(in[2]) : y);
      }
      case Op.RmsNorm n -> {
        Tensor y = x.mul(x.square().mean(true, -1).add(n.epsilon()).rsqrt());
        yield one(n.affine() ? y.mul(in[1]) : y);
      }
      case Op.GroupNorm n -> {
        Shape s = x.shape();
        long size = s.elements() / Math.max(1, s.dim(0) * n.groups());
        Tensor grouped = x.reshape(s.dim(0), n.groups(), size);
        Tensor centred = grouped.sub(grouped.mean(true, 2));
        Tensor y = centred.mul(centred.square().mean(true, 2).add(n.epsilon()).rsqrt());
        yield one(y.reshape(s).mul(perChannel(in[1], s)).add(perChannel(in[2], s)));
      }
      case Op.BatchNorm n -> {
        Shape s = x.shape();
        int[] dims = IntStream.range(0, s.rank()).filter(d -> d != 1).toArray();
        Tensor mean = n.training() ? x.mean(false, dims) : in[3];
        Tensor centred = x.sub(perChannel(mean, s));
        Tensor variance = n.training() ? centred.square().mean(false, dims) : in[4];
        Tensor scale = variance.add(n.epsilon()).rsqrt().mul(in[1]);
        Tensor y = centred.mul(perChannel(scale, s)).add(perChannel(in[2], s));
        yield n.training() ? new Tensor[] {y, mean, variance} : one(y);
      }
      case Op.Attention a -> {
        Tensor scores = x.matmul(in[1].transpose(-2, -1)).mul(a.scale());
        if (a.mask()) {
          scores = scores.add(in[3]);
        }
        if (a.causal()) {
          long queries = scores.shape().dim(-2);
          long keys = scores.shape().dim(-1);
          scores = scores.maskedFill(causalMask(queries, keys), Double.NEGATIVE_INFINITY);
        }
        yield one(softmax(scores, scores.shape().rank() - 1).matmul(in[2]));
      }
      case Op.CrossEntropy c -> {
        Tensor target = in[1];
        Tensor counted = target.ne(c.ignore());
        Tensor index = Tensor.where(counted, target, target.mul(0)).unsqueeze(1);
        Tensor logProbability = logSoftmax(x, 1);
        Tensor loss = logProbability.gather(1, index).squeeze(1).neg();
        if (c.smoothing() > 0) {
          loss =
              loss.mul(1 - c.smoothing())
                  .add(logProbability.mean(false, 1).neg().mul(c.smoothing()));
        }
        Tensor weight = counted.to(x.dtype());
        Tensor kept = Tensor.where(counted, loss, loss.mul(0));
        yield one(kept.sum().div(weight.sum()));
      }
    };
  }

  /** BOOL [queries, keys], true where query i must not see key j: j &gt; i + keys - queries. */
  public static Tensor causalMask(long queries, long keys) {
    Tensor row = Tensor.arange(queries).add(keys - queries).reshape(queries, 1);
    return Tensor.arange(keys).reshape(1, keys).gt(row);
  }

  private static Tensor[] one(Tensor tensor) {
    return new Tensor[] {tensor};
  }

  private static Tensor softmax(Tensor x, int dim) {
    Tensor e = x.sub(x.max(true, dim).detach()).exp();
    return e.div(e.sum(true, dim));
  }

  private static Tensor logSoftmax(Tensor x, int dim) {
    Tensor shifted = x.sub(x.max(true, dim).detach());
    return shifted.sub(shifted.exp().sum(true, dim).log());
  }

  /** [channels] as [1, channels, 1, ...]. */
  private static Tensor perChannel(Tensor x, Shape like) {
    long[] sizes = new long[like.rank()];
    java.util.Arrays.fill(sizes, 1);
    sizes[1] = like.dim(1);
    return x.reshape(sizes);
  }
}
