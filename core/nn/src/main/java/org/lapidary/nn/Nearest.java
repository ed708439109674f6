package org.lapidary.nn;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** The known names most like one that was not found. */
public final class Nearest {
  private Nearest() {}

  /** The nearest names by edit distance, nearest first. */
  public static List<String> names(String wanted, Collection<String> known, int count) {
    return known.stream()
        .distinct()
        .sorted(Comparator.comparingInt((String k) -> distance(wanted, k)).thenComparing(k -> k))
        .limit(count)
        .toList();
  }

  /** Levenshtein's distance: insertions, deletions and substitutions of one character. */
  static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int above = row[j];
        int cost = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        row[j] = Math.min(Math.min(row[j] + 1, row[j - 1] + 1), diagonal + cost);
        diagonal = above;
      }
    }
    return row[b.length()];
  }
}
