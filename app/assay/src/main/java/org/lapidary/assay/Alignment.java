package org.lapidary.assay;

import java.util.ArrayList;
import java.util.List;

/**
 * The longest common subsequence of two lists.
 *
 * @param pairs places of equal elements, {@code [in the first, in the second]}, in order
 * @param onlyFirst places in the first without a partner
 * @param onlySecond places in the second without a partner
 */
record Alignment(List<int[]> pairs, List<Integer> onlyFirst, List<Integer> onlySecond) {

  /** Aligns two lists; time and memory go with the product of their lengths. */
  static <T> Alignment of(List<T> a, List<T> b) {
    int[][] longest = new int[a.size() + 1][b.size() + 1];
    for (int i = a.size() - 1; i >= 0; i--) {
      for (int j = b.size() - 1; j >= 0; j--) {
        longest[i][j] =
            a.get(i).equals(b.get(j))
                ? longest[i + 1][j + 1] + 1
                : Math.max(longest[i + 1][j], longest[i][j + 1]);
      }
    }
    List<int[]> pairs = new ArrayList<>();
    List<Integer> onlyA = new ArrayList<>();
    List<Integer> onlyB = new ArrayList<>();
    int i = 0;
    int j = 0;
    while (i < a.size() && j < b.size()) {
      if (a.get(i).equals(b.get(j))) {
        pairs.add(new int[] {i++, j++});
      } else if (longest[i + 1][j] >= longest[i][j + 1]) {
        onlyA.add(i++);
      } else {
        onlyB.add(j++);
      }
    }
    for (; i < a.size(); i++) {
      onlyA.add(i);
    }
    for (; j < b.size(); j++) {
      onlyB.add(j);
    }
    return new Alignment(pairs, onlyA, onlyB);
  }
}
