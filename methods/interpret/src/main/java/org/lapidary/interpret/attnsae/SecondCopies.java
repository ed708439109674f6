package org.lapidary.interpret.attnsae;

import org.lapidary.interpret.dictionary.ActivationBuffer;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.tasks.RepeatedSequences.Repeated;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * How the features of a layer tell the second copy of a prefix from the first. The same tokens
 * stand in both, so a feature is judged on the tokens on which it fires in either.
 *
 * @param auc for each feature, the chance that it is more active on a token of the second copy than
 *     on one of the first; NaN where it fires on too few
 * @param mass the share of its positive attribution, on the second copy where it tells that one, on
 *     the first where it tells that, which comes from the token after the last copy of the current
 *     one; on the second copy only where that is the only one
 */
record SecondCopies(double[] auc, double[] mass) {
  private static final int FEWEST = 10;

  /**
   * Measures.
   *
   * @param sequences whose prefix is exactly half of them
   */
  static SecondCopies of(Model model, int layer, Dictionary dictionary, Repeated[] sequences) {
    int length = sequences[0].tokens().length;
    int half = length / 2;
    int n = dictionary.features();
    int heads = model.decoder().config().heads();
    int[][] texts = new int[sequences.length][];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = sequences[i].tokens();
      if (sequences[i].prefix() != half || texts[i].length != 2 * half) {
        throw new IllegalArgumentException(
            "two copies of half the length are compared; the prefix of sequence %d is %d of %d"
                .formatted(i, sequences[i].prefix(), texts[i].length));
      }
    }
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      String site = dictionary.inputSite();
      Tensor x = ActivationBuffer.harvest(model, site, site, texts).input();
      Tensor f = dictionary.encode(x).reshape(texts.length, length, n);
      Tensor first = f.slice(1, 1, half);
      Tensor second = f.slice(1, half + 1, length);
      float[] a = first.reshape(-1, n).t().contiguous().toFloats();
      float[] b = second.reshape(-1, n).t().contiguous().toFloats();
      int pairs = a.length / n;
      double[] auc = new double[n];
      for (int i = 0; i < n; i++) {
        auc[i] = auc(a, b, i * pairs, pairs);
      }
      double[] positive = new double[n];
      double[] onSource = new double[n];
      float[] active = f.toFloats();
      for (int q = 0; q < texts.length; q++) {
        try (Scope inner = Scope.open()) {
          Attribution attribution = new Attribution(model, layer, dictionary, texts[q]);
          for (int t = 1; t < length; t++) {
            boolean again = t >= half;
            if (again && copies(texts[q], t) > 1) {
              continue; // the token stands twice in the prefix, and either may be the one copied
            }
            int source = again ? sequences[q].source(t) : earlier(texts[q], t);
            try (Scope step = Scope.open()) {
              Tensor terms = attribution.terms(t).maximum(0).to(DType.FLOAT64);
              double[] sums = terms.sum(false, 1, 2).toDoubles();
              double[] there =
                  source < 0
                      ? new double[n]
                      : terms.select(2, source).reshape(n, heads).sum(false, 1).toDoubles();
              for (int i = 0; i < n; i++) {
                if (active[(q * length + t) * n + i] > 0 && again == auc[i] > 0.5) {
                  positive[i] += sums[i];
                  onSource[i] += there[i];
                }
              }
            }
          }
        }
      }
      double[] mass = new double[n];
      for (int i = 0; i < n; i++) {
        mass[i] = onSource[i] / positive[i];
      }
      return new SecondCopies(auc, mass);
    }
  }

  /** How often the token stands before. */
  private static int copies(int[] text, int t) {
    int copies = 0;
    for (int s = 0; s < t; s++) {
      copies += text[s] == text[t] ? 1 : 0;
    }
    return copies;
  }

  /** The position after the last earlier copy of the token, -1 if there is none. */
  private static int earlier(int[] text, int t) {
    for (int s = t - 1; s >= 0; s--) {
      if (text[s] == text[t]) {
        return s + 1;
      }
    }
    return -1;
  }

  /** Over the pairs of places at which either value is above 0. */
  private static double auc(float[] a, float[] b, int from, int pairs) {
    float[] first = new float[pairs];
    float[] second = new float[pairs];
    int count = 0;
    for (int p = from; p < from + pairs; p++) {
      if (a[p] > 0 || b[p] > 0) {
        first[count] = a[p];
        second[count++] = b[p];
      }
    }
    if (count < FEWEST) {
      return Double.NaN;
    }
    first = java.util.Arrays.copyOf(first, count);
    second = java.util.Arrays.copyOf(second, count);
    java.util.Arrays.sort(first);
    double wins = 0;
    for (float value : second) {
      wins += below(first, value, false) + below(first, value, true);
    }
    return wins / 2 / count / count;
  }

  private static int below(float[] sorted, float value, boolean orEqual) {
    int low = 0;
    int high = sorted.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sorted[middle] < value || (orEqual && sorted[middle] == value)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
