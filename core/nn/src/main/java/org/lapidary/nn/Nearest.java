package org.lapidary.nn;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToIntFunction;

/** The real names that a mistyped one may have meant. */
public final class Nearest {
  private Nearest() {}

  /** So many names, the nearest first, however far they are. */
  public static List<String> names(String typed, Collection<String> names, int count) {
    return names.stream()
        .distinct()
        .sorted(Comparator.comparingInt((String n) -> edits(typed, n)).thenComparing(n -> n))
        .limit(count)
        .toList();
  }

  /** The nearest names, at most three that are equally near; empty where none is near. */
  public static List<String> to(String typed, Collection<String> names) {
    String word = typed.toLowerCase(Locale.ROOT);
    ToIntFunction<String> score = name -> score(word, name.toLowerCase(Locale.ROOT));
    int best = names.stream().mapToInt(score).min().orElse(Integer.MAX_VALUE);
    if (best > Math.max(2, word.length() / 3)) {
      return List.of();
    }
    return names.stream().filter(n -> score.applyAsInt(n) == best).sorted().limit(3).toList();
  }

  /** {@code there is no area 'interprt'; did you mean interpret?} */
  public static String sentence(String what, String typed, Collection<String> names) {
    List<String> near = to(typed, names);
    String rest =
        !near.isEmpty()
            ? "; did you mean " + String.join(" or ", near) + "?"
            : names.size() <= 12 ? "; there are: " + String.join(", ", names) : "";
    return "there is no %s '%s'%s".formatted(what, typed, rest);
  }

  /** Edits between the two, or 1 where the typed word is a part of the name. */
  private static int score(String typed, String name) {
    int edits = edits(typed, name);
    boolean part = typed.length() >= 3 && name.contains(typed);
    return part ? Math.min(edits, 1) : edits;
  }

  /**
   * Insertions, deletions, replacements and swaps of neighbours that turn one word into the other
   * (optimal string alignment).
   */
  static int edits(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        boolean same = a.charAt(i - 1) == b.charAt(j - 1);
        d[i][j] =
            Math.min(d[i - 1][j - 1] + (same ? 0 : 1), Math.min(d[i - 1][j], d[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
