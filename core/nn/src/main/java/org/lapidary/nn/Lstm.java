package org.lapidary.nn;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/**
 * Long short-term memory (Hochreiter and Schmidhuber, 1997) over x [batch, time, in], giving h
 * [batch, time, hidden]. With the four gates stacked in the order i, f, g, o:
 *
 * <p>[i f g o] = W_x x_t + W_h h_{t-1} + b, c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g), h_t =
 * sigmoid(o) tanh(c_t).
 *
 * <p>W_x [4 hidden, in] is applied to all times at once, W_h [4 hidden, hidden] step by step. Site:
 * {@code hook_h} [batch, time, hidden].
 */
public final class Lstm extends Layer implements UnaryLayer {
  private final int in;
  private final int hidden;
  private final Parameter inputWeight;
  private final Parameter hiddenWeight;
  private final Parameter bias;

  public Lstm(int in, int hidden) {
    this.in = in;
    this.hidden = hidden;
    inputWeight = parameter("weight_ih", Tensor.zeros(4L * hidden, in));
    hiddenWeight = parameter("weight_hh", Tensor.zeros(4L * hidden, hidden));
    bias = parameter("bias", Tensor.zeros(4L * hidden));
  }

  /** What is carried from one time to the next, each [batch, hidden]. */
  public record State(Tensor h, Tensor c) {}

  /** The outputs [batch, time, hidden] with the state after the last time. */
  public record Output(Tensor y, State last) {}

  @Override
  public Tensor forward(Tensor x) {
    return forward(x, null).y();
  }

  /** Continues from a state; null starts from zeros. */
  public Output forward(Tensor x, @Nullable State start) {
    long batch = x.size(0);
    int times = Math.toIntExact(x.size(1));
    Tensor fromInput = x.linear(inputWeight.value(), bias.value()); // [batch, time, 4 hidden]
    Tensor w = hiddenWeight.value();
    Tensor h = start == null ? Tensor.zeros(batch, hidden) : start.h();
    Tensor c = start == null ? Tensor.zeros(batch, hidden) : start.c();
    List<Tensor> outputs = new ArrayList<>();
    for (Tensor now : fromInput.split(1, times)) {
      List<Tensor> gates = now.squeeze(1).add(h.linear(w, null)).split(1, 4); // i, f, g, o
      Tensor kept = gates.get(1).sigmoid().mul(c);
      c = kept.add(gates.get(0).sigmoid().mul(gates.get(2).tanh()));
      h = gates.get(3).sigmoid().mul(c.tanh());
      outputs.add(h.unsqueeze(1));
    }
    return new Output(site("hook_h", Tensor.concat(1, outputs)), new State(h, c));
  }

  /**
   * Normal weights with deviation 1 / sqrt(fan-in); the forget gate starts open with a bias of 1.
   */
  @Override
  protected void draw(Rng rng) {
    inputWeight.set(rng.normal(1 / Math.sqrt(in), 4L * hidden, in));
    hiddenWeight.set(rng.normal(1 / Math.sqrt(hidden), 4L * hidden, hidden));
    float[] b = new float[4 * hidden];
    java.util.Arrays.fill(b, hidden, 2 * hidden, 1);
    bias.set(Tensor.of(b));
  }

  @Override
  protected Layer blank() {
    return new Lstm(in, hidden);
  }
}
