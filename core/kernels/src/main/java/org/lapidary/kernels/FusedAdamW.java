package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * One step of Adam with decoupled weight decay (Loshchilov and Hutter, 2019, arXiv 1711.05101,
 * algorithm 2, in PyTorch's form), in one pass over the memory:
 *
 * <pre>
 * w = w (1 - rate * decay)
 * m = m + (1 - beta1)(g - m)
 * v = beta2 v + (1 - beta2) g^2
 * w = w - rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 * </pre>
 *
 * Values are float32, little endian; the corrections are computed in double. Long arrays are halved
 * over two threads where every segment may be reached from both; the bits are the same either way.
 */
public final class FusedAdamW {

  /**
   * Settings of a step.
   *
   * @throws IllegalArgumentException if a beta or the decay lies outside its range, or a value is
   *     not finite
   */
  public record Settings(
      float learningRate, float beta1, float beta2, float epsilon, float weightDecay) {
    public Settings {
      Check.setting("learningRate", learningRate, 0, Float.POSITIVE_INFINITY);
      Check.setting("beta1", beta1, 0, 1);
      Check.setting("beta2", beta2, 0, 1);
      Check.setting("epsilon", epsilon, 0, Float.POSITIVE_INFINITY);
      Check.setting("weightDecay", weightDecay, 0, Float.POSITIVE_INFINITY);
    }
  }

  /** The factors of a step, rounded to float once. */
  private record Factors(
      float shrink, float gain1, float beta2, float gain2, float scale, float epsilon, float rate) {

    static Factors of(Settings s, long step) {
      double correction1 = 1 - Math.pow(s.beta1, step);
      double correction2 = 1 - Math.pow(s.beta2, step);
      return new Factors(
          (float) (1 - (double) s.learningRate * s.weightDecay),
          (float) (1 - (double) s.beta1),
          s.beta2,
          (float) (1 - (double) s.beta2),
          (float) (1 / Math.sqrt(correction2)),
          s.epsilon,
          (float) (s.learningRate / correction1));
    }
  }

  private FusedAdamW() {}

  /**
   * Updates {@code param}, {@code m} and {@code v} in place.
   *
   * @param param the weights, any number of float32
   * @param grad the gradient of the same size, only read
   * @param m the running mean of the gradient, zeros before step 1
   * @param v the running mean of its square, zeros before step 1
   * @param step counted from 1
   * @throws IllegalArgumentException if the sizes differ or {@code step} is below 1
   */
  public static void step(
      MemorySegment param,
      MemorySegment grad,
      MemorySegment m,
      MemorySegment v,
      Settings s,
      long step) {
    long n = Check.floats("param", param);
    Check.floats("grad", grad, n);
    Check.floats("m", m, n);
    Check.floats("v", v, n);
    Check.writable("param", param);
    Check.writable("m", m);
    Check.writable("v", v);
    Check.step(step);
    Factors f = Factors.of(s, step);
    Halves.run(n, 8, (from, to) -> update(param, grad, m, v, f, from, to), param, grad, m, v);
  }

  private static void update(
      MemorySegment param,
      MemorySegment grad,
      MemorySegment m,
      MemorySegment v,
      Factors f,
      long from,
      long to) {
    long whole = to - (to - from) % Lanes.COUNT;
    long i = from;
    for (; i < whole; i += Lanes.COUNT) {
      long at = i * Float.BYTES;
      FloatVector g = FloatVector.fromMemorySegment(Lanes.FLOAT, grad, at, Lanes.ORDER);
      FloatVector m0 = FloatVector.fromMemorySegment(Lanes.FLOAT, m, at, Lanes.ORDER);
      FloatVector v0 = FloatVector.fromMemorySegment(Lanes.FLOAT, v, at, Lanes.ORDER);
      FloatVector w = FloatVector.fromMemorySegment(Lanes.FLOAT, param, at, Lanes.ORDER);
      FloatVector m1 = mean(g, m0, f);
      FloatVector v1 = square(g, v0, f);
      m1.intoMemorySegment(m, at, Lanes.ORDER);
      v1.intoMemorySegment(v, at, Lanes.ORDER);
      moved(w, m1, v1, f).intoMemorySegment(param, at, Lanes.ORDER);
    }
    if (i < to) {
      tail(param, grad, m, v, f, i, to);
    }
  }

  /**
   * The last values, of which there are fewer than a vector. In a method of its own: together with
   * the loop it is too long for the first compiler, and where that gives up the loop may stay slow.
   */
  private static void tail(
      MemorySegment param,
      MemorySegment grad,
      MemorySegment m,
      MemorySegment v,
      Factors f,
      long i,
      long to) {
    long at = i * Float.BYTES;
    VectorMask<Float> tail = Lanes.FLOAT.indexInRange(i, to);
    FloatVector g = FloatVector.fromMemorySegment(Lanes.FLOAT, grad, at, Lanes.ORDER, tail);
    FloatVector m0 = FloatVector.fromMemorySegment(Lanes.FLOAT, m, at, Lanes.ORDER, tail);
    FloatVector v0 = FloatVector.fromMemorySegment(Lanes.FLOAT, v, at, Lanes.ORDER, tail);
    FloatVector w = FloatVector.fromMemorySegment(Lanes.FLOAT, param, at, Lanes.ORDER, tail);
    FloatVector m1 = mean(g, m0, f);
    FloatVector v1 = square(g, v0, f);
    m1.intoMemorySegment(m, at, Lanes.ORDER, tail);
    v1.intoMemorySegment(v, at, Lanes.ORDER, tail);
    moved(w, m1, v1, f).intoMemorySegment(param, at, Lanes.ORDER, tail);
  }

  private static FloatVector mean(FloatVector g, FloatVector m, Factors f) {
    return g.sub(m).fma(FloatVector.broadcast(Lanes.FLOAT, f.gain1), m);
  }

  private static FloatVector square(FloatVector g, FloatVector v, Factors f) {
    return g.mul(g).fma(FloatVector.broadcast(Lanes.FLOAT, f.gain2), v.mul(f.beta2));
  }

  private static FloatVector moved(FloatVector w, FloatVector m, FloatVector v, Factors f) {
    FloatVector denominator = v.lanewise(VectorOperators.SQRT).mul(f.scale).add(f.epsilon);
    return w.mul(f.shrink).sub(m.mul(f.rate).div(denominator));
  }
}
