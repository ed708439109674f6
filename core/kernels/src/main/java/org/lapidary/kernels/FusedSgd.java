package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * One step of stochastic gradient descent with momentum, in PyTorch's form without dampening
 * (Sutskever et al., 2013), in one pass over the memory:
 *
 * <pre>
 * g = g + decay * w
 * velocity = g at step 1, else momentum * velocity + g
 * w = w - rate * (nesterov ? g + momentum * velocity : velocity)
 * </pre>
 *
 * Values are float32, little endian. Long arrays are halved over two threads where every segment
 * may be reached from both; the bits are the same either way.
 */
public final class FusedSgd {

  /**
   * Settings of a step.
   *
   * @throws IllegalArgumentException if a value is outside its range or not finite, or {@code
   *     nesterov} is asked for without momentum
   */
  public record Settings(float learningRate, float momentum, float weightDecay, boolean nesterov) {
    public Settings {
      Check.setting("learningRate", learningRate, 0, Float.POSITIVE_INFINITY);
      Check.setting("momentum", momentum, 0, Float.POSITIVE_INFINITY);
      Check.setting("weightDecay", weightDecay, 0, Float.POSITIVE_INFINITY);
      if (nesterov && momentum == 0) {
        throw new IllegalArgumentException(
            "nesterov looks ahead along the momentum, which is 0.0; set a momentum above 0 or leave"
                + " nesterov off");
      }
    }
  }

  private FusedSgd() {}

  /**
   * Updates {@code param} and {@code velocity} in place.
   *
   * @param param the weights, any number of float32
   * @param grad the gradient of the same size, only read
   * @param velocity the running sum of gradients; what it holds before step 1 does not matter
   * @param step counted from 1
   * @throws IllegalArgumentException if the sizes differ or {@code step} is below 1
   */
  public static void step(
      MemorySegment param, MemorySegment grad, MemorySegment velocity, Settings s, long step) {
    long n = Check.floats("param", param);
    Check.floats("grad", grad, n);
    Check.floats("velocity", velocity, n);
    Check.writable("param", param);
    Check.writable("velocity", velocity);
    Check.step(step);
    boolean fresh = step == 1 || s.momentum == 0;
    Halves.run(
        n,
        4,
        (from, to) -> update(param, grad, velocity, s, fresh, from, to),
        param,
        grad,
        velocity);
  }

  private static void update(
      MemorySegment param,
      MemorySegment grad,
      MemorySegment velocity,
      Settings s,
      boolean fresh,
      long from,
      long to) {
    FloatVector decay = FloatVector.broadcast(Lanes.FLOAT, s.weightDecay);
    FloatVector momentum = FloatVector.broadcast(Lanes.FLOAT, s.momentum);
    FloatVector rate = FloatVector.broadcast(Lanes.FLOAT, -s.learningRate);
    boolean nesterov = s.nesterov;
    long whole = to - (to - from) % Lanes.COUNT;
    long i = from;
    for (; i < whole; i += Lanes.COUNT) {
      long at = i * Float.BYTES;
      FloatVector w = FloatVector.fromMemorySegment(Lanes.FLOAT, param, at, Lanes.ORDER);
      FloatVector g = FloatVector.fromMemorySegment(Lanes.FLOAT, grad, at, Lanes.ORDER);
      FloatVector u = FloatVector.fromMemorySegment(Lanes.FLOAT, velocity, at, Lanes.ORDER);
      g = w.fma(decay, g);
      u = fresh ? g : u.fma(momentum, g);
      u.intoMemorySegment(velocity, at, Lanes.ORDER);
      FloatVector direction = nesterov ? u.fma(momentum, g) : u;
      direction.fma(rate, w).intoMemorySegment(param, at, Lanes.ORDER);
    }
    if (i < to) {
      long at = i * Float.BYTES;
      VectorMask<Float> tail = Lanes.FLOAT.indexInRange(i, to);
      FloatVector w = FloatVector.fromMemorySegment(Lanes.FLOAT, param, at, Lanes.ORDER, tail);
      FloatVector g = FloatVector.fromMemorySegment(Lanes.FLOAT, grad, at, Lanes.ORDER, tail);
      FloatVector u = FloatVector.fromMemorySegment(Lanes.FLOAT, velocity, at, Lanes.ORDER, tail);
      g = w.fma(decay, g);
      u = fresh ? g : u.fma(momentum, g);
      u.intoMemorySegment(velocity, at, Lanes.ORDER, tail);
      FloatVector direction = nesterov ? u.fma(momentum, g) : u;
      direction.fma(rate, w).intoMemorySegment(param, at, Lanes.ORDER, tail);
    }
  }
}
