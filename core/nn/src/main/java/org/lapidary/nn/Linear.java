package org.lapidary.nn;

import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

/** y = x W^T + b; x [..., in], W [out, in], b [out], y [..., out]. Site: {@code hook_in}, x. */
public final class Linear extends Layer implements UnaryLayer {
  private final int in;
  private final int out;
  private final double deviation;
  private final Parameter weight;
  private final @Nullable Parameter bias;

  /** Drawn from a normal distribution with the deviation 1 / sqrt(in). */
  public Linear(int in, int out, boolean bias) {
    this(in, out, bias, 1 / Math.sqrt(in));
  }

  /** Drawn from a normal distribution with the given deviation; biases start at zero. */
  public Linear(int in, int out, boolean bias, double deviation) {
    this.in = in;
    this.out = out;
    this.deviation = deviation;
    this.weight = parameter("weight", Tensor.zeros(out, in));
    this.bias = bias ? parameter("bias", Tensor.zeros(DType.FLOAT32, Shape.of(out))) : null;
  }

  @Override
  public Tensor forward(Tensor x) {
    return site("hook_in", x).linear(weight.value(), bias == null ? null : bias.value());
  }

  public Parameter weight() {
    return weight;
  }

  public @Nullable Parameter bias() {
    return bias;
  }

  public int in() {
    return in;
  }

  public int out() {
    return out;
  }

  @Override
  protected void draw(Rng rng) {
    weight.set(rng.normal(deviation, out, in));
  }

  @Override
  protected Layer blank() {
    return new Linear(in, out, bias != null, deviation);
  }
}
