package org.lapidary.interpret.discretesae;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * A code per prompt and head: the feature of a dictionary that is most active on what the head
 * wrote, {@link #NONE} where none is.
 *
 * @param codes [prompt][head]
 */
public record HeadCodes(int[][] codes) {
  /** No feature is active. */
  public static final int NONE = -1;

  public HeadCodes {
    if (codes.length == 0 || Arrays.stream(codes).anyMatch(r -> r.length != codes[0].length)) {
      throw new IllegalArgumentException(
          "codes need at least one prompt and equally many heads in each");
    }
  }

  /**
   * Codes of head outputs.
   *
   * @param outputs [prompt, head, dModel]
   */
  public static HeadCodes of(Dictionary dictionary, Tensor outputs) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor z = dictionary.encode(outputs);
      return largest(z);
    }
  }

  /** The index of the largest number of each row that is above 0; values [prompt, head, n]. */
  static HeadCodes largest(Tensor values) {
    try (Scope scope = Scope.open()) {
      int prompts = (int) values.size(0);
      int heads = (int) values.size(1);
      long[] best = values.argmax(-1).toLongs();
      double[] size = values.max(false, -1).toDoubles();
      int[][] codes = new int[prompts][heads];
      for (int p = 0; p < prompts; p++) {
        for (int h = 0; h < heads; h++) {
          int at = p * heads + h;
          codes[p][h] = size[at] > 0 ? (int) best[at] : NONE;
        }
      }
      return new HeadCodes(codes);
    }
  }

  /** How many heads. */
  public int heads() {
    return codes[0].length;
  }

  private Set<Long> used(int first, int second) {
    Set<Long> set = new HashSet<>();
    for (int[] row : codes) {
      set.add(key(row, first, second));
    }
    return set;
  }

  private static long key(int[] row, int first, int second) {
    return second < 0 ? row[first] : ((long) row[first] << 32) ^ (row[second] & 0xffffffffL);
  }

  /**
   * For each head, |U+ \ U-| / |U+ u U-|, where U+ and U- are the codes it has on these prompts and
   * on the negative ones.
   */
  public double[] shareOfCodes(HeadCodes negative) {
    check(negative);
    double[] scores = new double[heads()];
    for (int h = 0; h < scores.length; h++) {
      Set<Long> either = used(h, -1);
      either.addAll(negative.used(h, -1));
      Set<Long> only = used(h, -1);
      only.removeAll(negative.used(h, -1));
      scores[h] = (double) only.size() / either.size();
    }
    return scores;
  }

  /** For each head, the share of these prompts whose code it never has on the negative ones. */
  public double[] shareOfPrompts(HeadCodes negative) {
    check(negative);
    double[] scores = new double[heads()];
    for (int h = 0; h < scores.length; h++) {
      scores[h] = shareOfPrompts(negative, h, -1);
    }
    return scores;
  }

  /**
   * For each pair of heads of different layers, the share of these prompts whose pair of codes
   * never stands together on the negative ones; 0 for other pairs.
   *
   * @param perLayer heads of a layer; head h belongs to layer h / perLayer
   * @return [earlier head][later head]
   */
  public double[][] pairs(HeadCodes negative, int perLayer) {
    check(negative);
    double[][] scores = new double[heads()][heads()];
    for (int a = 0; a < heads(); a++) {
      for (int b = (a / perLayer + 1) * perLayer; b < heads(); b++) {
        scores[a][b] = shareOfPrompts(negative, a, b);
      }
    }
    return scores;
  }

  private double shareOfPrompts(HeadCodes negative, int first, int second) {
    Set<Long> there = negative.used(first, second);
    int only = 0;
    for (int[] row : codes) {
      only += there.contains(key(row, first, second)) ? 0 : 1;
    }
    return (double) only / codes.length;
  }

  private void check(HeadCodes other) {
    if (other.heads() != heads()) {
      throw new IllegalArgumentException(
          "codes of %d heads cannot be compared with codes of %d"
              .formatted(heads(), other.heads()));
    }
  }
}
