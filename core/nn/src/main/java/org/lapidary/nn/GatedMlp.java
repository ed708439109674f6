package org.lapidary.nn;

import org.lapidary.tensor.Tensor;

/**
 * down(activation(gate(x)) * up(x)) (Shazeer, 2020, arXiv 2002.05202): [..., dModel] to the same.
 * Sites: {@code hook_pre} (gate), {@code hook_pre_linear} (up), {@code hook_post} [..., dMlp].
 */
public final class GatedMlp extends Layer implements UnaryLayer {
  private final int dModel;
  private final int dMlp;
  private final String activation;
  private final boolean bias;
  private final double outDeviation;
  private final Slot<UnaryLayer> gate;
  private final Slot<UnaryLayer> up;
  private final Slot<UnaryLayer> down;

  public GatedMlp(int dModel, int dMlp, String activation, boolean bias, double outDeviation) {
    this.dModel = dModel;
    this.dMlp = dMlp;
    this.activation = activation;
    this.bias = bias;
    this.outDeviation = outDeviation;
    gate = slot("gate", UnaryLayer.class, new Linear(dModel, dMlp, bias, 0.02));
    up = slot("up", UnaryLayer.class, new Linear(dModel, dMlp, bias, 0.02));
    down = slot("down", UnaryLayer.class, new Linear(dMlp, dModel, bias, outDeviation));
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor pre = site("hook_pre", gate.get().forward(x));
    Tensor linear = site("hook_pre_linear", up.get().forward(x));
    Tensor post = site("hook_post", Slots.activate(activation, pre).mul(linear));
    return down.get().forward(post);
  }

  public String activation() {
    return activation;
  }

  @Override
  protected Layer blank() {
    return new GatedMlp(dModel, dMlp, activation, bias, outDeviation);
  }
}
