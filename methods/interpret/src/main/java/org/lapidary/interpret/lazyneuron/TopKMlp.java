package org.lapidary.interpret.lazyneuron;

import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Mlp;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Tensor;

/**
 * out(top-k(ReLU(in(x)))): [..., dModel] to the same, for a block's {@code mlp} slot. Sites: {@code
 * hook_pre}, {@code hook_post} [..., dMlp], the latter with at most k entries that are not zero.
 */
public final class TopKMlp extends Layer implements UnaryLayer, Layer.Unique {
  private final TopK top;
  private final Slot<UnaryLayer> in;
  private final Slot<UnaryLayer> out;

  /** With biases, undrawn. */
  public TopKMlp(int dModel, int dMlp, TopK top) {
    this(new Linear(dModel, dMlp, true), new Linear(dMlp, dModel, true), top);
    if (top.k() > dMlp) {
      throw new IllegalArgumentException(
          "k is %d and the MLP has only %d hidden units; choose k from 1 to %d"
              .formatted(top.k(), dMlp, dMlp));
    }
  }

  private TopKMlp(Layer in, Layer out, TopK top) {
    this.top = top;
    this.in = slot("in", UnaryLayer.class, in);
    this.out = slot("out", UnaryLayer.class, out);
  }

  /** With copies of an MLP's matrices. */
  public static TopKMlp of(Mlp mlp, TopK top) {
    if (!mlp.activation().equals("relu")) {
      throw new IllegalArgumentException(
          "top-k keeps the largest units after ReLU; this MLP has the activation '%s'"
              .formatted(mlp.activation()));
    }
    if (mlp.layer("in") instanceof Linear linear && top.k() > linear.out()) {
      throw new IllegalArgumentException(
          "k is %d and the MLP has only %d hidden units; choose k from 1 to %d"
              .formatted(top.k(), linear.out(), linear.out()));
    }
    return new TopKMlp(mlp.layer("in").copy(), mlp.layer("out").copy(), top);
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor pre = site("hook_pre", in.get().forward(x));
    Tensor post = site("hook_post", top.apply(pre.relu()));
    return out.get().forward(post);
  }

  public TopK top() {
    return top;
  }

  @Override
  protected Layer blank() {
    return new TopKMlp(layer("in").copy(), layer("out").copy(), top);
  }
}
