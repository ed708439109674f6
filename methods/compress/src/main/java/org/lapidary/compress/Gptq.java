package org.lapidary.compress;

import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Error-compensated rounding (Frantar et al., 2023, arXiv 2210.17323), with pruned weights as codes
 * of zero (as in SparseGPT, arXiv 2301.00774): columns are rounded one after another, and the error
 * of each is made up for by the columns to come, in the metric of H = E[x x^T].
 *
 * <p>With U the upper Cholesky factor of H^-1: e_j = (w_j - q_j) / U_jj, then w_k -= e_j U_jk for k
 * &gt; j. Costs O(out * in^2).
 */
public final class Gptq {
  private Gptq() {}

  private static final int BLOCK = 128;

  /**
   * Rounds a matrix.
   *
   * @param weight [out, in]
   * @param inputs what it reads
   * @param mask BOOL [out, in], true where kept; null keeps all
   * @param bits 2 to 8
   * @param group inputs that share a scale
   */
  public static Quantized round(
      Tensor weight, InputStatistics inputs, @Nullable Tensor mask, int bits, int group) {
    int out = Math.toIntExact(weight.size(0));
    int in = Math.toIntExact(weight.size(1));
    int low = Quantized.lowest(bits);
    int high = Quantized.highest(bits);
    try (Scope scope = Scope.open()) {
      double[] u = factor(inputs).toDoubles();
      double[] w = weight.detach().to(DType.FLOAT64).toDoubles();
      boolean[] keep = mask == null ? null : mask.toBooleans();
      int groups = (in + group - 1) / group;
      byte[] codes = new byte[out * in];
      float[] scales = new float[out * groups];
      for (int from = 0; from < in; from += BLOCK) {
        int to = Math.min(in, from + BLOCK);
        double[] errors = new double[out * (to - from)];
        for (int j = from; j < to; j++) {
          if (j % group == 0) {
            fitGroup(w, keep, scales, j, Math.min(in, j + group), out, in, groups, bits, group);
          }
          double diagonal = u[j * in + j];
          for (int r = 0; r < out; r++) {
            int at = r * in + j;
            double scale = scales[r * groups + j / group];
            boolean kept = keep == null || keep[at];
            int code = kept ? (int) Math.max(low, Math.min(high, Math.rint(w[at] / scale))) : 0;
            codes[at] = (byte) code;
            double error = (w[at] - code * scale) / diagonal;
            errors[r * (to - from) + j - from] = error;
            for (int k = j; k < to; k++) {
              w[r * in + k] -= error * u[j * in + k];
            }
          }
        }
        spread(w, errors, u, from, to, out, in);
      }
      Tensor codeTensor =
          Tensor.from(java.lang.foreign.MemorySegment.ofArray(codes), DType.INT8, out, in);
      return new Quantized(
          scope.keep(codeTensor), scope.keep(Tensor.of(scales, out, groups)), bits, group);
    }
  }

  /** Columns after a block take the block's errors all at once. */
  private static void spread(
      double[] w, double[] errors, double[] u, int from, int to, int out, int in) {
    if (to == in) {
      return;
    }
    try (Scope scope = Scope.open()) {
      double[] part = new double[(to - from) * (in - to)];
      for (int j = from; j < to; j++) {
        System.arraycopy(u, j * in + to, part, (j - from) * (in - to), in - to);
      }
      double[] delta =
          Tensor.of(errors, out, to - from).matmul(Tensor.of(part, to - from, in - to)).toDoubles();
      for (int r = 0; r < out; r++) {
        for (int k = to; k < in; k++) {
          w[r * in + k] -= delta[r * (in - to) + k - to];
        }
      }
    }
  }

  /** Scales of the group [from, to), from the weights as they stand, pruned ones left out. */
  private static void fitGroup(
      double[] w,
      boolean @Nullable [] keep,
      float[] scales,
      int from,
      int to,
      int out,
      int in,
      int groups,
      int bits,
      int group) {
    float[] part = new float[out * (to - from)];
    for (int r = 0; r < out; r++) {
      for (int j = from; j < to; j++) {
        boolean kept = keep == null || keep[r * in + j];
        part[r * (to - from) + j - from] = kept ? (float) w[r * in + j] : 0;
      }
    }
    try (Scope scope = Scope.open()) {
      float[] fitted =
          Quantized.fit(Tensor.of(part, out, to - from), bits, Math.max(1, to - from)).toFloats();
      for (int r = 0; r < out; r++) {
        scales[r * groups + from / group] = fitted[r];
      }
    }
  }

  /** The upper Cholesky factor of the inverse of the damped H, float64 [in, in]. */
  private static Tensor factor(InputStatistics inputs) {
    return Linalg.choleskyUpper(Linalg.inverse(Scores.damped(inputs.meanGram())));
  }

  /**
   * Prunes without rounding: dropped weights become zero and the others make up for it.
   *
   * @return float32 [out, in]
   */
  public static Tensor compensate(Tensor weight, InputStatistics inputs, Tensor mask) {
    int out = Math.toIntExact(weight.size(0));
    int in = Math.toIntExact(weight.size(1));
    try (Scope scope = Scope.open()) {
      double[] u = factor(inputs).toDoubles();
      double[] w = weight.detach().to(DType.FLOAT64).toDoubles();
      boolean[] keep = mask.toBooleans();
      for (int from = 0; from < in; from += BLOCK) {
        int to = Math.min(in, from + BLOCK);
        double[] errors = new double[out * (to - from)];
        for (int j = from; j < to; j++) {
          for (int r = 0; r < out; r++) {
            int at = r * in + j;
            if (keep[at]) {
              continue;
            }
            double error = w[at] / u[j * in + j];
            errors[r * (to - from) + j - from] = error;
            for (int k = j; k < to; k++) {
              w[r * in + k] -= error * u[j * in + k];
            }
            w[at] = 0;
          }
        }
        spread(w, errors, u, from, to, out, in);
      }
      return scope.keep(Tensor.of(w, out, in).to(DType.FLOAT32));
    }
  }
}
