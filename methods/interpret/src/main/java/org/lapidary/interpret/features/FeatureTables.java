package org.lapidary.interpret.features;

import java.util.Arrays;

/**
 * What is counted while texts pass by: for each feature how often and how strongly it fires, and
 * its strongest places. Its size goes with the number of features and not with the texts.
 *
 * <p>Histograms have bins of a power of two, the least with which all activations so far fit into
 * {@link #BINS} of them; where a larger one comes, pairs of bins become one. So what is counted
 * does not depend on the order of the texts.
 */
final class FeatureTables {
  static final int BINS = 32;

  /** The exponent of the number of bins. */
  private static final int BINS_LOG2 = 5;

  final int features;

  /** Places kept for each feature, from as many texts. */
  final int contexts;

  /** Tokens kept of a place. */
  final int width;

  final long[] firing;
  final double[] sum;
  final float[] max;
  final float[] binWidth;
  final long[] histogram;

  // [features, contexts], the strongest first; text -1 where there is none
  final int[] text;
  final int[] position;
  final int[] first;
  final int[] peakToken;
  final float[] peak;

  // [features, contexts, width]; token -1 after the last
  final int[] tokens;
  final float[] activations;

  /**
   * @throws IllegalArgumentException if they do not fit into arrays
   */
  FeatureTables(int features, int contexts, int width) {
    this.features = features;
    this.contexts = contexts;
    this.width = width;
    long cells = (long) features * contexts * width;
    if (cells > Integer.MAX_VALUE / Float.BYTES || (long) features * BINS > 1 << 27) {
      throw new IllegalArgumentException(
          "%d features with %d contexts of %d tokens each are too many for one index; keep fewer or shorter contexts"
              .formatted(features, contexts, width));
    }
    firing = new long[features];
    sum = new double[features];
    max = new float[features];
    binWidth = new float[features];
    histogram = new long[features * BINS];
    text = filled(features * contexts);
    position = new int[features * contexts];
    first = new int[features * contexts];
    peakToken = filled(features * contexts);
    peak = new float[features * contexts];
    tokens = filled((int) cells);
    activations = new float[(int) cells];
  }

  private static int[] filled(int length) {
    int[] none = new int[length];
    Arrays.fill(none, -1);
    return none;
  }

  /** Adds one text: its ids, and what fired on it. */
  void add(int number, int[] ids, FiredText fired) {
    for (int f = fired.nextFeature(0); f < features; f = fired.nextFeature(f + 1)) {
      int from = fired.start(f);
      int to = fired.start(f + 1);
      int top = from;
      for (int i = from; i < to; i++) {
        float value = fired.value(i);
        count(f, value);
        if (value > fired.value(top)) {
          top = i;
        }
      }
      place(f, number, ids, fired, from, to, top);
    }
  }

  private void count(int f, float value) {
    firing[f]++;
    sum[f] += value;
    max[f] = Math.max(max[f], value);
    if (binWidth[f] == 0) {
      binWidth[f] = Math.scalb(1f, Math.getExponent(value) + 1 - BINS_LOG2);
    }
    while (value >= BINS * binWidth[f]) {
      binWidth[f] *= 2;
      int base = f * BINS;
      for (int b = 0; b < BINS / 2; b++) {
        histogram[base + b] = histogram[base + 2 * b] + histogram[base + 2 * b + 1];
      }
      Arrays.fill(histogram, base + BINS / 2, base + BINS, 0);
    }
    histogram[f * BINS + (int) (value / binWidth[f])]++;
  }

  /** Keeps a place among the strongest; of two that are equal the earlier comes first. */
  private void place(int f, int number, int[] ids, FiredText fired, int from, int to, int top) {
    int base = f * contexts;
    float value = fired.value(top);
    int slot = contexts;
    while (slot > 0 && (text[base + slot - 1] < 0 || peak[base + slot - 1] < value)) {
      slot--;
    }
    if (slot == contexts) {
      return;
    }
    int at = base + slot;
    int moved = contexts - 1 - slot;
    for (int[] column : new int[][] {text, position, first, peakToken}) {
      System.arraycopy(column, at, column, at + 1, moved);
    }
    System.arraycopy(peak, at, peak, at + 1, moved);
    int cell = at * width;
    System.arraycopy(tokens, cell, tokens, cell + width, moved * width);
    System.arraycopy(activations, cell, activations, cell + width, moved * width);
    int around = width / 2;
    int begin = Math.max(0, fired.position(top) - around);
    int end = Math.min(ids.length, fired.position(top) + around + 1);
    text[at] = number;
    position[at] = fired.position(top);
    first[at] = begin;
    peakToken[at] = ids[fired.position(top)];
    peak[at] = value;
    Arrays.fill(tokens, cell, cell + width, -1);
    Arrays.fill(activations, cell, cell + width, 0);
    System.arraycopy(ids, begin, tokens, cell, end - begin);
    for (int i = from; i < to; i++) {
      int p = fired.position(i);
      if (p >= begin && p < end) {
        activations[cell + p - begin] = fired.value(i);
      }
    }
  }
}
