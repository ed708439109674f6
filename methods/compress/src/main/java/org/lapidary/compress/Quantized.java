package org.lapidary.compress;

import org.lapidary.kernels.PackedMatrix;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * A matrix in whole numbers: w_ij = code_ij * scale_i,g(j), with one scale for each row and group
 * of neighbouring inputs.
 *
 * @param codes INT8 [out, in] in [-2^(bits-1), 2^(bits-1) - 1]
 * @param scales float32 [out, groups]
 * @param bits of a code, 2 to 8
 * @param group inputs that share a scale; the last group may be shorter
 */
public record Quantized(Tensor codes, Tensor scales, int bits, int group) {

  /** The scale grid that {@link #fit} searches: shares of the largest absolute weight. */
  private static final double[] SHRINK = {1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5};

  /** The smallest and largest code of a width. */
  public static int lowest(int bits) {
    checkBits(bits);
    return -(1 << (bits - 1));
  }

  public static int highest(int bits) {
    checkBits(bits);
    return (1 << (bits - 1)) - 1;
  }

  private static void checkBits(int bits) {
    if (bits < 2 || bits > 8) {
      throw new IllegalArgumentException("codes have 2 to 8 bits, was " + bits);
    }
  }

  /** Rounds every weight to the nearest multiple of its group's scale. */
  public static Quantized roundToNearest(Tensor weight, int bits, int group) {
    try (Scope scope = Scope.open()) {
      Tensor scales = fit(weight, bits, group);
      Tensor codes = codes(weight, scales, bits, group);
      scope.keep(scales);
      return new Quantized(scope.keep(codes), scales, bits, group);
    }
  }

  /**
   * The scale of each row and group with the least squared rounding error, among shares of the one
   * that reaches the largest weight.
   *
   * @param weight [out, in]
   * @return float32 [out, groups]
   */
  public static Tensor fit(Tensor weight, int bits, int group) {
    int high = highest(bits);
    int low = lowest(bits);
    try (Scope scope = Scope.open()) {
      Tensor w = grouped(weight.detach().to(DType.FLOAT32), group);
      // Reaches the largest weight on either side: the negative side has one code more.
      Tensor reach = w.max(true, 2).div(high).maximum(w.min(true, 2).div(low)).maximum(1e-12);
      Tensor best = reach;
      Tensor least = null;
      for (double share : SHRINK) {
        Tensor scale = reach.mul(share);
        Tensor error =
            w.div(scale).round().clamp(low, high).mul(scale).sub(w).square().sum(true, 2);
        if (least == null) {
          least = error;
          best = scale;
        } else {
          Tensor better = error.lt(least);
          best = Tensor.where(better, scale, best);
          least = Tensor.where(better, error, least);
        }
      }
      return scope.keep(best.squeeze(2).contiguous());
    }
  }

  /** Codes of the nearest multiples, INT8 [out, in]. */
  static Tensor codes(Tensor weight, Tensor scales, int bits, int group) {
    Tensor w = grouped(weight.detach().to(DType.FLOAT32), group);
    Tensor rounded = w.div(scales.unsqueeze(2)).round().clamp(lowest(bits), highest(bits));
    return ungrouped(rounded, weight.size(1)).to(DType.INT8).contiguous();
  }

  /** [out, in] as [out, groups, group], padded with zeros. */
  static Tensor grouped(Tensor w, int group) {
    if (group < 1) {
      throw new IllegalArgumentException("a group has at least one weight, was " + group);
    }
    long in = w.size(1);
    long groups = (in + group - 1) / group;
    Tensor padded = in == groups * group ? w : w.pad(1, 0, groups * group - in, 0);
    return padded.reshape(w.size(0), groups, group);
  }

  static Tensor ungrouped(Tensor w, long in) {
    Tensor flat = w.reshape(w.size(0), -1);
    return flat.size(1) == in ? flat : flat.slice(1, 0, in);
  }

  /** The matrix that the codes stand for, float32 [out, in]. */
  public Tensor dequantize() {
    try (Scope scope = Scope.open()) {
      Tensor values = grouped(codes.to(DType.FLOAT32), group).mul(scales.unsqueeze(2));
      return scope.keep(ungrouped(values, codes.size(1)).contiguous());
    }
  }

  /** Bits a weight costs, the scale (as float16) included. */
  public double bitsPerWeight() {
    return bits + 16.0 * scales.elements() / codes.elements();
  }

  /** For a kernel. */
  public PackedMatrix pack(PackedMatrix.Pattern pattern) {
    return PackedMatrix.quantized(
        codes.toBytes(),
        scales.toFloats(),
        bits,
        group,
        Math.toIntExact(codes.size(0)),
        Math.toIntExact(codes.size(1)),
        pattern);
  }
}
