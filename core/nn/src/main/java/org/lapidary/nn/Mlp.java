package org.lapidary.nn;

import org.lapidary.tensor.Tensor;

/**
 * out(activation(in(x))): [..., dModel] to the same. Sites: {@code hook_pre}, {@code hook_post}
 * [..., dMlp].
 */
public final class Mlp extends Layer implements UnaryLayer {
  private final int dModel;
  private final int dMlp;
  private final String activation;
  private final boolean bias;
  private final double outDeviation;
  private final Slot<UnaryLayer> in;
  private final Slot<UnaryLayer> out;

  public Mlp(int dModel, int dMlp, String activation, boolean bias, double outDeviation) {
    this.dModel = dModel;
    this.dMlp = dMlp;
    this.activation = activation;
    this.bias = bias;
    this.outDeviation = outDeviation;
    in = slot("in", UnaryLayer.class, new Linear(dModel, dMlp, bias, 0.02));
    out = slot("out", UnaryLayer.class, new Linear(dMlp, dModel, bias, outDeviation));
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor pre = site("hook_pre", in.get().forward(x));
    Tensor post = site("hook_post", Slots.activate(activation, pre));
    return out.get().forward(post);
  }

  public String activation() {
    return activation;
  }

  @Override
  protected Layer blank() {
    return new Mlp(dModel, dMlp, activation, bias, outDeviation);
  }
}
