package org.lapidary.compress.gradual;

import java.util.Collection;
import java.util.List;
import org.lapidary.tensor.Tensor;

/**
 * The size of pruned weights of four bytes each (section 5): those kept, and where they stand.
 *
 * @param weights dropped ones included
 * @param kept non-zeros
 * @param gaps dropped weights before each kept one, over all tensors in row-major order
 */
public record SparseSize(long weights, long kept, List<Long> gaps) {
  private static final int FLOAT_BYTES = 4;

  /** Of masks, true where kept. */
  public static SparseSize of(Collection<Tensor> masks) {
    List<Long> gaps = new java.util.ArrayList<>();
    long weights = 0;
    long gap = 0;
    for (Tensor mask : masks) {
      for (boolean kept : mask.toBooleans()) {
        weights++;
        if (kept) {
          gaps.add(gap);
          gap = 0;
        } else {
          gap++;
        }
      }
    }
    return new SparseSize(weights, gaps.size(), gaps);
  }

  /** The share of dropped weights. */
  public double sparsity() {
    return 1 - (double) kept / weights;
  }

  /** Without pruning: 4 bytes a weight. */
  public long denseBytes() {
    return FLOAT_BYTES * weights;
  }

  /** With one bit for every weight that says whether it is there. */
  public long bitMaskBytes() {
    return FLOAT_BYTES * kept + Math.ceilDiv(weights, 8);
  }

  /**
   * With the distance from the kept weight before, in so many bits; where a gap does not fit, a
   * zero is stored in between.
   *
   * @param bits of a distance; 4 or 5 are customary
   */
  public long relativeIndexBytes(int bits) {
    if (bits < 1 || bits > 31) {
      throw new IllegalArgumentException("a distance has 1 to 31 bits, was " + bits);
    }
    long reach = 1L << bits; // gaps of 0 to reach - 1
    long entries = kept;
    for (long gap : gaps) {
      entries += gap / reach;
    }
    return Math.ceilDiv(entries * (8 * FLOAT_BYTES + bits), 8);
  }
}
