package org.lapidary.interpret.lazyneuron;

import org.lapidary.nn.BlockConfig;
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

  /** Undrawn, of the widths of a block. */
  public TopKMlp(BlockConfig config, TopK top) {
    this(
        new Linear(config.dModel(), config.dMlp(), config.biases().mlp(), 0.02),
        new Linear(config.dMlp(), config.dModel(), config.biases().mlp(), config.outDeviation()),
        top);
    check(top, config.dMlp());
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
    if (mlp.layer("in") instanceof Linear linear) {
      check(top, linear.out());
    }
    return new TopKMlp(mlp.layer("in").copy(), mlp.layer("out").copy(), top);
  }

  private static void check(TopK top, int width) {
    if (top.k() > width) {
      throw new IllegalArgumentException(
          "k is %d and the MLP has only %d hidden units; choose k from 1 to %d"
              .formatted(top.k(), width, width));
    }
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
