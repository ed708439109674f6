package org.lapidary.nn;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.Tensor;

/**
 * Rotary position embedding (Su et al., 2021, arXiv 2104.09864) in the half-split layout of Hugging
 * Face: dimension i turns with dimension i + n/2 by the angle position * frequency_i.
 *
 * @param theta the base: frequency_i = theta^(-2i/n)
 * @param dims the number n of leading dimensions of a head that turn; the others stay
 * @param scaling how frequencies are stretched for long contexts, or null
 */
public record Rope(double theta, int dims, @Nullable Scaling scaling) {

  /** Frequency scaling for longer contexts. */
  public sealed interface Scaling {}

  /** All frequencies divided by {@code factor}. */
  public record LinearScaling(double factor) implements Scaling {}

  /**
   * Llama 3.1: long wavelengths are divided by {@code factor}, short ones kept, those between
   * blended.
   */
  public record Llama3Scaling(
      double factor, double lowFrequencyFactor, double highFrequencyFactor, double originalContext)
      implements Scaling {}

  private record Tables(Tensor cos, Tensor sin, long length) {}

  private static final Map<Rope, Tables> CACHE = new ConcurrentHashMap<>();

  public Rope {
    if (dims < 2 || dims % 2 != 0) {
      throw new IllegalArgumentException("rotary dimensions come in pairs, was " + dims);
    }
  }

  /** The n/2 angular frequencies. */
  public double[] frequencies() {
    double[] f = new double[dims / 2];
    for (int i = 0; i < f.length; i++) {
      double frequency = Math.pow(theta, -2.0 * i / dims);
      f[i] =
          switch (scaling) {
            case null -> frequency;
            case LinearScaling s -> frequency / s.factor();
            case Llama3Scaling s -> llama3(frequency, s);
          };
    }
    return f;
  }

  private static double llama3(double frequency, Llama3Scaling s) {
    double wavelength = 2 * Math.PI / frequency;
    if (wavelength < s.originalContext() / s.highFrequencyFactor()) {
      return frequency;
    }
    if (wavelength > s.originalContext() / s.lowFrequencyFactor()) {
      return frequency / s.factor();
    }
    double smooth =
        (s.originalContext() / wavelength - s.lowFrequencyFactor())
            / (s.highFrequencyFactor() - s.lowFrequencyFactor());
    return (1 - smooth) * frequency / s.factor() + smooth * frequency;
  }

  /**
   * Turns queries or keys.
   *
   * @param x [batch, position, head, dHead]
   * @param first the position of x's first token
   */
  public Tensor rotate(Tensor x, long first) {
    long length = x.size(1);
    Tables tables = tables(first + length);
    Tensor cos = tables.cos.slice(0, first, first + length);
    Tensor sin = tables.sin.slice(0, first, first + length);
    long half = dims / 2;
    boolean partial = x.size(-1) > dims;
    Tensor turning = partial ? x.slice(-1, 0, dims) : x;
    Tensor swapped = Tensor.concat(-1, turning.slice(-1, half, dims), turning.slice(-1, 0, half));
    Tensor turned = turning.mul(cos).add(swapped.mul(sin));
    return partial ? Tensor.concat(-1, turned, x.slice(-1, dims, x.size(-1))) : turned;
  }

  /** cos and sin as [position, 1, n]; the sine's first half carries the sign of the rotation. */
  private Tables tables(long length) {
    Tables known = CACHE.get(this);
    if (known != null && known.length >= length) {
      return known;
    }
    int n = Math.toIntExact(Math.max(64, Long.highestOneBit(length - 1) * 2));
    double[] f = frequencies();
    float[] cos = new float[n * dims];
    float[] sin = new float[n * dims];
    for (int p = 0; p < n; p++) {
      for (int i = 0; i < f.length; i++) {
        double angle = p * f[i];
        int at = p * dims + i;
        cos[at] = cos[at + f.length] = (float) Math.cos(angle);
        sin[at] = (float) -Math.sin(angle);
        sin[at + f.length] = (float) Math.sin(angle);
      }
    }
    Tables made =
        new Tables(Tensor.of(cos, n, 1, dims).unscoped(), Tensor.of(sin, n, 1, dims).unscoped(), n);
    CACHE.put(this, made);
    return made;
  }
}
