package org.lapidary.interpret.features;

import java.util.Arrays;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * For each feature those whose directions have the largest cosine with its own.
 *
 * @param each how many for one
 * @param feature [features, each], -1 where there is none
 * @param cosine the same
 */
record Neighbours(int each, int[] feature, float[] cosine) {
  /** Values of a table of cosines that are there at once. */
  private static final long MOST_VALUES = 1 << 23;

  /** Among the features that are alive; the others have none. */
  static Neighbours of(Dictionary dictionary, long[] alive, int most) {
    int n = alive.length;
    int each = Math.clamp(n - 1L, 0, most);
    int[] features = new int[dictionary.features() * each];
    float[] cosines = new float[features.length];
    Arrays.fill(features, -1);
    if (each == 0) {
      return new Neighbours(each, features, cosines);
    }
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor rows =
          dictionary.decoder().to(DType.FLOAT32).indexSelect(0, Tensor.of(alive, alive.length));
      Tensor unit = rows.div(rows.norm(true, 1).clamp(1e-20, Float.MAX_VALUE));
      int together = (int) Math.max(1, MOST_VALUES / n);
      for (int from = 0; from < n; from += together) {
        int to = Math.min(n, from + together);
        try (Scope inner = Scope.open()) {
          Tensor.Indexed top = unit.slice(0, from, to).linear(unit, null).topk(each + 1, 1);
          long[] at = top.indices().toLongs();
          float[] values = top.values().toFloats();
          for (int row = from; row < to; row++) {
            int place = (int) alive[row] * each;
            int last = place + each;
            for (int k = 0; k <= each && place < last; k++) {
              int i = (row - from) * (each + 1) + k;
              if (at[i] != row) {
                features[place] = (int) alive[(int) at[i]];
                cosines[place++] = values[i];
              }
            }
          }
        }
      }
    }
    return new Neighbours(each, features, cosines);
  }
}
