package org.lapidary.interpret.utilityduality;

import java.util.Arrays;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/**
 * Sequences whose distribution is known: 4 tokens of a vocabulary of 50, then 10 that copy them in
 * a fixed order; at two places of the copy there are two choices, with probabilities 0.7 and 0.3.
 */
final class CopyTask {
  static final int VOCAB = 50;
  static final int IN = 4;
  static final int OUT = 10;
  static final double LIKELIER = 0.7;

  private static final int[] COPIED = {2, 0, 3, 1, 1, 2, 0, 3, 0, 2};
  private static final int[] OTHER = {-1, -1, 0, -1, -1, -1, 3, -1, -1, -1};

  private CopyTask() {}

  /** Sequences [n][IN + OUT]; the inputs, and one of the outputs that are right for them. */
  static int[][] draw(int n, Rng rng) {
    int[][] all = new int[n][IN + OUT];
    for (int[] s : all) {
      for (int i = 0; i < IN; i++) {
        s[i] = rng.nextInt(VOCAB);
      }
      for (int t = 0; t < OUT; t++) {
        boolean likelier = OTHER[t] < 0 || rng.nextDouble() < LIKELIER;
        s[IN + t] = s[likelier ? COPIED[t] : OTHER[t]];
      }
    }
    return all;
  }

  /** P_true(y_t | input) of all tokens. */
  static double[] truth(int[] sequence, int t) {
    double[] p = new double[VOCAB];
    p[sequence[COPIED[t]]] += OTHER[t] < 0 ? 1 : LIKELIER;
    if (OTHER[t] >= 0) {
      p[sequence[OTHER[t]]] += 1 - LIKELIER;
    }
    return p;
  }

  /** Whether all outputs are possible. */
  static boolean valid(int[] sequence) {
    for (int t = 0; t < OUT; t++) {
      if (truth(sequence, t)[sequence[IN + t]] == 0) {
        return false;
      }
    }
    return true;
  }

  /** As token ids, INT64 [n, length]. */
  static Tensor ids(int[][] sequences, int length) {
    long[] flat =
        Arrays.stream(sequences)
            .flatMapToInt(s -> Arrays.stream(s, 0, length))
            .asLongStream()
            .toArray();
    return Tensor.of(flat, sequences.length, length);
  }
}
